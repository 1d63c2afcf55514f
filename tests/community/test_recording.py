"""Recording help in the admin without a browser: what is offered, taken, refused, and shown on both persons' pages."""

import datetime as dt
import json
import re
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from community.handling import claim, dismiss
from community.help_offers import answers_to_mark, topics_in_use, usual_channel
from community.models import Handling, HelpRecord, Interaction, Member
from community.panels import Help
from community.waiting import waiting
from crm.duplicates.search import search_changed
from crm.merging import merge
from crm.models import Contact, ContactPoint, DuplicateSuggestion
from gateway.history import event_model_of
from tests.admin_clients import who_may_all
from tests.admin_forms import sent_by
from tests.api_clients import client_with
from tests.factories.community import (
    ChannelFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import (
    ConsentFactory,
    ContactFactory,
    ContactRefFactory,
    ConversionFactory,
    EmailFactory,
    NoteFactory,
)

pytestmark = pytest.mark.django_db

BY_HTMX = {"HX-Request": "true"}
NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
LONDON = ZoneInfo("Europe/London")  # the organisation's zone


def everybody_may(permission):
    return True


def nobody_may(permission):
    return False


@pytest.fixture
def ana() -> Client:
    return who_may_all(username="ana")


@pytest.fixture
def forum():
    return ChannelFactory(slug="forum", name="Forum")


@pytest.fixture
def joe(forum):
    contact = ContactFactory(full_name="Joe Bloggs", search_text="joe bloggs")
    return MemberFactory(channel=forum, handle="joe", contact=contact)


@pytest.fixture
def mia(forum):
    return MemberFactory(
        channel=forum, handle="mia", contact=ContactFactory(full_name="Mia Kowalska", search_text="mia")
    )


def record_page(contact):
    return reverse("admin:crm_contact_record_help", args=[contact.pk])


def told(channel, **fields):
    return {"channel": channel.pk, "occurred_at": "2026-03-02T09:00", "outcome": "solved", **fields}


def test_form_knows_me_now_and_the_channel_last_used_with_this_person(ana: Client, joe, forum):
    phone = ChannelFactory(slug="phone", name="Telephone")
    InteractionFactory(channel=forum, member=joe, kind="comment")
    later = dt.datetime(2026, 3, 3, 9, tzinfo=dt.UTC)
    HelpRecordFactory(contact=joe.contact, interaction__channel=phone, interaction__occurred_at=later)
    me = User.objects.get(username="ana")
    HelpRecordFactory(recorded_by=me, helper_user=me, interaction__channel=forum)  # with somebody else

    def minute():
        return timezone.now().astimezone(LONDON).strftime("%Y-%m-%dT%H:%M")

    before = minute()
    shown = ana.get(record_page(joe.contact)).content.decode()

    (now,) = re.findall(r'<input type="datetime-local" name="occurred_at" value="([^"]+)"', shown)
    assert before <= now <= minute()
    assert re.findall(r'<option value="\d+" selected>([^<]+)</option>', shown) == ["Telephone"]
    assert re.findall(r'<input type="text" name="helper_text"[^>]* placeholder="me"', shown)

    ana.post(record_page(joe.contact), {"occurred_at": now, "channel": phone.pk, "outcome": "solved", "helper": ""})
    record = HelpRecord.objects.latest("pk")
    assert (record.contact, record.helper_user, record.interaction.channel) == (joe.contact, me, phone)


def test_saved_help_closes_the_dialog_and_offers_to_undo(ana: Client, joe, forum):
    answer = ana.post(
        record_page(joe.contact), told(forum, question="How?", answer="So.", minutes="12", rating="5"), headers=BY_HTMX
    )

    record = HelpRecord.objects.get()
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Trigger"])["kith:saved"] == {
        "message": "Recorded: help for Joe Bloggs.",
        "undo": f"/admin/community/helprecord/{record.pk}/undo/",
        "undo_label": "Undo",
        "edit": f"/admin/community/helprecord/{record.pk}/edit/",
    }
    assert (record.contact, record.helper_user.username, record.minutes, record.rating) == (joe.contact, "ana", 12, 5)
    assert record.interaction.occurred_at == dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


def test_time_is_read_in_the_organisations_zone(ana: Client, joe, forum):
    ana.post(record_page(joe.contact), told(forum, occurred_at="2026-07-01T09:00"))

    assert HelpRecord.objects.get().interaction.occurred_at == dt.datetime(2026, 7, 1, 8, tzinfo=dt.UTC)


def test_without_javascript_it_is_a_page_that_leads_back(ana: Client, joe, forum):
    assert b"<html" in ana.get(record_page(joe.contact)).content

    answer = ana.post(record_page(joe.contact), told(forum))

    assert (answer.status_code, answer.url) == (302, f"/admin/crm/contact/{joe.contact_id}/change/")


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"rating": "6"}, {"rating"}),
        ({"minutes": "-1"}, {"minutes"}),
        ({"outcome": "great"}, {"outcome"}),
        ({"occurred_at": "2096-01-01T00:00"}, {"occurred_at"}),
        ({"occurred_at": "soon"}, {"occurred_at"}),
        ({"channel": "0"}, {"channel"}),
        ({"helper_text": "nobody at all"}, {"helper_text"}),
        ({"helper_text": "joe"}, {"helper_text"}),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(ana: Client, joe, forum, fields, errors):
    answer = ana.post(record_page(joe.contact), told(forum) | fields, headers=BY_HTMX)

    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == errors
    assert not HelpRecord.objects.exists()


def test_member_who_helped_is_named_by_handle_and_both_pages_show_it(ana: Client, joe, mia, forum):
    ana.post(record_page(joe.contact), told(forum, helper_text="mia", question="Which course?"))

    record = HelpRecord.objects.get()
    assert (record.helper_member, record.helper_user) == (mia, None)
    for contact in (joe.contact, mia.contact):
        page = ana.get(reverse("admin:crm_contact_change", args=[contact.pk]) + "?tab=timeline").content.decode()
        assert "Which course?" in page


