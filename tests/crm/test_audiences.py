"""Who may be contacted, and that every path that hands out addresses asks."""

import ast
import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.admin import helpers
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.audiences import audience_csv, contactable, reach
from crm.models import Contact, ContactPoint
from tests.admin_clients import who_may
from tests.factories.crm import ConsentFactory, ContactFactory, EmailFactory

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

# Every module that writes files or CSV for people to take away, and what keeps unwilling people out of it.
HANDS_OUT = {
    "community/sources/error_file.py": "gives an import's own rows back",
    "crm/admin/audience.py": "streams what crm.audiences gives",
    "crm/audiences.py": "contactable",
    "crm/personal_data/export_file.py": "one person's own data, for that person",
    "crm/personal_data/exporting.py": "one person's own data, for that person",
    "metrics/management/commands/roi.py": "figures, without addresses",
}

# Every module that asks for addresses, and what becomes of them. Only crm.audiences gives those of many people away to
# be used. Whom colleagues look at on a page they may write to as well, so every such page needs the permission to see
# addresses, and the person's own page says aloud who wishes not to be contacted.
READS = {
    "community/newcomers.py": "writes what was typed",
    "community/sync/members.py": "asks whether there is any",
    "crm/admin/contact.py": "the list, for who may see addresses",
    "crm/admin/contact_parts.py": "the form, for who may see addresses",
    "crm/admin/correcting.py": "the form that corrects them, for who may see addresses",
    "crm/admin/duplicate.py": "two persons side by side, for who may see addresses",
    "crm/api/contacts.py": "the record, for a key with addresses:read, with the wish in it",
    "crm/audiences.py": "contactable",
    "crm/contact_page.py": "one person's page, for who may see addresses, with the wish above",
    "crm/corrections.py": "writes what was typed",
    "crm/duplicates/sources.py": "compares them",
    "crm/merging/preview.py": "two persons side by side, for who may see addresses",
    "crm/search_text.py": "what the search looks through",
    "crm/search.py": "tells people apart whom somebody looks for who may see addresses",
    "crm/sync/contact_parts.py": "writes what a client sent",
    "crm/timeline/sources.py": "one person's changes, for who may see addresses",
}


def people(*, purpose="newsletter", channel="email", now=NOW):
    found = contactable(Contact.objects.all(), purpose=purpose, channel=channel, now=now)
    return {contact.full_name: contact.address for contact in found}


def willing(name: str, **consent: object) -> Contact:
    contact = ContactFactory(full_name=name)
    EmailFactory(contact=contact, raw=f"{name.lower()}@example.com")
    ConsentFactory(contact=contact, **consent)
    return contact


@pytest.mark.django_db
def test_only_who_agreed_and_can_be_reached_is_contactable():
    willing("Ann")
    willing("Bob", channel="email")
    willing("Cas", channel="phone")
    willing("Dov", purpose="research")
    willing("Eve", withdrawn_at=NOW - DAY)
    willing("Fay", withdrawn_at=NOW + DAY)
    willing("Gus", granted_at=NOW + DAY)
    hal = willing("Hal")
    Contact.objects.filter(pk=hal.pk).update(do_not_contact=True)
    ConsentFactory(contact=ContactFactory(full_name="Ida"))

    assert people() == {"Ann": "ann@example.com", "Bob": "bob@example.com", "Fay": "fay@example.com"}
    found = reach(Contact.objects.all(), purpose="newsletter", channel="email", now=NOW)
    assert (found.chosen, found.do_not_contact, found.without_consent, found.without_address) == (9, 1, 4, 1)
    assert found.contactable == 3


@pytest.mark.django_db
def test_a_wish_and_a_consent_on_any_record_count_for_the_person():
    ann = ContactFactory(full_name="Ann")
    EmailFactory(contact=ann, raw="ann@example.com")
    merged = willing("Ann the second")
    Contact.objects.filter(pk=merged.pk).update(merged_into=ann)
    assert people() == {"Ann": "ann@example.com"}

    Contact.objects.filter(pk=merged.pk).update(do_not_contact=True)

    assert people() == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "withdrawn", "may"),
    [
        ({}, {}, False),
        ({"channel": "email"}, {}, False),
        ({}, {"channel": "email"}, False),
        ({}, {"channel": "phone"}, True),
        ({}, {"purpose": "research"}, True),
        ({"granted_at": NOW - DAY}, {}, True),
    ],
)
def test_a_withdrawal_on_any_record_takes_back_what_was_agreed_to_before(given, withdrawn, may):
    """Agreed to 60 days ago unless said otherwise, on one record; withdrawn two days ago on the one merged into it."""
    ann = willing("Ann", **{"granted_at": NOW - 60 * DAY, **given})
    other = ContactFactory(full_name="Ann the second")
    ConsentFactory(contact=other, **{"granted_at": NOW - 90 * DAY, "withdrawn_at": NOW - 2 * DAY, **withdrawn})
    assert people() == {"Ann": "ann@example.com"}

    Contact.objects.filter(pk=other.pk).update(merged_into=ann)

    assert people() == ({"Ann": "ann@example.com"} if may else {})
    assert bool(reach(Contact.objects.all(), purpose="newsletter", channel="email", now=NOW).contactable) is may


