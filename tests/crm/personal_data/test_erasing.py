"""Erasing from the admin and the command line, and again after a restore."""

import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from community.models import HelpRecord, Interaction
from crm.duplicates.joining import join_next, start_joining
from crm.duplicates.rules import apply_rules
from crm.duplicates.search import search_changed, start_search
from crm.merging import PersonErased, merge, unmerge
from crm.merging.preview import preview
from crm.models import Contact, ContactPoint, DuplicateSuggestion, Erasure, Merge, Suppression
from crm.personal_data.erasing import erase_person, plan_erasure
from crm.personal_data.erasure_list import UnreadableList, erasure_lines, read_list
from crm.personal_data.replaying import replay_erasures
from crm.personal_data.suppression import erased_names
from gateway.history import event_model_of, history_of
from tests.admin_clients import who_may
from tests.api_clients import client_with
from tests.factories.community import (
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import CompanyFactory, ContactFactory, ContactRefFactory, ConversionFactory, EmailFactory

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def joe(db) -> Contact:
    joe = ContactFactory(full_name="Joe Bloggs", ref="c1", motivation="He wants to learn payroll.")
    EmailFactory(contact=joe, raw="joe@example.com")
    account = MemberFactory(contact=joe, handle="joe")
    InteractionFactory(member=account, channel=account.channel, text="I am Joe.")
    return joe


def erase(contact: Contact):
    return erase_person(contact_id=contact.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")


def test_the_page_shows_what_would_happen_and_asks_for_the_name(joe):
    client = who_may("view_contact", "erase_contact", username="ana")
    address = reverse("admin:crm_contact_erase", args=[joe.pk])

    with CaptureQueriesContext(connection) as queries:
        shown = client.get(address)
    wrong = client.post(address, {"reason": "asked", "name": "Joe"})
    plan = client.get(reverse("admin:crm_contact_erase_plan", args=[joe.pk]), headers={"HX-Request": "true"})
    plan_alone = client.get(reverse("admin:crm_contact_erase_plan", args=[joe.pk]))

    assert len(queries) <= 10  # nobody waits for every text to be looked through before there is anything to see
    assert b"nothing has happened yet" in shown.content
    assert f'href="{reverse("admin:crm_contact_erase_plan", args=[joe.pk])}"' in shown.content.decode()
    addresses = '<tr><td>Addresses</td><td class="kith-right kith-number">1</td><td>deleted</td></tr>'
    assert addresses in plan.content.decode()
    assert "<html" not in plan.content.decode()
    assert addresses in plan_alone.content.decode()
    assert f'href="{address}"' in plan_alone.content.decode()
    assert b"This is not the name" in wrong.content
    assert not Erasure.objects.exists()

    done = client.post(address, {"reason": "asked", "name": " Joe  Bloggs "}, follow=True)

    assert b"The person was erased." in done.content
    erasure = Erasure.objects.get()
    assert (erasure.erased_by.username, erasure.erased_through, erasure.reason) == ("ana", "admin", "asked")
    assert f"Erased person {joe.pk}".encode() in done.content
    again = client.get(address)
    assert b"was erased before" in again.content


def test_the_page_needs_its_permission(joe):
    client = who_may("view_contact", "change_contact", "export_personal_data")

    for page in ("erase", "erase_plan"):
        assert client.get(reverse(f"admin:crm_contact_{page}", args=[joe.pk])).status_code == 403
    answer = client.post(reverse("admin:crm_contact_erase", args=[joe.pk]), {"reason": "asked", "name": "Joe Bloggs"})
    assert answer.status_code == 403
    assert Contact.objects.get(pk=joe.pk).full_name == "Joe Bloggs"


def test_what_stays_is_a_pseudonym_with_its_history_cleaned(joe):
    Contact.objects.filter(pk=joe.pk).update(full_name="Joseph Bloggs")

    erase(joe)

    joe.refresh_from_db()
    assert (joe.full_name, joe.motivation, joe.do_not_contact, joe.erased_at) == (
        f"Erased person {joe.pk}",
        "",
        True,
        NOW,
    )
    assert not ContactPoint.objects.filter(contact=joe).exists()
    interaction = Interaction.objects.get(member__contact=joe)
    assert (interaction.text, interaction.deleted_at) == ("", NOW)
    said = str([change for entry in history_of(joe) for change in entry.changes])
    assert "Bloggs" not in said
    assert "payroll" not in said


def test_an_erased_record_can_be_filled_by_nobody(joe):
    erase(joe)

    for change in ({"full_name": "Joe Bloggs"}, {"motivation": "x"}, {"do_not_contact": False}, {"known_as": "joe"}):
        with pytest.raises(IntegrityError, match="crm_contact_erased_is_nobody"), transaction.atomic():
            Contact.objects.filter(pk=joe.pk).update(**change)
    client = who_may("view_contact", "change_contact")
    client.post(reverse("admin:crm_contact_change", args=[joe.pk]), {"full_name": "Joe Bloggs"})
    assert Contact.objects.get(pk=joe.pk).full_name == f"Erased person {joe.pk}"


def test_merges_end(joe):
    second, stranger = ContactFactory(full_name="J. Bloggs"), ContactFactory(full_name="Mia")
    merge(survivor_id=joe.pk, loser_id=second.pk, now=NOW)
    erase(joe)

    with pytest.raises(PersonErased, match="what was merged stays together"):
        unmerge(loser_id=second.pk, now=NOW)
    for pair in [(stranger.pk, joe.pk), (joe.pk, stranger.pk), (second.pk, stranger.pk)]:
        with pytest.raises(PersonErased, match="nobody can be merged with a pseudonym"):
            merge(survivor_id=pair[0], loser_id=pair[1], now=NOW)
        with pytest.raises(PersonErased, match="nobody can be merged with a pseudonym"):
            preview(*pair, may=lambda permission: True, now=NOW)
    assert Contact.objects.get(pk=second.pk).merged_into_id == joe.pk
    assert list(Merge.objects.values_list("taken_over", flat=True)) == [{}]


def test_rules_jobs_and_the_search_leave_erased_people_alone(joe, settings):
    settings.KITH_MERGE_RULES = ["verified_email"]
    EmailFactory(contact=joe, raw="joe@example.org", verified_at=NOW, verified_by="shop")
    other = ContactFactory(full_name="J. Bloggs")
    EmailFactory(contact=other, raw="joe@example.org", verified_at=NOW, verified_by="shop")
    search_changed(now=NOW)
    suggestion = DuplicateSuggestion.objects.get()
    job = start_joining([suggestion.pk], now=NOW)

    erase(joe)
    start_search(now=NOW)
    search_changed(now=NOW)

    assert not DuplicateSuggestion.objects.exists()
    # Somebody's list may be older than the erasure: what it names is refused in words.
    stale = DuplicateSuggestion.objects.create(
        pk=suggestion.pk, first=joe, second=other, score=95, found_at=NOW,
        reasons=[{"key": "verified_email", "points": 95}],
    )  # fmt: skip
    assert stale
    assert apply_rules(now=NOW) == 0
    assert join_next(now=NOW)
    job.refresh_from_db()
    assert (job.state, job.report["outcomes"][0]["message"]) == (
        "partial", "One of the two was erased: nobody can be merged with a pseudonym.",
    )  # fmt: skip
    assert not Merge.objects.exists()


def test_pages_of_joining_refuse_an_erased_person_in_words(joe):
    stranger = ContactFactory(full_name="Mia")
    erase(joe)
    client = who_may("view_contact", "merge_contact")

    for one, query in [(joe, ""), (joe, f"?with={stranger.pk}"), (stranger, f"?with={joe.pk}")]:
        for ask in (client.get, client.post):
            page = ask(reverse("admin:crm_contact_merge", args=[one.pk]) + query, follow=True)
            assert "nobody can be merged with a pseudonym" in page.content.decode()
    assert not Merge.objects.exists()


def test_the_api_refuses_to_join_look_at_and_take_apart_erased_people(joe):
    second, stranger = ContactFactory(full_name="J. Bloggs"), ContactFactory(full_name="Mia")
    merge(survivor_id=joe.pk, loser_id=second.pk, now=NOW)
    erase(joe)
    api = client_with("contacts:read", "contacts:merge")

    for answer in (
        api.post(f"/api/v1/contacts/{stranger.pk}/merge/", {"loser": joe.pk}),
        api.post(f"/api/v1/contacts/{joe.pk}/merge/", {"loser": stranger.pk}),
        api.get(f"/api/v1/contacts/{stranger.pk}/merge-preview/?with={joe.pk}"),
        api.post(f"/api/v1/contacts/{second.pk}/unmerge/", {}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "erased")


def test_a_replay_takes_apart_first_who_was_somebody_else_when_the_person_was_erased(joe):
    """The backup is older than the day on which a wrong merge was taken apart."""
    mia = ContactFactory(full_name="Mia", language="da")
    with transaction.atomic():
        erase(joe)
        lines = list(erasure_lines())
        transaction.set_rollback(True)
    merge(survivor_id=joe.pk, loser_id=mia.pk, now=NOW)

    assert replay_erasures(read_list(lines), now=NOW).contacts == 1

    mia.refresh_from_db()
    assert (mia.full_name, mia.language, mia.person_id, mia.erased_at) == ("Mia", "da", mia.pk, None)
    assert Contact.objects.get(pk=joe.pk).full_name == f"Erased person {joe.pk}"


def test_what_the_person_said_of_themselves_goes_from_the_record_and_its_history(joe):
    Contact.objects.filter(pk=joe.pk).update(country="DK", birth_year=1984)
    Contact.objects.filter(pk=joe.pk).update(country="IE", birth_year=1985)

    erase(joe)

    history = event_model_of(Contact)._default_manager.filter(pgh_obj=joe.pk).order_by().distinct()
    assert Contact.objects.values_list("country", "birth_year").get(pk=joe.pk) == ("", None)
    assert set(history.values_list("country", "birth_year")) == {("", None)}
    for said in ({"country": "IE"}, {"birth_year": 1985}):
        with pytest.raises(IntegrityError, match="crm_contact_erased_is_nobody"), transaction.atomic():
            Contact.objects.filter(pk=joe.pk).update(**said)


def test_plan_asks_the_same_questions_however_much_the_person_has_done(joe):
    client = who_may("view_contact", "erase_contact")
    page = reverse("admin:crm_contact_erase_plan", args=[joe.pk])

    def questions():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        return len(queries)

    def live_on(number):
        account = MemberFactory(contact=joe, handle=f"joe{number}")
        thread = ThreadFactory(channel=account.channel, opened_by=account)
        for direction in ("inbound", "between_members"):
            InteractionFactory(member=account, channel=account.channel, thread=thread, direction=direction)
        HelpRecordFactory(contact=joe)
        ConversionFactory(contact=joe)
        EmailFactory(contact=joe)
        ContactRefFactory(contact=joe)
        Contact.objects.filter(pk=joe.pk).update(full_name=f"Joe Bloggs {number}")

    live_on(0)
    questions()  # Django keeps content types
    few = questions()
    for number in range(1, 12):
        live_on(number)

    plan = plan_erasure(joe.pk)
    assert {table.label: table.rows for table in plan.tables}["community.Interaction"] == 37
    assert questions() == few <= 25  # of the whole page, with login, permissions and menu


def test_namesakes_and_what_others_wrote_stay(joe):
    ContactFactory(full_name="Joe Bloggs")
    about = InteractionFactory(text="Joe Bloggs, joe@example.com and @joe asked; joe did too.")

    erase(joe)

    about.refresh_from_db()
    assert about.text == "Joe Bloggs, [erased] and [erased] asked; joe did too."


def test_a_heading_stays_and_the_name_of_the_person_goes_from_it(joe):
    account = joe.members.get()
    topics = ["Fees", "Fees, says JOE BLOGGS", "joe@example.com: fees"]
    threads = [
        ThreadFactory(channel=account.channel, opened_by=account, title="Joe asks", topic=topic) for topic in topics
    ]
    others = ThreadFactory(channel=account.channel, title="Eve asks", topic="As Joe Bloggs asked")
    helped = HelpRecordFactory(contact=joe, topic="Fees of Joe Bloggs", note="He is shy.")

    erase(joe)

    for thread in (*threads, others):
        thread.refresh_from_db()
    told = [(thread.topic, thread.title) for thread in (*threads, others)]
    assert told == [
        ("Fees", ""),
        ("Fees, says [erased]", ""),
        ("[erased]: fees", ""),
        ("As [erased] asked", "Eve asks"),
    ]
    helped.refresh_from_db()
    assert (helped.topic, helped.note) == ("Fees of [erased]", "")
    history = event_model_of(HelpRecord).objects.filter(pgh_obj_id=helped.pk)
    assert set(history.values_list("topic", flat=True)) == {"Fees of [erased]"}


def test_the_command_plans_and_erases(joe):
    said = io.StringIO()

    call_command("erase_person", str(joe.pk), "--dry-run", stdout=said)
    assert f"Would erase person {joe.pk}: 1 records." in said.getvalue()
    assert not Erasure.objects.exists()
    call_command("erase_person", str(joe.pk), "--reason", "withdrawn", "--yes", stdout=said)

    assert Erasure.objects.get().reason == "withdrawn"
    with pytest.raises(CommandError, match="erased before"):
        call_command("erase_person", str(joe.pk), stdout=said)
    with pytest.raises(CommandError, match="There is no contact 999999"):
        call_command("erase_person", "999999", stdout=said)


@pytest.mark.parametrize("typed", ["", "\n", "yes\n", "Joe\n", "joe bloggs\n"])
def test_the_command_erases_nobody_without_the_name(joe, monkeypatch: pytest.MonkeyPatch, typed: str):
    said = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))

    with pytest.raises(CommandError, match="Nothing was erased: this is not the name"):
        call_command("erase_person", str(joe.pk), stdout=said)

    assert f"Would erase person {joe.pk}: 1 records." in said.getvalue()
    assert said.getvalue().endswith("Type the name to erase for good: Joe Bloggs\n")
    assert Contact.objects.get(pk=joe.pk).full_name == "Joe Bloggs"


def test_the_command_erases_whose_name_is_typed(joe, monkeypatch: pytest.MonkeyPatch):
    said = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO("Joe  Bloggs\n"))

    call_command("erase_person", str(joe.pk), stdout=said)

    assert f"Erased person {joe.pk}: 1 records." in said.getvalue()
    assert Contact.objects.get(pk=joe.pk).full_name == f"Erased person {joe.pk}"