def test_somebody_is_found_by_what_was_typed_or_asked_for_again(ana: Client, joe, mia, forum):
    page = reverse("admin:community_helprecord_record")
    ContactFactory(full_name="Joe Other", search_text="joe other")

    unclear = ana.post(page, told(forum, person_text="joe"))
    assert [person.name for person in unclear.context["form"].people] == [
        "Joe Bloggs",
        "Joe Other",
    ]  # his handle is joe
    assert set(ana.post(page, told(forum, person_text="nobody")).context["form"].errors) == {"person_text"}
    assert set(ana.post(page, told(forum)).context["form"].errors) == {"person_text"}

    ana.post(page, told(forum, person_text="blog"))
    assert HelpRecord.objects.get().contact == joe.contact


def test_somebody_new_is_written_with_the_help(ana: Client, forum):
    page = reverse("admin:community_helprecord_record")

    ana.post(
        page,
        told(forum, new_name="Zoë West", new_email="Zoe@Example.com", new_phone="020 7946 0000", new_handle="@zoe"),
    )

    zoe = HelpRecord.objects.get().contact
    assert (zoe.full_name, zoe.stage, zoe.known_as) == ("Zoë West", "lead", "zoe")
    assert zoe.search_text == "zoe west\nzoe\nzoe@example.com\n020 7946 0000\n+442079460000"
    assert zoe.members.get().channel == forum


def saved(answer) -> dict[str, str]:
    return json.loads(answer.headers["HX-Trigger"])["kith:saved"]


@pytest.fixture
def ines() -> Client:
    """A helper."""
    client, user = Client(), UserFactory(username="ines", is_staff=True)
    user.groups.add(Group.objects.get(name="Helper"))
    client.force_login(user)
    return client


def help_for_zoe(client: Client, forum, **fields) -> HelpRecord:
    told_of_her = {"new_name": "Zoë West", "new_email": "zoe@example.com", "new_handle": "zoe", **fields}
    client.post(reverse("admin:community_helprecord_record"), told(forum, **told_of_her))
    return HelpRecord.objects.get()


def undone(client: Client, record: HelpRecord):
    return client.post(reverse("admin:community_helprecord_undo", args=[record.pk]), headers=BY_HTMX)


def test_somebody_added_by_mistake_is_taken_away_with_the_help_that_was_undone(ines: Client, joe, forum):
    record = help_for_zoe(ines, forum)
    zoe, page = record.contact, reverse("admin:community_helprecord_newcomer", args=[record.pk])
    search_changed(now=timezone.now())  # what is alike is no word of anybody
    DuplicateSuggestion.objects.create(first=joe.contact, second=zoe, score=60, found_at=NOW)
    assert saved(ines.post(page, headers=BY_HTMX))["message"] == (
        "Something else is known of this person by now: they stay."  # the help stands
    )

    offered = saved(undone(ines, record))
    assert (offered["edit"], offered["edit_label"]) == (page, "Take the person away too…")
    assert "nothing else is known of them" in ines.get(page).content.decode()
    answer = ines.post(page, headers=BY_HTMX)

    assert saved(answer) == {"message": "Taken away: Zoë West."}
    assert not Contact.objects.filter(pk=zoe.pk).exists()
    assert (HelpRecord.objects.count(), ContactPoint.objects.count()) == (0, 0)
    assert [member.handle for member in Member.objects.all()] == ["joe"]
    assert event_model_of(Contact).objects.get(pgh_obj=zoe.pk, pgh_label="delete").full_name == "Zoë West"
    help_for_zoe(ines, forum)  # and may be added anew


def test_clients_that_follow_hear_that_help_went_with_the_person(ines: Client, forum):
    record = help_for_zoe(ines, forum)
    undone(ines, record)
    since = timezone.now().isoformat()

    ines.post(reverse("admin:community_helprecord_newcomer", args=[record.pk]))

    api = client_with("interactions:read")
    (heard,) = api.get("/api/v1/interactions/", {"updated_since": since}).json()["results"]
    assert (heard["id"], heard["text"], heard["to"]) == (record.interaction_id, "", None)
    assert heard["deleted_at"] >= since[:19]
    assert heard["retract_reason"] == "The help was undone."


def test_an_answer_that_came_from_its_source_stays_when_a_newcomer_is_taken_away(ines: Client, forum):
    record = help_for_zoe(ines, forum)
    Interaction.objects.filter(pk=record.interaction_id).update(kind="answer", to_contact=None, text="Press F5.")
    undone(ines, record)

    ines.post(reverse("admin:community_helprecord_newcomer", args=[record.pk]))

    assert not Contact.objects.filter(pk=record.contact_id).exists()
    answer = Interaction.objects.get()
    assert (answer.text, answer.deleted_at, answer.retracted_at) == ("Press F5.", None, None)


@pytest.mark.parametrize(
    "happens",
    [
        lambda zoe, forum: NoteFactory(contact=zoe),
        lambda zoe, forum: ContactRefFactory(contact=zoe),
        lambda zoe, forum: ConversionFactory(contact=zoe),
        lambda zoe, forum: ConsentFactory(contact=zoe),
        lambda zoe, forum: MemberFactory(contact=zoe),
        lambda zoe, forum: InteractionFactory(channel=forum, member=zoe.members.get()),
        lambda zoe, forum: InteractionFactory(channel=forum, to_contact=zoe),
        lambda zoe, forum: HelpRecordFactory(contact=zoe),
        lambda zoe, forum: zoe.members.update(is_named_here=False),  # the source has brought her
        lambda zoe, forum: merge(survivor_id=zoe.pk, loser_id=ContactFactory().pk, now=NOW),
        lambda zoe, forum: merge(survivor_id=ContactFactory().pk, loser_id=zoe.pk, now=NOW),
        lambda zoe, forum: InteractionFactory(channel=forum, reply_to=Interaction.objects.get(kind="help")),
    ],
    ids=[
        "note", "reference", "order", "consent", "account", "something said", "something said to her", "other help",
        "account of the source", "joined with", "joined into", "a reply",
    ],
)  # fmt: skip
def test_somebody_to_whom_anything_else_happened_stays(ines: Client, forum, happens):
    record = help_for_zoe(ines, forum)
    happens(record.contact, forum)

    assert "edit" not in saved(undone(ines, record))
    answer = ines.post(reverse("admin:community_helprecord_newcomer", args=[record.pk]), headers=BY_HTMX)

    assert "they stay" in saved(answer)["message"]
    assert Contact.objects.filter(pk=record.contact_id).exists()