def sharing(name: str, address: str, *, kind: str = "email", **fields: object) -> Contact:
    """Somebody who has an address that others have too, and has agreed to nothing."""
    contact = ContactFactory(full_name=name, **fields)
    ContactPoint.objects.create(contact=contact, kind=kind, raw=address, normalised=address.casefold())
    return contact


@pytest.mark.django_db
def test_nobody_is_contacted_at_an_address_that_stands_with_a_wish_not_to_be_contacted():
    willing("Ann")
    willing("Nora")
    sharing("N. Leave", "NORA@example.com", do_not_contact=True)
    bob = willing("Bob")
    EmailFactory(contact=bob, raw="office@example.com")
    office = sharing("Office", "office@example.com")
    joined = ContactFactory(full_name="The office again", merged_into=office)
    assert people() == {"Ann": "ann@example.com", "Bob": "bob@example.com"}

    Contact.objects.filter(pk=joined.pk).update(do_not_contact=True)

    assert people() == {"Ann": "ann@example.com"}
    found = reach(Contact.objects.all(), purpose="newsletter", channel="email", now=NOW)
    assert (found.chosen, found.do_not_contact, found.without_consent, found.without_address) == (5, 2, 0, 0)
    assert (found.unwilling_address, found.same_address, found.contactable) == (2, 0, 1)


@pytest.mark.django_db
def test_a_wish_at_an_address_of_another_kind_is_nobody_elses():
    ann = willing("Ann")
    ContactPoint.objects.create(contact=ann, kind="phone", raw="+4520123456", normalised="+4520123456")
    sharing("Her mother", "+4520123456", kind="phone", do_not_contact=True)

    assert people() == {"Ann": "ann@example.com"}
    assert people(channel="phone") == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("withdrawn", "may"),
    [
        ({}, False),
        ({"channel": "email"}, False),
        ({"channel": "phone"}, True),
        ({"purpose": "research"}, True),
        ({"withdrawn_at": NOW + DAY}, True),
        ({"withdrawn_at": NOW - 61 * DAY}, True),
    ],
)
def test_a_newer_withdrawal_counts_for_whoever_has_the_same_address(withdrawn, may):
    """Agreed to 60 days ago on one record, withdrawn two days ago unless said otherwise on another, not joined."""
    willing("Ann", granted_at=NOW - 60 * DAY)
    other = sharing("A. Nother", "ann@example.com")
    consent = ConsentFactory(
        contact=ContactFactory(merged_into=other),
        **{"granted_at": NOW - 90 * DAY, "withdrawn_at": NOW - 2 * DAY, **withdrawn},
    )

    assert people() == ({"Ann": "ann@example.com"} if may else {})
    chosen = Contact.objects.filter(full_name="Ann")
    found = reach(chosen, purpose="newsletter", channel="email", now=NOW)
    assert (found.chosen, found.contactable, found.unwilling_address) == (1, 1 if may else 0, 0 if may else 1)

    Contact.objects.filter(pk=consent.contact.person_id).update(full_name="A. Nother")
    ConsentFactory(contact=other, granted_at=NOW - DAY)
    assert people() == ({"Ann": "ann@example.com"} if may else {"A. Nother": "ann@example.com"})


@pytest.mark.django_db
def test_an_address_that_two_have_is_given_once():
    willing("Ann")
    twin = sharing("Ann the second", "Ann@Example.com")
    ConsentFactory(contact=twin)
    bob = willing("Bob")
    EmailFactory(contact=bob, raw="ann@example.com")

    assert people() == {"Ann": "ann@example.com", "Bob": "bob@example.com"}
    lines = list(audience_csv(Contact.objects.all(), purpose="newsletter", channel="email", now=NOW))
    assert len(lines) == 3
    found = reach(Contact.objects.all(), purpose="newsletter", channel="email", now=NOW)
    assert (found.chosen, found.contactable, found.unwilling_address, found.same_address) == (3, 2, 0, 1)
    alone = Contact.objects.filter(pk=twin.pk)
    assert [c.address for c in contactable(alone, purpose="newsletter", channel="email", now=NOW)] == [
        "Ann@Example.com"
    ]


@pytest.mark.django_db
def test_the_csv_has_no_cell_that_a_spreadsheet_would_run():
    contact = willing("Ann")
    Contact.objects.filter(pk=contact.pk).update(full_name="=cmd()", language="da")

    lines = "".join(audience_csv(Contact.objects.all(), purpose="newsletter", channel="email", now=NOW))

    (row,) = csv.DictReader(io.StringIO(lines.removeprefix("\ufeff")))
    assert row == {
        "contact_id": str(contact.pk),
        "full_name": "'=cmd()",
        "preferred_name": "",
        "address": "ann@example.com",
        "language": "da",
        "company": "",
        "purpose": "newsletter",
        "consent_since": "2026-01-01T00:00:00+00:00",
    }