def test_the_plan_names_who_may_be_the_same_person_and_companies_that_may_be_theirs(joe):
    own, shared, alone = (
        CompanyFactory(name=name) for name in ("Joe Bloggs Plumbing", "Blogging Ltd", "Pipes and Taps")
    )
    CompanyFactory(name="Joe Bloggsworth")
    unlinked = CompanyFactory(name="JOE BLOGGS")
    second = ContactFactory(full_name="Joseph B.", company=alone)
    merge(survivor_id=joe.pk, loser_id=second.pk, fields={"company": "survivor"}, now=NOW)
    Contact.objects.filter(pk=joe.pk).update(company=own)
    third = ContactFactory(full_name="J. B.", company=shared)
    merge(survivor_id=joe.pk, loser_id=third.pk, fields={"company": "survivor"}, now=NOW)
    colleague = ContactFactory(full_name="Mia Lind", company=shared)
    twin = ContactFactory(full_name="Joe Bloggs")
    for other, state in ((twin, "open"), (colleague, "different")):
        DuplicateSuggestion.objects.create(
            first=joe, second=other, score=60, reasons=[{"key": "name", "points": 60}], found_at=NOW, state=state
        )

    plan = plan_erasure(joe.pk)
    page = who_may("view_contact", "erase_contact").get(reverse("admin:crm_contact_erase_plan", args=[joe.pk]))
    said = io.StringIO()
    call_command("erase_person", str(joe.pk), "--dry-run", stdout=said)

    assert [(one.what, one.id, one.name, one.why) for one in plan.remaining] == [
        ("contact", twin.pk, "Joe Bloggs", "score 60: same name"),
        ("company", unlinked.pk, "JOE BLOGGS", "bears their name"),
        ("company", own.pk, "Joe Bloggs Plumbing", "bears their name"),
        ("company", alone.pk, "Pipes and Taps", "nobody else belongs to it"),
    ]
    for what, one in (("contact", twin), ("company", unlinked), ("company", own), ("company", alone)):
        assert f'href="{reverse(f"admin:crm_{what}_change", args=[one.pk])}"' in page.content.decode()
    assert "keeps name and address" in page.content.decode()
    for line in (
        f"stays    contact {twin.pk}, Joe Bloggs: may be the same person (score 60: same name)",
        f"stays    company {alone.pk}, Pipes and Taps: may be their own (nobody else belongs to it)",
    ):
        assert line in said.getvalue()

    erase(joe)

    assert Contact.objects.get(pk=twin.pk).full_name == "Joe Bloggs"
    assert plan_erasure(joe.pk).remaining == []