def test_whoever_was_known_before_the_help_stays(ana: Client, forum):
    zoe = ContactFactory(full_name="Zoë West", owner=User.objects.get(username="ana"))
    ana.post(record_page(zoe), told(forum))
    record = HelpRecord.objects.get()

    assert saved(undone(ana, record)).keys() == {"message", "undo", "undo_label"}
    ana.post(reverse("admin:community_helprecord_newcomer", args=[record.pk]))
    assert Contact.objects.filter(pk=zoe.pk).exists()


def test_a_newcomer_is_taken_away_by_who_added_them_within_the_hour_or_who_may_delete_people(
    ana: Client, ines: Client, forum, monkeypatch
):
    record = help_for_zoe(ines, forum)
    bea, user = Client(), UserFactory(username="bea", is_staff=True)
    user.groups.add(Group.objects.get(name="Helper"))
    bea.force_login(user)
    page = reverse("admin:community_helprecord_newcomer", args=[record.pk])
    undone(ines, record)

    assert (bea.get(page).status_code, bea.post(page).status_code) == (403, 403)
    later = timezone.now() + dt.timedelta(minutes=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert ines.post(page).status_code == 403
    assert Contact.objects.filter(pk=record.contact_id).exists()
    assert ana.post(page).status_code == 302
    assert not Contact.objects.filter(pk=record.contact_id).exists()


def test_help_without_any_channel_says_who_adds_one(ana: Client):
    page = reverse("admin:community_helprecord_record")

    form = ana.post(page, sent_by(ana.get(page).context["form"], new_name="Zoë")).context["form"]

    assert form.errors == {
        "channel": ["Choose a channel. Where there is none yet, an administrator adds one, at Channels."]
    }


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ("Zoë West", "new_name"),
        ("@zoe", "new_name"),
        ("zoe@example.com", "new_email"),
        ("+353 (1) 496-0000", "new_phone"),
        ("Room 12345", "new_name"),
    ],
)
def test_what_nobody_was_found_by_stands_in_the_field_of_somebody_new(ana: Client, forum, typed, field):
    page, people = reverse("admin:community_helprecord_record"), Contact.objects.count()

    form = ana.post(page, told(forum, person_text=typed), headers=BY_HTMX).context["form"]

    filled = {name: form[name].value() for name in form.newcomer_fields if form[name].value()}
    assert (form.errors["person_text"], filled) == (["Nobody found. Add the person below."], {field: typed})
    assert Contact.objects.count() == people


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"new_email": "nowhere"}, "new_email"),
        ({"new_phone": "12"}, "new_phone"),
        ({"new_handle": "joe"}, "new_handle"),
        ({"new_handle": "@"}, "new_handle"),
    ],
)
def test_somebody_new_who_cannot_be_written_leaves_nothing_behind(ana: Client, joe, forum, fields, error):
    joe.external_id = "joe"
    joe.save()
    people = Contact.objects.count()

    answer = ana.post(reverse("admin:community_helprecord_record"), told(forum, **fields))

    assert set(answer.context["form"].errors) == {error}
    assert Contact.objects.count() == people
    assert not Interaction.objects.exists()


@pytest.mark.parametrize("typed", [{"new_email": "JOE@example.com"}, {"new_phone": "020 7946 0000"}])
def test_somebody_new_with_a_known_address_may_be_the_one_who_has_it(ana: Client, joe, forum, typed):
    page, people = reverse("admin:community_helprecord_record"), Contact.objects.count()
    EmailFactory(contact=joe.contact, raw="joe@example.com")
    EmailFactory(contact=joe.contact, kind="phone", raw="+44 20 7946 0000", normalised="+442079460000")
    told_new = told(forum, new_name="J. Bloggs", **typed)

    asked = ana.post(page, told_new, headers=BY_HTMX)

    assert asked.context["form"].errors == {
        "same_person": ["Somebody has this address already. Is it the same person?"]
    }
    shown = asked.content.decode()
    assert f'<input type="radio" name="same_person" value="{joe.contact_id}" autofocus> It is Joe Bloggs' in shown
    assert '<details class="kith-new" open>' in shown
    assert Contact.objects.count() == people

    wrong = ana.post(page, told_new | {"same_person": "999999"}, headers=BY_HTMX)
    assert set(wrong.context["form"].errors) == {"same_person"}
    assert ana.post(page, told_new | {"same_person": joe.contact_id}, headers=BY_HTMX).status_code == 204
    assert (HelpRecord.objects.get().contact, Contact.objects.count()) == (joe.contact, people)

    assert ana.post(page, told_new | {"same_person": "new"}, headers=BY_HTMX).status_code == 204
    added = HelpRecord.objects.latest("pk").contact
    assert (added.full_name, Contact.objects.count()) == ("J. Bloggs", people + 1)


def test_somebody_merged_leads_to_the_person_who_has_the_address(ana: Client, joe, forum):
    former = ContactFactory(full_name="J. B.")
    EmailFactory(contact=former, raw="joe@example.com")
    merge(survivor_id=joe.contact_id, loser_id=former.pk, now=NOW)

    asked = ana.post(reverse("admin:community_helprecord_record"), told(forum, new_email="joe@example.com"))

    assert [(one.id, one.name) for one in asked.context["form"].alike] == [(joe.contact_id, "Joe Bloggs")]