@pytest.mark.django_db
def test_any_number_of_people_is_one_query():
    asked = []
    for number in (1, 20):
        for index in range(number):
            willing(f"P{number}-{index}")
        with CaptureQueriesContext(connection) as queries:
            list(audience_csv(Contact.objects.all(), purpose="newsletter", channel="email", now=NOW))
        asked.append(len(queries))

    assert asked == [1, 1]


@pytest.mark.django_db
def test_the_list_of_contacts_gives_the_addresses_of_those_who_may_be_contacted():
    ann, bob = willing("Ann"), willing("Bob")
    Contact.objects.filter(pk=bob.pk).update(do_not_contact=True)
    client = who_may("view_contact", "view_contactpoint", "export_audience")
    address = reverse("admin:crm_contact_changelist")
    chosen = {"action": "export_addresses", helpers.ACTION_CHECKBOX_NAME: [ann.pk, bob.pk]}

    asked = client.post(address, chosen)
    counted = client.post(address, {**chosen, "purpose": "newsletter", "channel": "email"})
    given = client.post(address, {**chosen, "purpose": "newsletter", "channel": "email", "download": "1"})

    assert b"Who is in it?" in asked.content
    assert b"Download 1 address" in counted.content
    lines = b"".join(given.streaming_content).decode()
    assert "ann@example.com" in lines
    assert "bob@example.com" not in lines
    assert given.headers["Content-Disposition"].startswith('attachment; filename="newsletter-email-')


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", ['tips\r\nX-Evil: "1"; ../\\x', "nyt på skrift; filename=x.exe"])
def test_a_list_is_given_whatever_a_client_called_the_purpose(purpose):
    ann = ContactFactory()
    EmailFactory(contact=ann, raw="ann@example.com")
    ConsentFactory(contact=ann, purpose=purpose)
    given = who_may("view_contact", "view_contactpoint", "export_audience").post(
        reverse("admin:crm_contact_changelist"),
        {
            "action": "export_addresses", helpers.ACTION_CHECKBOX_NAME: [ann.pk], "purpose": purpose,
            "channel": "email", "download": "1",
        },
    )  # fmt: skip

    assert "ann@example.com" in b"".join(given.streaming_content).decode()
    assert re.fullmatch(
        r'attachment; filename="[A-Za-z0-9 ._-]+-email-\d{4}-\d\d-\d\d\.csv"', given.headers["Content-Disposition"]
    )


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["view_contactpoint", "export_audience"])
def test_addresses_are_given_only_with_both_permissions(missing):
    contact = willing("Ann")
    names = {"view_contact", "view_contactpoint", "export_audience"} - {missing}
    client = who_may(*names)

    response = client.post(
        reverse("admin:crm_contact_changelist"),
        {
            "action": "export_addresses",
            helpers.ACTION_CHECKBOX_NAME: [contact.pk],
            "purpose": "newsletter",
            "channel": "email",
            "download": "1",
        },
    )

    assert not response.streaming
    assert "Content-Disposition" not in response.headers


def modules() -> Iterator[tuple[str, list[ast.AST]]]:
    """Every module of Kith's own but migrations, by its path, with all that it is made of."""
    for app in ("demo", "config", "metrics", "community", "crm", "jobs", "gateway"):
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            if path.parent.name != "migrations":
                yield str(path.relative_to(settings.BASE_DIR)), list(ast.walk(ast.parse(path.read_text("utf-8"))))


def hands_out(nodes: list[ast.AST]) -> bool:
    """Whether a module writes CSV or ZIP files, or answers with a file."""
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="csv"), attr="writer" | "DictWriter") | ast.ImportFrom(module="csv"):
                return True
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                if name in ("StreamingHttpResponse", "FileResponse", "ZipFile"):
                    return True
    return False


def reads_addresses(nodes: list[ast.AST]) -> bool:
    """Whether a module asks for addresses: by their model, from a contact, through a lookup, or in SQL."""
    for node in nodes:
        match node:
            case ast.Name(id="ContactPoint") | ast.Attribute(value=ast.Attribute(attr="points")):
                return True
            case ast.Call(args=given, keywords=named):
                lookups = [str(one.value) for one in given if isinstance(one, ast.Constant)]
                lookups += [one.arg or "" for one in named]
                if any("points" in lookup.split("__") for lookup in lookups):
                    return True
            case ast.Constant(value=str(text)) if re.search("(FROM|JOIN) crm_contactpoint", text):
                return True
    return False


def test_every_path_that_hands_out_files_or_reads_addresses_is_known_and_says_what_keeps_the_unwilling_out():
    giving, reading = set(), set()
    for path, nodes in modules():
        giving |= {path} if hands_out(nodes) else set()
        reading |= {path} if reads_addresses(nodes) else set()

    assert giving == set(HANDS_OUT), (
        "A new path hands out files. Take addresses in them from crm.audiences.contactable; then name the path here."
    )
    assert reading == set(READS), (
        "A new path reads addresses. Those that are for use outside come from crm.audiences.contactable; then name it."
    )
