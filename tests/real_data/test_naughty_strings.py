"""Every naughty string in every text of a contact and an interaction: stored exactly, or refused with a reason."""

import csv
import json

import pytest

from community.models import Interaction, Member, Thread
from crm.models import Campaign, Company, Contact, ContactRef
from tests.factories.community import ChannelFactory
from tests.sending import send

pytestmark = pytest.mark.django_db

REASONS = {"empty", "too_large", "too_long", "unstorable_text"}
# Strings that the list does not hold and that have broken programs too.
MORE = [
    "a\x00b",
    "\ud800",
    "😀\udfff",
    "I\u0307",
    "İıſ",
    "ÆØÅ",
    "A\u030a",
    "\u202eabc",
    "x" * 1_000_000,
    "x" * 1_000_001,
    "\\N",
    "\\.",
    "\t\r\n",
]


@pytest.fixture(scope="module")
def naughty(data_folder):
    return [*json.loads((data_folder / "hard_inputs" / "blns.json").read_text()), *MORE]


def send_each(collection, naughty, item):
    """Send one item per string; return the strings that were stored, by number, and check why others were not."""
    taken = {}
    for start in range(0, len(naughty), 100):
        strings = naughty[start : start + 100]
        result = send(collection, *[item(start + offset, text) for offset, text in enumerate(strings)])
        for offset, outcome in enumerate(result.results):
            if outcome.status == "failed":
                assert {error.code for error in outcome.errors} <= REASONS, (strings[offset], outcome.errors)
            else:
                taken[start + offset] = strings[offset]
    return taken


def test_texts_of_contacts(naughty):
    taken = send_each(
        "contacts",
        naughty,
        lambda number, text: {"source": "blns", "external_id": str(number), "full_name": text, "motivation": text},
    )

    found = ContactRef.objects.values_list("external_id", "contact__full_name", "contact__motivation")
    assert {int(number): (name, motivation) for number, name, motivation in found} == {
        number: (text, text) for number, text in taken.items()
    }
    assert len(taken) >= 500


def test_tags_and_custom_fields(naughty):
    taken = send_each(
        "contacts",
        naughty,
        lambda number, text: {
            "source": "blns",
            "external_id": str(number),
            "tags": [text],
            "custom_fields": {"key": [text]},
        },  # fmt: skip
    )

    found = Contact.objects.values_list("refs__external_id", "tags", "custom_fields")
    assert {int(number): (tags, fields) for number, tags, fields in found} == {
        number: ([text], {"key": [text]}) for number, text in taken.items()
    }
    assert len(taken) >= 350  # tags end at 50 characters


def test_what_rows_are_known_by(naughty):
    ChannelFactory(slug="forum")
    taken = send_each("contacts", naughty, lambda number, text: {"source": "blns", "external_id": text})
    assert set(ContactRef.objects.values_list("external_id", flat=True)) == set(taken.values())

    taken = send_each(
        "interactions",
        naughty,
        lambda number, text: {
            "channel": "forum",
            "external_id": f"p{number}",
            "kind": "post",
            "occurred_at": "2026-03-02T09:00:00Z",
            "member": text,
            "thread": text,
            "reply_to": text,
        },  # fmt: skip
    )
    wanted = set(taken.values())
    assert set(Member.objects.values_list("external_id", flat=True)) == wanted
    assert set(Thread.objects.values_list("external_id", flat=True)) == wanted
    assert set(Interaction.objects.filter(kind=None).values_list("external_id", flat=True)) == wanted


def test_names_of_companies_and_codes_of_campaigns(naughty):
    companies = send_each(
        "companies", naughty, lambda number, text: {"source": "blns", "external_id": str(number), "name": text}
    )
    campaigns = send_each("campaigns", naughty, lambda number, text: {"code": text, "objective": text})

    assert {int(number): name for number, name in Company.objects.values_list("external_id", "name")} == companies
    stored = set(Campaign.objects.values_list("code", flat=True))
    assert stored <= set(campaigns.values())
    assert {code.lower() for code in stored} == {code.lower() for code in campaigns.values()}


def test_text_of_interactions(naughty):
    ChannelFactory(slug="forum")
    taken = send_each(
        "interactions",
        naughty,
        lambda number, text: {
            "channel": "forum",
            "external_id": str(number),
            "kind": "post",
            "occurred_at": "2026-03-02T09:00:00Z",
            "text": text,
        },  # fmt: skip
    )

    assert {int(number): text for number, text in Interaction.objects.values_list("external_id", "text")} == taken
    assert max(len(text) for text in taken.values()) == 1_000_000


def test_email_addresses(data_folder):
    with (data_folder / "hard_inputs" / "email_addresses.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    result = send(
        "contacts", *[{"source": "isemail", "external_id": row["test_id"], "email": row["address"]} for row in rows]
    )

    refused = {row["test_id"] for row, outcome in zip(rows, result.results, strict=True) if outcome.status == "failed"}
    assert {row["test_id"] for row in rows if row["category"] == "ISEMAIL_ERR"} <= refused
    assert not refused & {row["test_id"] for row in rows if row["category"] == "ISEMAIL_VALID_CATEGORY"}
    stored = dict(ContactRef.objects.values_list("external_id", "contact__points__raw"))
    assert stored == {row["test_id"]: row["address"] for row in rows if row["test_id"] not in refused}