def test_whoever_may_not_see_addresses_learns_nothing_by_adding_somebody(joe, forum):
    EmailFactory(contact=joe.contact, raw="joe@example.com")
    user = UserFactory(is_staff=True)
    names = ["view_contact", "add_contact", "add_helprecord"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    page = reverse("admin:community_helprecord_record")

    answers = [
        client.post(page, told(forum, new_name="Zoë", new_email=email, same_person=answer), headers=BY_HTMX)
        for email in ("joe@example.com", "zoe@example.com")
        for answer in ("", str(joe.contact_id))
    ]

    assert [answer.status_code for answer in answers] == [204, 204, 204, 204]
    assert not HelpRecord.objects.filter(contact=joe.contact).exists()
    assert Contact.objects.filter(full_name="Zoë").count() == 4


def test_help_for_a_question_answers_it(ana: Client, joe, forum):
    thread = ThreadFactory(channel=forum, opened_by=joe, topic="enrolment")
    asked = InteractionFactory(channel=forum, member=joe, thread=thread, text="How do I enrol?")
    page = reverse("admin:community_interaction_record_help", args=[asked.pk])

    form = ana.get(page).context["form"]
    assert (form.initial["question"], form.initial["topic"], form.initial["channel"]) == (
        "How do I enrol?",
        "enrolment",
        forum.pk,
    )
    ana.post(page, told(forum, answer="Here."))

    on = HelpRecord.objects.get().interaction
    assert (on.reply_to, on.thread, on.to_contact) == (asked, thread, joe.contact)


def since_asked(answer) -> tuple[list[str], list[tuple[str, str]]]:
    """What the form tells of what happened since: sentences, and who replied what."""
    since = answer.context["since"]
    return since.notes, [(reply["by"], reply["text"]) for reply in since.replies]


def test_form_tells_who_takes_care_of_a_question_and_who_answered_it(ana: Client, joe, mia, forum):
    asked = InteractionFactory(channel=forum, member=joe, text="How do I enrol?")
    page = reverse("admin:community_interaction_record_help", args=[asked.pk])
    assert since_asked(ana.get(page)) == ([], [])

    dan = UserFactory(first_name="Dan", last_name="Lindqvist")
    claim([asked.pk], user_id=dan.pk, now=dt.datetime(2026, 7, 2, 12, 30, tzinfo=dt.UTC))
    InteractionFactory(channel=forum, member=mia, kind="answer", reply_to=asked, text="By post.")
    InteractionFactory(channel=forum, member=joe, kind="comment", reply_to=asked, text="Anybody?")  # his own
    shown = ana.get(page, headers=BY_HTMX)

    assert since_asked(shown) == (
        ["Dan Lindqvist takes care of this since 2 Jul 2026, 13:30."],
        [("Mia Kowalska", "By post.")],
    )
    assert "<strong>Mia Kowalska</strong> answered on Forum" in shown.content.decode()

    handling = Handling.objects.filter(interaction=asked)
    handling.update(assignee=User.objects.get(username="ana"))
    assert since_asked(ana.get(page))[0] == []  # whoever looks knows
    dismiss([asked.pk], reason="Spam", user_id=dan.pk, now=dt.datetime(2026, 1, 2, 12, 30, tzinfo=dt.UTC))
    assert since_asked(ana.get(page))[0] == ["Dan Lindqvist said on 2 Jan 2026, 12:30 that it needs no reply: Spam"]


def test_what_replied_in_private_is_told_of_without_its_words(joe, mia, forum):
    asked = InteractionFactory(channel=forum, member=joe)
    InteractionFactory(channel=forum, member=mia, kind="direct_message", reply_to=asked, text="secret", is_private=True)
    user, client = UserFactory(is_staff=True), Client()
    names = ["add_helprecord", "view_contact", "view_interaction"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)

    shown = client.get(reverse("admin:community_interaction_record_help", args=[asked.pk]))

    assert since_asked(shown)[1] == [("Mia Kowalska", "Private.")]
    assert b"secret" not in shown.content


def test_what_a_colleague_answered_meanwhile_is_shown_before_it_is_answered_twice(ana: Client, joe, forum):
    asked = InteractionFactory(channel=forum, member=joe, text="How do I enrol?")
    page = reverse("admin:community_interaction_record_help", args=[asked.pk])
    dan = Client()
    dan.force_login(UserFactory(first_name="Dan", is_staff=True, is_superuser=True))
    form = told(forum, answer="With the form.", newest_known_reply=ana.get(page).context["since"].newest)

    assert dan.post(page, told(forum, answer="By post."), headers=BY_HTMX).status_code == 204
    again = ana.post(page, form, headers=BY_HTMX)

    assert again.context["form"].non_field_errors() == [
        "This was answered meanwhile. Save again if your help counts as well."
    ]
    assert since_asked(again) == ([], [("Dan", "By post.")])
    shown = again.content.decode()
    assert "With the form.</textarea>" in shown
    assert HelpRecord.objects.count() == 1

    (newest,) = re.findall(r'name="newest_known_reply" value="(\d+)"', shown)
    assert ana.post(page, form | {"newest_known_reply": newest}, headers=BY_HTMX).status_code == 204
    assert HelpRecord.objects.count() == 2


def test_help_on_the_page_of_somebody_who_waits_answers_their_oldest_question(ana: Client, joe, mia, forum):
    phone = ChannelFactory(slug="phone", name="Telephone")
    thread = ThreadFactory(channel=forum, opened_by=joe, topic="enrolment")

    def asked(day, text, **fields):
        at = dt.datetime(2026, 3, day, 9, tzinfo=dt.UTC)
        return InteractionFactory(**{"channel": forum, "member": joe, "text": text, "occurred_at": at, **fields})

    answered = asked(1, "Is it open?")
    InteractionFactory(channel=forum, member=mia, kind="answer", reply_to=answered)
    oldest = asked(3, "How do I enrol?", thread=thread)
    newer = asked(4, "And by invoice?")
    dismissed = asked(2, "Thanks!")
    dismiss([dismissed.pk], reason="Thanks", user_id=None, now=NOW)
    asked(2, "Somebody else's", member=mia)
    InteractionFactory(
        channel=phone, member=mia, to_member=joe, kind="broadcast", direction="outbound"
    )  # in touch last
    page = record_page(joe.contact)

    form = ana.get(page, headers=BY_HTMX).context["form"]
    assert form.fields["answers"].choices == [
        (oldest.pk, "3 Mar 2026, 09:00 on Forum: How do I enrol?"),
        (newer.pk, "4 Mar 2026, 09:00 on Forum: And by invoice?"),
        ("", "nothing of this"),
    ]
    assert (form.initial["answers"], form.initial["channel"], form.initial["question"]) == (oldest.pk, forum.pk, "")

    at = {"occurred_at": "2026-03-05T09:00"}
    saved = json.loads(ana.post(page, told(forum, answers=oldest.pk, **at), headers=BY_HTMX).headers["HX-Trigger"])
    assert saved["kith:saved"]["message"] == (
        "Recorded: help for Joe Bloggs. It answers what they asked on 3 Mar 2026, 09:00."
    )
    record = HelpRecord.objects.get()
    assert (record.interaction.reply_to, record.interaction.thread) == (oldest, thread)
    assert (record.question, record.topic) == ("How do I enrol?", "enrolment")
    assert [one.pk for one in waiting(now=NOW).filter(person=joe.contact_id)] == [newer.pk]

    assert ana.post(page, told(forum, answers="", question="Parking?", **at), headers=BY_HTMX).status_code == 204
    assert HelpRecord.objects.latest("pk").interaction.reply_to is None
    strange = Interaction.objects.get(text="Somebody else's").pk
    refused = ana.post(page, told(forum, answers=strange, **at), headers=BY_HTMX)
    assert set(refused.context["form"].errors) == {"answers"}

    again = ana.post(page, told(forum, answers=oldest.pk, **at), headers=BY_HTMX)  # from a form that is old
    assert "answered meanwhile" in again.context["form"].non_field_errors()[0]
    assert HelpRecord.objects.count() == 2


def test_what_waits_is_offered_to_those_alone_who_may_see_interactions(joe, forum):
    InteractionFactory(channel=forum, member=joe, text="secret", is_private=True, kind="direct_message")

    def choices(*permissions: str) -> list[str]:
        user, client = UserFactory(is_staff=True), Client()
        held = ["add_helprecord", "view_contact", *permissions]
        user.user_permissions.set(Permission.objects.filter(codename__in=held))
        client.force_login(user)
        form = client.get(record_page(joe.contact)).context["form"]
        return [label for _, label in form.fields["answers"].choices] if "answers" in form.fields else []

    assert choices() == []
    assert choices("view_interaction") == ["2 Mar 2026, 09:00 on Forum: Private.", "nothing of this"]


def test_answers_already_given_are_offered_newest_first_and_only_those(joe, mia, forum):
    thread = ThreadFactory(channel=forum, opened_by=joe)
    question = InteractionFactory(channel=forum, member=joe, thread=thread)

    def answer(day, **fields):
        at = dt.datetime(2026, 3, day, tzinfo=dt.UTC)
        return InteractionFactory(**{"channel": forum, "member": mia, "kind": "answer", "occurred_at": at, **fields})

    wanted = [
        answer(9, to_member=joe),
        answer(8, to_contact=joe.contact, kind="direct_message"),
        answer(7, reply_to=question, kind="comment"),
        answer(6, thread=thread),
    ]
    answer(10, member=joe, thread=thread)  # their own
    answer(10, to_member=mia, member=MemberFactory(channel=forum))  # to somebody else
    answer(10, to_member=joe, kind="like")
    welcome = MemberRoleFactory(role="bot", since=None, member__channel=forum).member
    answer(10, to_member=joe, member=welcome)
    answer(10, to_member=joe, retracted_at=dt.datetime(2026, 3, 11, tzinfo=dt.UTC))
    HelpRecordFactory(contact=joe.contact, interaction=answer(10, to_member=joe))  # help already

    offers = answers_to_mark(joe.contact_id, may=everybody_may)

    assert [offer.interaction_id for offer in offers] == [one.pk for one in wanted]


def test_for_a_question_only_what_answers_it_is_offered(ana: Client, joe, mia, forum):
    thread, other = ThreadFactory(channel=forum, opened_by=joe), ThreadFactory(channel=forum, opened_by=joe)

    def said(day, **fields):
        at = dt.datetime(2026, 3, day, 9, tzinfo=dt.UTC)
        return InteractionFactory(**{"channel": forum, "member": mia, "kind": "comment", "occurred_at": at, **fields})

    asked = said(5, member=joe, kind="question", direction="inbound", thread=thread, text="How do I enrol?")
    welcome = MemberRoleFactory(role="bot", since=None, member__channel=forum).member
    said(3, thread=thread, text="Before it was asked")
    said(9, thread=other, to_member=joe, text="Thank you so much!")
    said(9, to_contact=joe.contact, kind="direct_message", text="On something else")
    said(9, thread=thread, member=joe, text="His own")
    said(9, thread=thread, member=welcome, text="A bot's")
    said(9, thread=thread, to_member=MemberFactory(channel=forum), text="To somebody else")
    reply = said(7, reply_to=asked, kind="direct_message", text="A reply elsewhere")
    in_thread = said(8, thread=thread, text="Below it")
    page = reverse("admin:community_interaction_record_help", args=[asked.pk])

    offers = ana.get(page, headers=BY_HTMX).context["offers"]
    of_thread = ana.get(thread_page(thread), headers=BY_HTMX).context["offers"]
    refused = ana.post(page, {"mark": Interaction.objects.get(text="Thank you so much!").pk}, headers=BY_HTMX)
    ana.post(page, {"mark": in_thread.pk}, headers=BY_HTMX)

    assert [offer.interaction_id for offer in offers] == [in_thread.pk, reply.pk]
    assert of_thread == offers
    assert "is help already, or not there any more" in refused.headers["HX-Trigger"]
    assert HelpRecord.objects.get().interaction == in_thread


def test_what_was_said_is_shown_to_those_alone_who_may_see_interactions(joe, mia, forum):
    """Whoever may record help but not see what happens records it by the contact's page, and is offered no answer."""
    thread = ThreadFactory(channel=forum, opened_by=joe, title="How do I enrol?")
    asked = InteractionFactory(channel=forum, member=joe, kind="question", thread=thread, text="Overheard")
    answer = InteractionFactory(
        channel=forum, member=mia, kind="answer", thread=thread, reply_to=asked, to_member=joe, text="Overheard too"
    )
    pages = [
        reverse("admin:community_interaction_record_help", args=[asked.pk]),
        thread_page(thread),
        record_page(joe.contact),
    ]

    def seen(*permissions: str) -> list[tuple[int, bool]]:
        user, client = UserFactory(is_staff=True), Client()
        held = ["add_helprecord", "view_contact", *permissions]
        user.user_permissions.set(Permission.objects.filter(codename__in=held))
        client.force_login(user)
        answers = [client.get(page) for page in pages] + [client.post(pages[2], {"mark": answer.pk})]
        return [(answer.status_code, "Overheard" in answer.content.decode()) for answer in answers]

    assert seen() == [(403, False), (403, False), (200, False), (403, False)]
    assert seen("view_interaction") == [(200, True), (403, False), (200, True), (302, False)]
    HelpRecord.objects.all().delete()
    assert seen("view_interaction", "view_thread") == [(200, True), (200, True), (200, True), (302, False)]


def test_private_answer_is_offered_without_its_words_to_who_may_not_read_it(joe, mia, forum):
    InteractionFactory(channel=forum, member=mia, kind="direct_message", to_member=joe, is_private=True, text="secret")

    assert [offer.text for offer in answers_to_mark(joe.contact_id, may=nobody_may)] == ["Private."]


def test_answer_is_marked_as_help_by_its_button(ana: Client, joe, mia, forum):
    answer = InteractionFactory(channel=forum, member=mia, kind="answer", to_member=joe)

    ana.post(record_page(joe.contact), {"mark": answer.pk}, headers=BY_HTMX)
    again = ana.post(record_page(joe.contact), {"mark": answer.pk}, headers=BY_HTMX)

    record = HelpRecord.objects.get()
    assert (record.interaction, record.helper_member, record.outcome) == (answer, mia, "helped")
    assert "is help already" in again.headers["HX-Trigger"]


def test_offers_take_a_fixed_number_of_queries(joe, mia, forum, django_assert_max_num_queries):
    for _ in range(20):
        InteractionFactory(channel=forum, member=mia, kind="answer", to_member=joe)

    with django_assert_max_num_queries(6):
        assert len(answers_to_mark(joe.contact_id, may=everybody_may)) == 5


def test_channel_is_the_one_last_in_touch_on_else_the_one_last_recorded_on(joe, forum):
    user = UserFactory()
    phone = ChannelFactory(slug="phone")
    assert usual_channel(joe.contact_id, user_id=user.pk) == forum.pk  # the oldest there is

    HelpRecordFactory(recorded_by=user, interaction__channel=phone)
    assert usual_channel(joe.contact_id, user_id=user.pk) == phone.pk

    InteractionFactory(channel=forum, member=joe)
    assert usual_channel(joe.contact_id, user_id=user.pk) == forum.pk

    later = dt.datetime(2026, 3, 3, 9, tzinfo=dt.UTC)
    HelpRecordFactory(contact=joe.contact, interaction__channel=phone, interaction__occurred_at=later)
    assert usual_channel(joe.contact_id, user_id=user.pk) == phone.pk  # a call came after what he wrote


def test_topics_offered_are_those_used_lately_each_once():
    for topic in ("enrolment", "payment", "", "enrolment"):
        HelpRecordFactory(topic=topic)

    assert topics_in_use() == ["enrolment", "payment"]


def test_edit_changes_the_record_and_undo_and_redo_go_by_post_alone(ana: Client, joe, forum):
    ana.post(record_page(joe.contact), told(forum, topic="enrolment"))
    record = HelpRecord.objects.get()
    edit, undo, redo = (
        reverse(f"admin:community_helprecord_{act}", args=[record.pk]) for act in ("edit", "undo", "redo")
    )

    assert ana.get(edit).context["form"].initial["topic"] == "enrolment"
    ana.post(edit, told(forum, topic="payment"))
    record.refresh_from_db()
    assert (record.topic, record.edited_fields) == ("payment", ["topic"])

    ana.get(undo)
    record.refresh_from_db()
    assert record.withdrawn_at is None
    ana.post(undo)
    record.refresh_from_db()
    assert record.withdrawn_at is not None
    ana.post(redo)
    record.refresh_from_db()
    assert record.withdrawn_at is None


def test_helper_finds_records_and_undoes_and_a_visitor_of_no_role_may_nothing(joe, forum):
    helper, nobody = (UserFactory(is_staff=True) for _ in range(2))
    helper.groups.add(Group.objects.get(name="Helper"))
    client = Client()
    client.force_login(helper)
    assert client.post(record_page(joe.contact), told(forum), headers=BY_HTMX).status_code == 204

    client.force_login(nobody)
    assert client.get(record_page(joe.contact)).status_code == 403
    assert client.get(reverse("admin:community_member_find"), {"q": "joe"}).status_code == 403


def test_helpers_are_found_among_colleagues_and_members(ana: Client, mia):
    found = ana.get(reverse("admin:community_member_find"), {"q": "mia"}).json()["results"]
    colleagues = ana.get(reverse("admin:community_member_find"), {"q": "an"}).json()["results"]

    assert found == [{"id": f"member:{mia.pk}", "name": "Mia Kowalska", "hint": "mia on Forum"}]
    assert [one["name"] for one in colleagues] == ["ana"]


def test_colleague_is_found_by_both_names_and_named_by_the_whole_name(ana: Client, joe, forum):
    bo = UserFactory(first_name="Bo", last_name="Lund")
    UserFactory(first_name="Bo", last_name="Berg")

    found = ana.get(reverse("admin:community_member_find"), {"q": "bo lu"}).json()["results"]
    ana.post(record_page(joe.contact), told(forum, helper_text="bo lund"))

    assert [one["name"] for one in found] == ["Bo Lund"]
    assert HelpRecord.objects.get().helper_user == bo


def test_helpers_are_found_and_named_without_accents(ana: Client, joe, forum):
    rene = UserFactory(first_name="René", last_name="Lindström")
    zoe = MemberFactory(
        channel=forum, handle="zoë", contact=ContactFactory(full_name="Zoë Ørsted", search_text="zoe orsted\nzoe")
    )

    found = ana.get(reverse("admin:community_member_find"), {"q": "zoe"}).json()["results"]
    colleagues = ana.get(reverse("admin:community_member_find"), {"q": "LINDSTROM ren"}).json()["results"]
    ana.post(record_page(joe.contact), told(forum, helper_text="rene lindstrom"))

    assert [one["id"] for one in found] == [f"member:{zoe.pk}"]
    assert [one["name"] for one in colleagues] == ["René Lindström"]
    assert HelpRecord.objects.get().helper_user == rene


def thread_page(thread):
    return reverse("admin:community_thread_record_help", args=[thread.pk])


def test_thread_is_helped_with_its_oldest_question_that_waits(ana: Client, joe, mia, forum):
    thread = ThreadFactory(channel=forum, opened_by=joe, title="Enrolling", topic="enrolment")

    def asked(day, text, **fields):
        return InteractionFactory(
            channel=forum, member=joe, thread=thread, text=text, direction="inbound",
            occurred_at=dt.datetime(2026, 3, day, 9, tzinfo=dt.UTC), **fields,
        )  # fmt: skip

    first = asked(2, "How do I enrol?")
    InteractionFactory(
        channel=forum, member=mia, thread=thread, kind="answer", reply_to=first, text="Like this.",
        occurred_at=dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC),
    )  # fmt: skip
    second = asked(3, "And by invoice?")
    asked(4, "Anybody?")

    form = ana.get(thread_page(thread), headers=BY_HTMX).context["form"]
    ana.post(
        thread_page(thread), told(forum, answer="By order number.", occurred_at="2026-03-05T09:00"), headers=BY_HTMX
    )

    assert (form.person, form.initial["question"], form.initial["topic"]) == (joe.contact, second.text, "enrolment")
    interaction = HelpRecord.objects.get().interaction
    assert (interaction.reply_to, interaction.thread) == (second, thread)