def test_an_erasure_is_repeated_after_a_restore(joe, tmp_path):
    """What was erased comes back with the backup; the list erases it again, and nobody else who has its id."""
    with transaction.atomic():
        erase(joe)
        lines = "\n".join(erasure_lines())
        transaction.set_rollback(True)  # the restore: the database is what it was before
    assert "Bloggs" not in lines
    assert json.loads(lines)["contacts"] == [[joe.pk, joe.created_at.isoformat()]]
    assert Contact.objects.get(pk=joe.pk).full_name == "Joe Bloggs"
    kept = tmp_path / "erasures.jsonl"
    kept.write_text(lines)
    said = io.StringIO()

    call_command("replay_erasures", str(kept), stdout=said)

    assert "Erased 1 records of 1 people again" in said.getvalue()
    assert Contact.objects.get(pk=joe.pk).full_name == f"Erased person {joe.pk}"
    assert ("contact", "shop", "c1") in erased_names([("contact", "shop", "c1")])
    assert replay_erasures(read_list([lines]), now=NOW).absent == 1


def test_a_replay_leaves_alone_who_has_the_id_by_now(joe):
    with transaction.atomic():
        erase(joe)
        lines = list(erasure_lines())
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_contact SET created_at = created_at + interval '1 second'")

    done = replay_erasures(read_list(lines), now=NOW)

    assert (done.contacts, done.absent) == (0, 1)
    assert Contact.objects.get(pk=joe.pk).full_name == "Joe Bloggs"
    assert Suppression.objects.count() == done.suppressions > 0


