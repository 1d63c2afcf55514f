"""Erased people in the community: kept out of every form, out of the queue, and no word of theirs is left."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from community.handling import claim, dismiss
from community.helping import PersonErased, edit_help, record_help
from community.models import Handling, HelpRecord, Interaction, Member, WatchListEntry
from community.newcomers import NewPerson, RefusedPerson, add_person
from community.waiting import prune_watch_list, waiting, waiting_count, waiting_of_persons
from crm.contact_points import normalise_phone
from crm.models import Consent, Contact, Conversion, Erasure, FollowUp, Note
from crm.personal_data.erasing import erase_person
from crm.personal_data.suppression import NAME_ERASED, PERSON_ERASED
from metrics.reports.responses import ResponsesQuery, responses_report
from tests.admin_forms import errors_of, posted
from tests.factories.community import (
    ChannelFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory

pytestmark = pytest.mark.django_db

NINE = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
NOW = NINE + dt.timedelta(days=3)
PHONE = "+44 20 7946 0000"


@pytest.fixture
def forum():
    return ChannelFactory(slug="forum", name="Forum")


@pytest.fixture
def joe(forum) -> Contact:
    joe = ContactFactory(full_name="Joe Bloggs", ref="c1")
    EmailFactory(contact=joe, raw="joe@example.com")
    EmailFactory(contact=joe, kind="phone", raw=PHONE, normalised=normalise_phone(PHONE))
    account = MemberFactory(channel=forum, contact=joe, external_id="u5", handle="joe")
    thread = ThreadFactory(channel=forum, external_id="t1", opened_by=account, opened_at=NINE, title="Joe asks")
    InteractionFactory(
        channel=forum, member=account, thread=thread, external_id="p9", occurred_at=NINE, text="Joe here: how?"
    )
    ConversionFactory(contact=joe, external_id="o1")
    return joe


@pytest.fixture
def root() -> Client:
    client = Client()
    client.force_login(UserFactory(username="root", is_staff=True, is_superuser=True))
    return client


def erase(contact: Contact) -> None:
    erase_person(contact_id=contact.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")


@pytest.mark.parametrize(
    ("known", "field"),
    [
        ({"name": "Joe", "email": "JOE@example.com"}, "email"),
        ({"name": "Joe", "phone": "020 7946 0000"}, "phone"),
        ({"handle": "@Joe"}, "handle"),
        ({"handle": "u5"}, "handle"),
    ],
)
def test_nobody_is_added_by_what_an_erased_person_was_known_by(joe, forum, known, field):
    erase(joe)
    before = Contact.objects.count()

    with pytest.raises(RefusedPerson) as refusal:
        add_person(NewPerson(**known), channel_id=forum.pk, owner_id=None)

    assert (refusal.value.field, refusal.value.message) == (field, NAME_ERASED)
    assert Contact.objects.count() == before
    assert add_person(NewPerson(name="Joe Bloggs", handle="joe2"), channel_id=forum.pk, owner_id=None).pk


def test_the_dialog_says_beside_the_field_that_it_may_not_come_back(root, joe, forum):
    erase(joe)
    told = {"channel": forum.pk, "occurred_at": "2026-03-02T09:00", "outcome": "solved", "new_name": "Joe"}

    answer = root.post(reverse("admin:community_helprecord_record"), {**told, "new_email": "joe@example.com"})

    assert answer.context["form"].errors == {"new_email": [NAME_ERASED]}
    assert not HelpRecord.objects.exists()
    assert not Contact.objects.filter(full_name="Joe").exists()


def test_no_help_is_recorded_for_or_written_about_an_erased_person(joe, forum, root):
    ana = UserFactory()
    record = HelpRecordFactory(contact=joe, note="He is shy.")
    erase(joe)
    told = {"channel_id": forum.pk, "occurred_at": NINE, "recorded_by_id": ana.pk, "now": NOW}

    with pytest.raises(PersonErased, match=PERSON_ERASED):
        record_help(contact_id=joe.pk, helper_user_id=ana.pk, answer="Joe, so.", **told)
    with pytest.raises(PersonErased):
        edit_help(record.pk, changes={"note": "Joe is shy."}, by_user_id=ana.pk, now=NOW)
    page = reverse("admin:community_helprecord_change", args=[record.pk])
    assert errors_of(root.post(page, posted(root.get(page), note="Joe is shy."))) == {"contact": [PERSON_ERASED]}
    other = HelpRecordFactory()
    page = reverse("admin:community_helprecord_change", args=[other.pk])
    assert errors_of(root.post(page, posted(root.get(page), contact=joe.pk))) == {"contact": [PERSON_ERASED]}

    record.refresh_from_db()
    assert (record.note, record.question, record.answer) == ("", "", "")


def test_the_page_of_an_erased_person_says_so_and_offers_nothing_that_would_be_refused(root, joe, forum):
    page = reverse("admin:crm_contact_change", args=[joe.pk])
    before = root.get(page)
    assert {"Record help", "Erase"} <= {action.label.strip("…") for action in before.context["actions"]}
    assert "Erased on" not in before.content.decode()

    erase(joe)

    after = root.get(page)
    assert "Erased on 5 Mar 2026" in after.content.decode()
    assert after.context["actions"] == []
    assert "Press <kbd>" not in after.content.decode()


def test_no_form_of_the_admin_says_anything_about_an_erased_person(root, joe, forum):
    erase(joe)
    account = Member.objects.get(contact=joe)

    def refused(model: str, **values: object) -> dict[str, list[str]]:
        page = reverse(f"admin:{model}_add")
        return errors_of(root.post(page, {**posted(root.get(page)), **values}))

    day = {"granted_at_0": "2026-03-02", "granted_at_1": "09:00"}
    assert PERSON_ERASED in refused("crm_consent", contact=joe.pk, purpose="x", source="x", **day)["contact"]
    assert PERSON_ERASED in refused("crm_outcomemark", contact=joe.pk)["contact"]
    assert PERSON_ERASED in refused("crm_note", contact=joe.pk, text="Joe again.")["contact"]
    assert PERSON_ERASED in refused("crm_followup", contact=joe.pk, what="Call Joe")["contact"]
    assert PERSON_ERASED in refused("crm_conversion", contact=joe.pk)["contact"]
    assert NAME_ERASED in refused("crm_conversion", source="shop", external_id="o1")["external_id"]
    assert PERSON_ERASED in refused("community_cost", contact=joe.pk)["contact"]
    assert PERSON_ERASED in refused("community_interaction", to_contact=joe.pk)["to_contact"]
    assert PERSON_ERASED in refused("community_interaction", member=account.pk)["member"]
    assert NAME_ERASED in refused("community_interaction", channel=forum.pk, external_id="p9")["external_id"]
    assert PERSON_ERASED in refused("community_thread", opened_by=account.pk)["opened_by"]
    assert NAME_ERASED in refused("community_thread", channel=forum.pk, external_id="t1")["external_id"]
    assert PERSON_ERASED in refused("community_member", channel=forum.pk, contact=joe.pk)["contact"]
    gone = refused("community_member", channel=forum.pk, external_id="u5", handle="JOE")
    assert NAME_ERASED in gone["external_id"]
    assert NAME_ERASED in gone["handle"]
    for page in ("crm_note_write", "crm_followup_plan"):
        said = {"text": "Joe again.", "what": "Call Joe", "due_on": "2026-03-09"}
        form = root.post(reverse(f"admin:{page}", args=[joe.pk]), said).context["form"]
        assert form.non_field_errors() == [PERSON_ERASED]
    assert [model.objects.filter(contact=joe).count() for model in (Note, FollowUp, Consent)] == [0, 0, 0]


def test_what_others_say_can_still_be_edited_beside_an_erased_name(root, joe, forum):
    """Mia goes by a handle that an erased person had elsewhere: her form is saved as before."""
    elsewhere = ChannelFactory(slug="insta")
    mia = MemberFactory(channel=elsewhere, handle="joe", external_id="m1")
    erase(joe)
    page = reverse("admin:community_member_change", args=[mia.pk])

    answer = root.post(page, posted(root.get(page), followers="12"))

    assert answer.status_code == 302
    assert Member.objects.get(pk=mia.pk).followers == 12


def test_an_erased_persons_question_leaves_the_queue_without_a_word_and_no_figure_moves(joe, forum):
    ana = UserFactory(username="ana")
    question = Interaction.objects.get(external_id="p9")
    second = InteractionFactory(
        channel=forum, member=question.member, kind="direct_message", occurred_at=NINE, text="Joe again"
    )
    claim([question.pk], user_id=ana.pk, now=NOW)
    dismiss([second.pk], reason="Joe Bloggs called us", user_id=ana.pk, now=NOW)
    everything = ResponsesQuery(by="channel", start=None, end=None, now=NOW)
    before = responses_report(everything)
    assert [one.pk for one in waiting(now=NOW)] == [question.pk]
    assert WatchListEntry.objects.exists()

    erase(joe)

    assert not waiting(now=NOW).exists()
    assert waiting_count(now=NOW, up_to=9) == 0
    assert not waiting_of_persons([joe.pk], now=NOW)[joe.pk].is_waiting
    assert set(Interaction.objects.filter(member__contact=joe).values_list("text", flat=True)) == {""}
    handlings = Handling.objects.order_by("pk")
    assert [(one.assignee, one.dismiss_reason) for one in handlings] == [(ana, ""), (None, "[erased]")]
    assert responses_report(everything) == before
    prune_watch_list()
    assert not WatchListEntry.objects.exists()
    assert Conversion.objects.get().contact_id == joe.pk