def test_thread_without_a_question_that_waits_is_helped_with_its_first(ana: Client, joe, mia, forum):
    thread = ThreadFactory(channel=forum, opened_by=joe)
    first = InteractionFactory(channel=forum, member=joe, thread=thread, text="How?")
    InteractionFactory(channel=forum, member=mia, thread=thread, kind="answer", reply_to=first)

    assert ana.get(thread_page(thread), headers=BY_HTMX).context["asked"] == first


def test_thread_without_any_question_is_helped_by_its_title_and_opener(ana: Client, joe, forum):
    thread = ThreadFactory(channel=forum, opened_by=joe, title="Enrolling", topic="enrolment")

    form = ana.get(thread_page(thread), headers=BY_HTMX).context["form"]
    ana.post(thread_page(thread), told(forum, question="Enrolling"), headers=BY_HTMX)

    assert (form.person, form.initial["question"], form.initial["channel"]) == (joe.contact, "Enrolling", forum.pk)
    interaction = HelpRecord.objects.get().interaction
    assert (interaction.reply_to, interaction.thread) == (None, thread)
    assert ana.get(reverse("admin:community_thread_record_help", args=[thread.pk + 1])).status_code == 404


def test_answer_within_the_minute_of_its_question_comes_after_it(ana: Client, joe, forum):
    asked_at = dt.datetime(2026, 3, 2, 9, 0, 40, tzinfo=dt.UTC)
    question = InteractionFactory(channel=forum, member=joe, text="How?", occurred_at=asked_at)

    page = reverse("admin:community_interaction_record_help", args=[question.pk])
    ana.post(page, told(forum, occurred_at="2026-03-02T09:00"), headers=BY_HTMX)

    assert HelpRecord.objects.get().interaction.occurred_at == asked_at
    assert not waiting(now=NOW).exists()