@pytest.mark.django_db(transaction=True)
def test_every_erasure_is_added_to_the_list(settings, tmp_path):
    settings.KITH_ERASURE_LIST = str(tmp_path / "erasures.jsonl")
    joe = ContactFactory(full_name="Joe Bloggs", ref="c1")

    erase(joe)

    assert (tmp_path / "erasures.jsonl").read_text().splitlines() == list(erasure_lines())


def test_a_broken_list_is_told_by_its_line(db):
    with pytest.raises(UnreadableList, match="Line 2 of the list is no erasure"):
        read_list(["", "{}"])


def test_the_admin_says_that_what_was_erased_may_not_come_back(joe):
    erase(joe)
    other = ContactFactory(full_name="Somebody")
    user = UserFactory(username="root", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    page = f"{reverse('admin:crm_contact_change', args=[other.pk])}?tab=details"
    forms = client.get(page).context["inline_admin_formsets"]
    parts = {f"{one.formset.prefix}-{name}": 0 for one in forms for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    filled = {
        "full_name": "Somebody",
        "stage": "lead",
        "tags": "",
        "custom_fields": "{}",
        "points-0-kind": "email",
        "points-0-raw": "Joe@example.com",
        "refs-0-source": "shop",
        "refs-0-external_id": "c1",
    }

    answer = client.post(page, {**parts, **filled, "points-TOTAL_FORMS": 1, "refs-TOTAL_FORMS": 1})

    assert answer.content.decode().count("erased and may not come back") == 2
    assert not ContactPoint.objects.exists()


@pytest.fixture
def gone(db) -> int:
    """The id of a contact that was deleted."""
    gone = ContactFactory(full_name="Gone Bloggs", ref="g1")
    EmailFactory(contact=gone, raw="gone@example.com")
    pk = gone.pk
    gone.delete()
    return pk


def test_the_command_plans_and_erases_what_is_left_of_a_deleted_contact(gone: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    said = io.StringIO()
    history = Contact.pgh_event_models["delete"].objects.filter(pgh_obj=gone, pgh_label="delete")

    call_command("erase_person", "--ref", "shop", "g1", "--dry-run", stdout=said)
    assert f"Would erase person {gone}: 1 records." in said.getvalue()
    with pytest.raises(CommandError, match="Nothing was erased"):  # it asks for the name that the record had
        call_command("erase_person", "--ref", "shop", "g1", stdout=said)
    assert said.getvalue().endswith("Type the name to erase for good: Gone Bloggs\n")
    assert not Contact.objects.filter(pk=gone).exists()
    assert history.get().full_name == "Gone Bloggs"

    call_command("erase_person", "--ref", "shop", "g1", "--yes", stdout=said)

    assert f"Erased person {gone}: 1 records." in said.getvalue()
    assert history.get().full_name == f"Erased person {gone}"
    assert not ContactPoint.pgh_event_models["delete"].objects.exists()
    assert Contact.objects.get(pk=gone).erased_at is not None
    names = {("contact", "shop", "g1"), ("address", "gone@example.com")}
    assert erased_names(names).keys() == names
    with pytest.raises(CommandError, match="erased before"):
        call_command("erase_person", str(gone), stdout=said)


def test_a_reference_leads_to_who_has_it_before_who_had_it(gone: int):
    today = ContactFactory(full_name="New Bloggs", ref="g1")
    said = io.StringIO()

    call_command("erase_person", "--ref", "shop", "g1", "--dry-run", stdout=said)
    assert f"Would erase person {today.pk}" in said.getvalue()

    ids = f"{gone}, {today.pk}"
    today.delete()
    with pytest.raises(CommandError, match=f"name one of {ids}"):
        call_command("erase_person", "--ref", "shop", "g1", stdout=said)
    with pytest.raises(CommandError, match="Nobody has the reference shop:g2, and no deleted contact had it"):
        call_command("erase_person", "--ref", "shop", "g2", stdout=said)
    for arguments in ([], [str(gone), "--ref", "shop", "g1"]):
        with pytest.raises(CommandError, match="either the id of a contact, or --ref"):
            call_command("erase_person", *arguments, stdout=said)


def test_who_is_called_the_same_today_may_come_back(gone: int):
    ContactFactory(full_name="New Bloggs", ref="g1")

    call_command("erase_person", str(gone), "--yes", stdout=io.StringIO())

    assert not erased_names([("contact", "shop", "g1")])


def test_what_is_left_of_a_deleted_contact_is_erased_again_after_a_restore(gone: int):
    with transaction.atomic():
        call_command("erase_person", str(gone), "--yes", stdout=io.StringIO())
        lines = list(erasure_lines())
        transaction.set_rollback(True)  # the restore: deleted before the backup, erased after it

    assert replay_erasures(read_list(lines), now=NOW).contacts == 1
    assert (
        Contact.pgh_event_models["delete"].objects.get(pgh_obj=gone, pgh_label="delete").full_name
        == f"Erased person {gone}"
    )