def test_editing_help_leaves_its_second(ana: Client, joe, forum):
    at = dt.datetime(2026, 3, 2, 9, 0, 40, tzinfo=dt.UTC)
    record = HelpRecordFactory(contact=joe.contact, interaction__channel=forum, interaction__occurred_at=at)

    edit = reverse("admin:community_helprecord_edit", args=[record.pk])
    ana.post(edit, told(forum, topic="enrolment", helper=f"user:{record.helper_user_id}"), headers=BY_HTMX)

    record.refresh_from_db()
    assert (record.topic, record.interaction.occurred_at) == ("enrolment", at)


def edit_page(record):
    return reverse("admin:community_helprecord_edit", args=[record.pk])


def test_an_old_form_of_help_takes_nothing_back_that_came_meanwhile(ana: Client, joe, forum):
    at = dt.datetime(2026, 3, 2, 9, 0, 40, tzinfo=dt.UTC)
    record = HelpRecordFactory(contact=joe.contact, interaction__channel=forum, interaction__occurred_at=at)
    form = ana.get(edit_page(record)).context["form"]
    phone, mia = ChannelFactory(slug="phone"), UserFactory(username="mia")
    HelpRecord.objects.update(rating=5, outcome="solved", topic="fees", minutes=7, note="Rang.", helper_user=mia)
    Interaction.objects.update(channel=phone, occurred_at=at + dt.timedelta(hours=1))

    answer = ana.post(edit_page(record), sent_by(form, question="How?"), headers=BY_HTMX)

    assert answer.status_code == 204
    record.refresh_from_db()
    assert (record.question, record.edited_fields) == ("How?", ["question"])
    assert (record.rating, record.outcome, record.topic) == (5, "solved", "fees")
    assert (record.minutes, record.note, record.helper_user) == (7, "Rang.", mia)
    assert (record.interaction.channel, record.interaction.occurred_at) == (phone, at + dt.timedelta(hours=1))


def test_help_of_which_two_edit_the_same_is_refused_once_with_what_the_other_wrote(ana: Client, joe, forum):
    record = HelpRecordFactory(contact=joe.contact, interaction__channel=forum, topic="fees")
    form = ana.get(edit_page(record)).context["form"]
    dan = Client()
    dan.force_login(User.objects.create_superuser("dan", first_name="Dan", last_name="Lind"))
    dan.post(edit_page(record), sent_by(dan.get(edit_page(record)).context["form"], note="Rang.", minutes=5))

    refused = ana.post(edit_page(record), sent_by(form, note="Wrote.", topic="payment"), headers=BY_HTMX)

    assert refused.context["form"].errors == {
        "note": ["Dan Lind changed this while you had it open. It is now: Rang. – Save again to put yours instead."]
    }
    again = sent_by(refused.context["form"])
    assert (again["note"], again["topic"], again["minutes"]) == ("Wrote.", "payment", 5)
    assert ana.post(edit_page(record), again, headers=BY_HTMX).status_code == 204
    record.refresh_from_db()
    assert (record.note, record.topic, record.minutes) == ("Wrote.", "payment", 5)


# Clocks in London go back on 26 October 2025 at 2:00, from UTC+1 to UTC, and forward on 30 March at 1:00.
FIRST = dt.datetime(2025, 10, 26, 0, 30, tzinfo=dt.UTC)
SECOND = FIRST + dt.timedelta(hours=1)


def recorded_at(client: Client, page: str, **data) -> dt.datetime:
    answer = client.post(page, data, headers=BY_HTMX)
    assert answer.status_code == 204, answer.context["form"].errors
    return HelpRecord.objects.latest("pk").interaction.occurred_at


def test_the_hour_that_comes_twice_is_its_first_and_the_one_that_never_comes_moves_forward(ana: Client, joe, forum):
    page = record_page(joe.contact)

    assert recorded_at(ana, page, **told(forum, occurred_at="2025-10-26T01:30")) == FIRST
    skipped = dt.datetime(2025, 3, 30, 1, 30, tzinfo=dt.UTC)  # 2:30 of summer
    assert recorded_at(ana, page, **told(forum, occurred_at="2025-03-30T01:30")) == skipped


def test_help_of_the_second_of_two_hours_keeps_it_unless_it_is_changed(ana: Client, joe, forum):
    record = HelpRecordFactory(contact=joe.contact, interaction__channel=forum, interaction__occurred_at=SECOND)
    form = ana.get(edit_page(record)).context["form"]

    assert recorded_at(ana, edit_page(record), **sent_by(form, topic="fees")) == SECOND
    form = ana.get(edit_page(record)).context["form"]
    assert recorded_at(ana, edit_page(record), **sent_by(form, occurred_at="2025-10-26T01:31")) == (
        FIRST + dt.timedelta(minutes=1)
    )


def test_now_in_the_second_of_two_hours_is_that_instant(ana: Client, joe, forum, monkeypatch):
    now = SECOND + dt.timedelta(seconds=40)
    monkeypatch.setattr(timezone, "now", lambda: now)
    form = ana.get(record_page(joe.contact)).context["form"]
    monkeypatch.setattr(timezone, "now", lambda: now + dt.timedelta(minutes=5))

    assert recorded_at(ana, record_page(joe.contact), **sent_by(form)) == now


def test_an_answer_to_a_question_of_the_second_hour_stands_in_the_second_hour(ana: Client, joe, forum):
    asked = InteractionFactory(channel=forum, member=joe, kind="question", occurred_at=SECOND)
    reply = reverse("admin:community_interaction_record_help", args=[asked.pk])

    assert recorded_at(ana, reply, **told(forum, occurred_at="2025-10-26T01:45")) == (SECOND + dt.timedelta(minutes=15))


def test_a_time_that_cannot_be_is_refused_beside_when(ana: Client, joe, forum):
    asked_at = dt.datetime(2026, 3, 2, 9, 0, 40, tzinfo=dt.UTC)
    asked = InteractionFactory(channel=forum, member=joe, kind="question", occurred_at=asked_at)
    reply = reverse("admin:community_interaction_record_help", args=[asked.pk])

    def refusal(page, at):
        return ana.post(page, told(forum, occurred_at=at), headers=BY_HTMX).context["form"].errors

    unlikely = {"occurred_at": ["Give a time between the years 1900 and 2999."]}
    before = {"occurred_at": ["What this answers was asked later: the help cannot have been given by then."]}
    assert refusal(reply, "2026-01-01T09:00") == before
    assert refusal(reply, "2026-03-02T08:59") == before
    for page in (reply, record_page(joe.contact)):
        for year in ("0001", "0026", "1899", "3000", "9999"):
            assert refusal(page, f"{year}-11-29T09:00") == unlikely
    assert not HelpRecord.objects.exists()
    assert recorded_at(ana, reply, **told(forum, occurred_at="2026-03-02T09:00")) == asked_at

    record = HelpRecord.objects.get()
    assert refusal(edit_page(record), "2026-01-01T09:00") == before


def test_list_of_help_offers_to_edit_and_undo_only_to_those_who_may():
    joe = ContactFactory()
    record = HelpRecordFactory(contact=joe)

    def actions(*missing):
        tables = Help().load([joe.pk], now=NOW, may=lambda permission: permission not in missing)[joe.pk].tables
        return [(action.label, action.link.page, action.link.args) for row in tables[0].rows for action in row.actions]

    assert actions() == [
        ("Edit", "admin:community_helprecord_edit", (record.pk,)),
        ("Undo", "admin:community_helprecord_undo", (record.pk,)),
    ]
    assert actions("community.change_helprecord") == []
    assert actions("community.view_private_interaction") == actions()
    Interaction.objects.update(is_private=True)
    assert actions("community.view_private_interaction") == []
