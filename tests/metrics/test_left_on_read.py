"""The queue in the admin and over HTTP, and the page with the response times."""

import datetime as dt
import json
import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from community.handling import claim, dismiss, snooze
from community.models import BusinessHours, Colleague, Handling, OpeningTime
from config.roles import ANALYST, HELPER
from crm.periods import organisation_zone
from crm.search import refresh_search_text
from gateway.history import history_of
from metrics.admin.left_on_read import in_words
from metrics.admin.waiting_acts import snoozed_until
from metrics.models import PersonDay
from tests.admin_clients import who_may, who_may_all, with_role
from tests.api_clients import client_with
from tests.factories.community import (
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory, EmailFactory

pytestmark = pytest.mark.django_db

PAGE = "/admin/community/waitinginteraction/"


@pytest.fixture
def question():
    """Asked three hours ago by Joe, who brought 120.00 of which 40.00 were credited."""
    joe = ContactFactory(full_name="Joe Bloggs")
    PersonDay.objects.create(
        person_id=joe.pk, day=dt.date(2026, 3, 20), results=1, conversions=1, revenue_minor=12000,
        credited_minor=4000, unattributed_minor=8000,
    )  # fmt: skip
    return InteractionFactory(
        member=MemberFactory(contact=joe), text="How do I enrol?", occurred_at=timezone.now() - dt.timedelta(hours=3)
    )


def act(client: Client, row, name: str, **said: str):
    return client.post(
        reverse(f"admin:community_waitinginteraction_{name}", args=[row.pk]), said, headers={"HX-Request": "true"}
    )


@pytest.mark.parametrize("search", ["", "joe", "joe enrol"])
def test_the_list_and_its_search_join_no_more_tables_than_postgresql_puts_in_order(question, search):
    """Above its `join_collapse_limit` it would begin with all interactions: 5 s among a million instead of 0.15."""
    page = who_may_all().get(PAGE, {"q": search})
    rows = page.context["cl"].queryset

    compiler = rows.query.chain().get_compiler("default")
    compiler.pre_sql_setup()  # brings in the tables that are read along
    joined = [alias for alias, used in compiler.query.alias_refcount.items() if used]

    assert [row.pk for row in page.context["cl"].result_list] == [question.pk]
    assert len(joined) + 1 <= 8, joined  # and what waits, by its ids


@pytest.mark.usefixtures("whole_pages")  # the number in the menu
def test_the_list_says_who_waits_where_how_long_and_what_they_brought(question):
    type(question.channel).objects.update(name="Forum", reply_target_minutes=60)
    page = who_may_all().get(PAGE).content.decode()

    assert "How do I enrol?" in page
    assert "Joe Bloggs" in page
    assert 'data-label="Where">Forum, question</td>' in page
    assert "3 h 0 min" in page
    assert "kith-late" in page
    assert "120.00" in page
    assert "40.00 credited to touches" in page
    assert '<span id="kith-waiting">1</span>' in page


def test_what_is_shown_unless_asked_otherwise_is_called_what_it_is(question):
    shown = who_may_all().get(PAGE).context["cl"]

    (state,) = (spec for spec in shown.filter_specs if spec.title == "state")
    (choice,) = state.choices(shown)
    assert [label for _, label in choice["form"].fields["state"].choices] == ["Waits", "Snoozed", "Needs no reply"]


def test_who_asked_is_found_without_accents(question):
    zoe = InteractionFactory(member=MemberFactory(handle="Zoë_Wäld"), text="When?", occurred_at=timezone.now())

    page = who_may_all().get(PAGE, {"q": "zoe_wald"})

    assert [row.pk for row in page.context["cl"].result_list] == [zoe.pk]


def test_whoever_may_not_know_values_or_private_words_does_not_see_them(question):
    type(question).objects.update(is_private=True)
    page = who_may("view_interaction").get(PAGE).content.decode()

    assert "Private." in page
    assert "How do I enrol?" not in page
    assert "120.00" not in page
    assert "/claim/" not in page
    assert who_may("view_contact").get(PAGE).status_code == 403


def test_an_empty_queue_says_nothing_of_what_was_answered_long_ago_and_imported_now():
    InteractionFactory(kind="answer", occurred_at=dt.datetime(2012, 3, 2, 9, tzinfo=dt.UTC))

    page = who_may_all().get(PAGE).content.decode()

    assert "Nobody is waiting." in page
    assert "2012" not in page


def test_what_is_done_leaves_the_queue_and_comes_back_when_undone(question):
    client = who_may_all()

    snoozed = act(client, question, "snooze", until="tomorrow")
    assert snoozed.status_code == 204
    assert f"{question.pk}/wake/" in snoozed["HX-Trigger"]
    assert "How do I enrol?" not in client.get(PAGE).content.decode()
    assert "How do I enrol?" in client.get(PAGE, {"state": "snoozed"}).content.decode()
    assert act(client, question, "wake").status_code == 204
    assert "How do I enrol?" in client.get(PAGE).content.decode()

    assert act(client, question, "dismiss", reason="").status_code == 200  # the form again, with its error
    assert act(client, question, "dismiss", reason="He thanked us").status_code == 204
    page = client.get(PAGE).content.decode()
    assert "Nobody is waiting." in page
    assert "He thanked us" in client.get(PAGE, {"state": "dismissed"}).content.decode()
    assert act(client, question, "restore").status_code == 204
    assert "How do I enrol?" in client.get(PAGE).content.decode()


def test_whoever_claims_second_is_told_who_has_it(question):
    ana, bo = who_may_all(first_name="Ana", last_name="Berg"), who_may_all()

    assert act(ana, question, "claim").status_code == 204
    told = act(bo, question, "claim")

    assert told.status_code == 200
    assert told["HX-Retarget"] == "#kith-dialog"
    assert "Ana Berg takes care of this already" in told.content.decode()
    assert Handling.objects.get().assignee == ana.user
    assert "How do I enrol?" in ana.get(PAGE, {"by": "me"}).content.decode()
    assert "How do I enrol?" not in bo.get(PAGE, {"by": "me"}).content.decode()
    assert "How do I enrol?" not in bo.get(PAGE, {"by": "nobody"}).content.decode()


def undo_of(answer) -> str:
    return json.loads(answer["HX-Trigger"])["kith:saved"].get("undo", "")


def test_undoing_gives_it_back_to_whoever_had_it(question):
    ana, bo, cy = who_may_all(), UserFactory(is_staff=True), UserFactory(is_staff=True)

    def holder():
        return Handling.objects.get().assignee

    first = act(ana, question, "assign", user=str(bo.pk))
    assert holder() == bo
    second = act(ana, question, "assign", user=str(cy.pk))
    assert holder() == cy
    released = act(ana, question, "release")
    assert holder() is None

    for answer, back_to in ((released, cy), (second, bo), (first, None)):
        assert ana.post(undo_of(answer), headers={"HX-Request": "true"}).status_code == 204
        assert holder() == back_to


def test_undoing_brings_a_snooze_and_a_dismissal_back_as_they_were(question):
    ana = who_may_all()
    act(ana, question, "snooze", until="tomorrow", day="2199-05-04")
    act(ana, question, "dismiss", reason="He thanked us")
    of_queue = ("snoozed_at", "snoozed_until", "dismissed_at", "dismissed_by", "dismiss_reason")
    (before,) = Handling.objects.values(*of_queue)

    for name, emptied in (("wake", "snoozed_until"), ("restore", "dismiss_reason")):
        done, again = act(ana, question, name), act(ana, question, name)
        assert not Handling.objects.values_list(emptied, flat=True).get()
        assert undo_of(again) == ""
        assert ana.post(undo_of(done), headers={"HX-Request": "true"}).status_code == 204
        assert [*Handling.objects.values(*of_queue)] == [before]


def test_several_are_dismissed_at_once_by_those_who_may(question):
    other = InteractionFactory()
    chosen = {"action": "dismiss_spam", "_selected_action": [question.pk, other.pk]}

    who_may("view_interaction").post(PAGE, chosen)
    assert not Handling.objects.exists()
    who_may_all().post(PAGE, chosen)

    assert set(Handling.objects.values_list("interaction_id", "dismiss_reason")) == {
        (question.pk, "Spam"),
        (other.pk, "Spam"),
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("bloggs", 1),  # the name of the person, whose record is another
        ("Joe enrol", 1),  # one word of the name, one of what was said
        ("JB", 1),  # what they would rather be called
        ("joe77", 1),  # the handle
        ("joe pay", 0),  # each word has to be there
        ("hushmail", 0),  # no address
        ("nobody", 0),
        ("", 2),
    ],
)
def test_whoever_asked_is_found_by_name_in_the_admin_and_over_the_api(question, text, number):
    person = ContactFactory(full_name="Joanne Bloggs", preferred_name="JB")
    EmailFactory(contact=person, raw="x@hushmail.example", normalised="x@hushmail.example")
    refresh_search_text([person.pk])
    joe = question.member
    joe.handle, joe.contact.merged_into = "joe77", person
    joe.save()
    joe.contact.save()
    InteractionFactory(text="How do I pay?")
    asked = {"search": text} if text else {}

    admin_page = with_role(HELPER).get(PAGE, {"q": text})
    answer = client_with("waiting:read").get("/api/v1/waiting/", asked).json()

    assert admin_page.context["cl"].result_count == number
    assert len(answer["results"]) == number
    if number == 1:
        assert "Joanne Bloggs" in admin_page.content.decode()
        assert answer["results"][0]["contact_name"] == "Joanne Bloggs"


def test_what_was_said_in_private_is_found_by_who_asked_and_by_its_words_only_where_they_may_be_read(question):
    type(question).objects.update(is_private=True)

    def found(text: str) -> tuple[int, int, int, int]:
        pages = [with_role(role).get(PAGE, {"q": text}).context["cl"].result_count for role in (HELPER, ANALYST)]
        keys = [client_with("waiting:read", "private-interactions:read"), client_with("waiting:read")]
        return (*pages, *(len(key.get("/api/v1/waiting/", {"search": text}).json()["results"]) for key in keys))

    assert found("Bloggs") == (1, 1, 1, 1)
    assert found("enrol") == found("Bloggs enrol") == (1, 0, 1, 0)


def chosen(client: Client, action: str, *rows, **said: str):
    """Choose an action for some rows of the list, as its form does."""
    return client.post(PAGE, {"action": action, "_selected_action": [row.pk for row in rows], **said}, follow=True)


def confirmed(client: Client, asked, **said: str):
    """Answer what an action asks."""
    hidden = dict(re.findall(r'<input type="hidden" name="(action|chosen|_selected_action)" value="([^"]*)">', asked))
    return client.post(PAGE, {**hidden, **said}, follow=True).content.decode()


def undo_in(page: str) -> str:
    """Return the address that the button in the message posts to: it takes it back."""
    (address,) = re.findall(r'<form method="post" action="([^"]*/waitinginteraction/undo/[^"]*)"', page)
    return unescape(address)


def holders() -> dict[int, str | None]:
    return dict(Handling.objects.values_list("interaction_id", "assignee__username"))


def test_many_are_assigned_to_a_colleague_and_given_back_to_whoever_had_them(question):
    other, third = InteractionFactory(), InteractionFactory()
    ana = who_may_all(username="ana")
    bo, cy = UserFactory(username="bo", is_staff=True), UserFactory(username="cy", is_staff=True, first_name="Cy")
    claim([other.pk], user_id=bo.pk, now=timezone.now())

    asked = chosen(ana, "assign", question, other).content.decode()
    assert "Assign 2 messages left on read" in asked
    assert holders() == {other.pk: "bo"}
    assert "This field is required." in confirmed(ana, asked)
    page = confirmed(ana, asked, user=str(cy.pk))

    assert "Assigned to Cy: 2." in page
    assert holders() == {question.pk: "cy", other.pk: "cy"}
    assert {history_of(row)[0].who for row in Handling.objects.all()} == {"ana"}
    assert act(ana, third, "claim").status_code == 204
    undo = undo_in(page)
    assert ana.get(undo).status_code == 200  # to look at it does nothing
    assert holders()[other.pk] == "cy"
    assert "Undone for 2." in ana.post(undo, follow=True).content.decode()
    assert holders() == {question.pk: None, other.pk: "bo", third.pk: "ana"}
    assert "There is nothing to take back" in ana.post(undo).content.decode()


def test_taking_back_leaves_what_others_have_done_since_and_is_for_whoever_did_it(question):
    other = InteractionFactory()
    ana, bo = who_may_all(username="ana"), who_may_all(username="bo")
    page = chosen(ana, "dismiss_spam", question, other).content.decode()
    assert "Dismissed: 2." in page
    undo = undo_in(page)

    assert "There is nothing to take back" in bo.post(undo).content.decode()
    for name in ("restore", "claim"):
        assert act(bo, other, name).status_code == 204
    assert "Undone for 1." in ana.post(undo, follow=True).content.decode()

    assert holders() == {question.pk: None, other.pk: "bo"}
    assert not Handling.objects.exclude(dismissed_at=None).exists()
    assert "There is nothing to take back" in ana.post(f"{undo.partition('?')[0]}?act=x").content.decode()


def test_taking_back_brings_back_what_was_snoozed_and_dismissed_before(question):
    now = timezone.now()
    until = now + dt.timedelta(days=3)
    snooze([question.pk], until=until, now=now)
    ana = who_may_all(username="ana")
    undo = undo_in(ana.post(f"{PAGE}?state=snoozed", {"action": "wake", "_selected_action": question.pk}, follow=True)
                   .content.decode())  # fmt: skip
    assert Handling.objects.get().snoozed_until is None

    ana.post(undo)

    row = Handling.objects.get()
    assert (row.snoozed_at, row.snoozed_until, row.dismiss_reason) == (now, until, "")


def test_taking_back_leads_to_the_list_as_it_was(question):
    ana = who_may_all(username="ana")
    asked = {"action": "claim", "_selected_action": question.pk}
    undo = undo_in(ana.post(f"{PAGE}?by=nobody&q=how+do", asked, follow=True).content.decode())

    assert f'href="{PAGE}?by=nobody&amp;q=how+do"' in ana.get(undo).content.decode()  # whoever would rather not
    answer = ana.post(undo)
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?by=nobody&q=how+do")

    undo = undo_in(chosen(ana, "claim", question).content.decode())
    answer = ana.post(f"{undo.partition('&')[0]}&list=//elsewhere.example/%0d%0aX:1")
    assert answer["Location"] == f"{PAGE}?%2F%2Felsewhere.example%2F%0D%0AX%3A1="


def test_of_many_what_is_free_is_claimed_and_what_colleagues_have_is_named(question):
    """On 24 October 2026 it is an hour later in London than in UTC."""
    ines = MemberFactory(contact=ContactFactory(full_name="Ines Berg"), channel__name="Forum")
    others = [InteractionFactory(member=ines, channel=ines.channel) for _ in range(7)]
    bo = UserFactory(username="bo", first_name="Bo", last_name="Lund")
    claim([others[0].pk], user_id=bo.pk, now=dt.datetime(2026, 10, 24, 7, 15, tzinfo=dt.UTC))
    ana = who_may_all(username="ana")

    page = chosen(ana, "claim", question, others[0]).content.decode()

    assert "Claimed: 1. Others take care of: Ines Berg on Forum (Bo Lund, since 24 Oct 2026, 08:15)." in page
    assert holders() == {question.pk: "ana", others[0].pk: "bo"}
    assert "Undone for 1." in ana.post(undo_in(page), follow=True).content.decode()
    assert holders() == {question.pk: None, others[0].pk: "bo"}

    claim([one.pk for one in others], user_id=bo.pk, now=timezone.now())
    page = chosen(ana, "claim", *others).content.decode()
    assert "Claimed: 0. Others take care of: " in page
    assert page.count("Ines Berg on Forum (") == 5
    assert "and 2 more." in page


def test_whoever_may_not_handle_it_neither_does_it_to_many_nor_takes_it_back(question):
    undo = undo_in(chosen(who_may_all(), "claim", question).content.decode())
    reader = who_may("view_interaction")

    assert reader.post(undo).status_code == 403
    assert reader.get(undo).status_code == 403
    for action in ("assign", "snooze", "release"):
        assert chosen(reader, action, question, chosen=str(question.pk), user=str(reader.user.pk)).status_code == 200
    assert Handling.objects.get().assignee is not None


def test_many_are_snoozed_until_a_time_or_a_day(question):
    other = InteractionFactory()
    client = who_may_all()

    asked = chosen(client, "snooze", question, other).content.decode()
    day = timezone.localdate() + dt.timedelta(days=40)
    page = confirmed(client, asked, until="tomorrow", day=day.isoformat())

    assert "Snoozed until" in page
    assert page.count(": 2.") == 1
    eight = dt.datetime.combine(day, dt.time(8), organisation_zone())
    assert set(Handling.objects.values_list("snoozed_until", flat=True)) == {eight}
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    assert "Snooze until a time that is still to come." in confirmed(
        client, asked, until="tomorrow", day=yesterday.isoformat()
    )


@pytest.mark.parametrize(
    ("until", "day", "expected"),
    [
        ("hours", None, "2026-03-27T14:30+00:00"),
        ("tomorrow", None, "2026-03-28T08:00+00:00"),
        ("next_week", None, "2026-03-30T07:00+00:00"),  # Monday, after the clocks went forward
        ("hours", dt.date(2026, 4, 1), "2026-04-01T07:00+00:00"),
    ],
)
def test_mornings_are_those_of_the_organisation(settings, until, day, expected):
    settings.KITH_TIME_ZONE = "Europe/London"
    friday = dt.datetime(2026, 3, 27, 10, 30, tzinfo=dt.UTC)

    assert snoozed_until({"until": until, "day": day}, now=friday) == dt.datetime.fromisoformat(expected)


@pytest.mark.parametrize("action", ["claim", "dismiss_spam"])
def test_what_is_done_to_many_asks_as_many_questions_for_two_as_for_twenty(action):
    client = who_may_all()

    def questions(number: int) -> tuple[int, int]:
        rows = [InteractionFactory() for _ in range(number)]
        with CaptureQueriesContext(connection) as queries:
            client.post(PAGE, {"action": action, "_selected_action": [row.pk for row in rows]})
        with CaptureQueriesContext(connection) as undoing:
            page = client.get(PAGE).content.decode()
            client.post(undo_in(page))
        return len(queries), len(undoing)

    questions(1)
    assert questions(2) == questions(20)


def test_a_helper_sees_what_one_person_brought_and_not_what_everybody_did(question):
    helper = with_role(HELPER)
    joe = question.member.contact_id

    queue = helper.get(PAGE).content.decode()
    assert "120.00" in queue
    assert "40.00 credited to touches" in queue
    page = helper.get(f"/admin/crm/contact/{joe}/change/").content.decode()
    assert "kith-tile-revenue_credited" in page
    assert "120.00" in page
    assert "kith-tile-roi" not in page
    assert "conversionresult" not in page
    assert "creditrow" not in page
    for address in ("metrics/persondayrow/", "metrics/creditrow/", "metrics/totalday/", "response-times/"):
        assert helper.get(f"/admin/{address}").status_code == 403
    assert "kith-tile-roi" in with_role(ANALYST).get(f"/admin/crm/contact/{joe}/change/").content.decode()


def test_who_brought_nothing_brought_0_and_comes_after_who_brought_something(question):
    new = InteractionFactory(member__contact=ContactFactory(full_name="Eve"), occurred_at=question.occurred_at)
    unknown = InteractionFactory(member=None, occurred_at=question.occurred_at)

    page = who_may_all().get(PAGE, {"o": "-4"})  # Brought, most first
    told = client_with("waiting:read", "credits:read").get("/api/v1/waiting/").json()["results"]

    assert [row.pk for row in page.context["cl"].result_list] == [question.pk, new.pk, unknown.pk]
    assert [row.revenue_minor for row in page.context["cl"].result_list] == [12000, 0, None]
    assert "0.00 credited to touches" in page.content.decode()
    assert {row["id"]: (row["revenue"], row["revenue_credited"]) for row in told} == {
        question.pk: ("120.00", "40.00"),
        new.pk: ("0.00", "0.00"),
        unknown.pk: (None, None),
    }


def test_the_list_asks_as_many_questions_for_two_as_for_twenty(question):
    client = who_may_all()

    def questions() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(PAGE).status_code == 200
        return len(queries)

    questions()
    InteractionFactory()
    before = questions()
    for _ in range(18):
        InteractionFactory(member__contact=ContactFactory())

    assert questions() == before <= 25


def test_spans_are_told_in_their_two_largest_units():
    assert [in_words(seconds) for seconds in (0, 59, 420, 7_500, 270_000)] == [
        "0 min", "0 min", "7 min", "2 h 5 min", "3 d 3 h",
    ]  # fmt: skip


def test_response_times_page(question):
    ana = MemberFactory(channel=question.channel, handle="ana")
    MemberRoleFactory(member=ana, role="staff", since=None)
    InteractionFactory(
        channel=question.channel, member=ana, kind="answer", reply_to=question,
        occurred_at=question.occurred_at + dt.timedelta(hours=2),
    )  # fmt: skip

    page = who_may_all().get(reverse("response-times"), {"period": "last_30_days"})
    assert "By member of staff" not in page.content.decode()
    address = page.context["later"].url
    assert address == f"{reverse('response-times-figures')}?period=last_30_days"
    assert f'hx-get="{address}"' in page.content.decode()

    part = who_may_all().get(address, headers={"HX-Request": "true"}).content.decode()
    assert str(question.channel) in part
    assert "By member of staff" in part
    assert "ana" in part
    assert "2.00" in part
    assert "No business hours are defined" in part
    assert "<html" not in part
    # A browser without JavaScript follows the link to the same as a page.
    whole = who_may_all().get(address).content.decode()
    assert "<html" in whole
    assert part.strip() in whole
    for name in ("response-times", "response-times-figures"):
        assert who_may("view_interaction").get(reverse(name)).status_code == 403


def test_response_times_of_one_channel_and_of_one_colleague(question):
    """Ana replied to one of two questions on the forum by her account, and to one elsewhere by her login."""
    asked = {"occurred_at": question.occurred_at}
    InteractionFactory(channel=question.channel, **asked)
    elsewhere = InteractionFactory(**asked)
    ana = MemberFactory(channel=question.channel, handle="ana")
    MemberRoleFactory(member=ana, role="staff", since=None)
    replied_at = question.occurred_at + dt.timedelta(hours=1)
    InteractionFactory(channel=question.channel, member=ana, kind="answer", reply_to=question, occurred_at=replied_at)
    login = UserFactory(first_name="Ana", last_name="Berg", is_staff=True)
    InteractionFactory(
        channel=elsewhere.channel, member=None, user=login, kind="answer", reply_to=elsewhere, occurred_at=replied_at
    )
    Colleague.objects.create(user=login, contact=ana.contact)
    client, key = who_may_all(), f"p{ana.contact_id}"
    forum, other = question.channel, elsewhere.channel

    def shown(**narrowed: str):
        page = client.get(reverse("response-times"), {"period": "all_time", **narrowed})
        part = client.get(page.context["later"].url, headers={"HX-Request": "true"})
        rows = [
            [(row.values[0], row.values[1], row.values[2]) for row in table.rows]
            for table in part.context["tables"][:2]
        ]
        return page.content.decode(), part.context["figures"][0].note, *rows

    page, note, channels, staff = shown(staff=key)
    assert f'<option value="{key}" selected>Ana Berg</option>' in page
    assert f"period=last_30_days&amp;staff={key}" in page
    assert note == "2 of 3"
    assert channels == [(forum.name, 2, 1), (other.name, 1, 1), ("All", 3, 2)]
    assert staff == [("Ana Berg", 3, 2)]
    _, note, channels, staff = shown(channel=forum.slug)
    assert note == "1 of 2; 1 without a reply"
    assert (channels, staff) == ([(forum.name, 2, 1), ("All", 2, 1)], [("Ana Berg", 2, 1)])
    _, _, channels, staff = shown(channel=other.slug, staff=key)
    assert (channels, staff) == ([(other.name, 1, 1), ("All", 1, 1)], [("Ana Berg", 1, 1)])
    _, note, *_ = shown(channel="nowhere", staff="u0")
    assert note == "2 of 3; 1 without a reply"

    key_of_api = client_with("responses:read")
    answer = key_of_api.get(
        "/api/v1/responses/", {"by": "channel", "staff": f"u{login.pk}", "channel": forum.slug}
    ).json()
    assert [(row["name"], row["asked"], row["replied"]) for row in answer["rows"]] == [(forum.name, 2, 1)]
    assert (answer["total"]["asked"], answer["total"]["replied"], answer["total"]["repliers"]) == (2, 1, 1)
    assert key_of_api.get("/api/v1/responses/", {"staff": "ana"}).status_code == 400


def test_what_nobody_replied_to_stands_beside_the_times_of_each_channel(question):
    """Of three questions Ana answered one and looked into one, a fourth was dismissed; on another channel one waits."""
    ana = MemberFactory(channel=question.channel, handle="ana")
    MemberRoleFactory(member=ana, role="staff", since=None)
    asked = {"channel": question.channel, "occurred_at": question.occurred_at}
    looked_into, _ = InteractionFactory(**asked), InteractionFactory(**asked)
    for kind, to in (("answer", question), ("comment", looked_into)):
        replied_at = question.occurred_at + dt.timedelta(hours=1)
        InteractionFactory(channel=question.channel, member=ana, kind=kind, reply_to=to, occurred_at=replied_at)
    other = InteractionFactory(occurred_at=question.occurred_at).channel
    dismiss([InteractionFactory(**asked).pk], reason="thanks", user_id=None, now=timezone.now())

    address = reverse("response-times-figures")
    shown = who_may_all().get(address, {"period": "last_30_days"}).context
    channels, staff, *_ = shown["tables"]
    answer = client_with("responses:read").get("/api/v1/responses/", {"by": "channel"}).json()

    labels = [column.label for column in channels.columns]
    assert labels[4:7] == ["Without reply", "Dismissed", "First reply, mean h"]
    assert labels[10:12] == ["First answer, median h", "Unanswered"]
    assert {(row.values[0], row.values[1], *row.values[4:6], row.values[11]) for row in channels.rows} == {
        (question.channel.name, 3, 1, 1, 2),
        (other.name, 1, 1, 0, 1),
        ("All", 4, 2, 1, 3),
    }
    assert shown["figures"][0].note == "2 of 4; 2 without a reply; 1 dismissed"
    assert not {"Without reply", "Dismissed", "Unanswered"} & {column.label for column in staff.columns}
    names = ("name", "unreplied", "dismissed", "unanswered")
    assert [tuple(row[name] for name in names) for row in [*answer["rows"], answer["total"]]] == [
        (question.channel.name, 1, 1, 2),
        (other.name, 1, 0, 1),
        ("All", 2, 1, 3),
    ]


def test_every_time_stands_on_the_page_by_both_clocks(question):
    """Asked on Friday at 16:00, answered by Ana on Monday at 10:00, after two hours of the office, and accepted."""
    week = BusinessHours.objects.create(name="Office", time_zone="UTC", is_default=True)
    for day in range(5):
        OpeningTime.objects.create(hours=week, weekday=day, opens="09:00", closes="17:00")
    thread = ThreadFactory(channel=question.channel, opened_by=question.member)
    question.thread, question.occurred_at = thread, dt.datetime(2026, 3, 6, 16, tzinfo=dt.UTC)
    question.save()
    ana = MemberFactory(channel=question.channel, handle="ana")
    MemberRoleFactory(member=ana, role="staff", since=None)
    thread.accepted_answer = InteractionFactory(
        channel=question.channel, member=ana, kind="answer", thread=thread, reply_to=question,
        occurred_at=dt.datetime(2026, 3, 9, 10, tzinfo=dt.UTC),
    )  # fmt: skip
    thread.save()

    shown = who_may_all().get(reverse("response-times-figures"), {"period": "all_time"}).context

    rates, times_shown = shown["tables"][:2], shown["tables"][2:]
    by_channel, by_staff = ([row.values for row in table.rows] for table in times_shown)
    times = [(until, 1, 66, 66, 66, 2, 2, 2) for until in ("First reply", "First answer", "Resolution")]
    forum = str(question.channel)
    assert by_channel == [(name, *time) for name in (forum, "All") for time in times]
    assert by_staff == [("ana", *time) for time in times]
    assert [table.rows[0].values[-3] for table in rates] == [1, 1]  # the share that was resolved


def test_leads_that_nobody_replied_to_stand_on_the_page(question):
    def shown():
        figures = who_may_all().get(reverse("response-times-figures"), {"period": "last_30_days"}).context["figures"]
        (leads,) = (figure for figure in figures if figure.label == "Leads replied to")
        return leads.value, leads.note

    assert shown() == (None, "No lead was received")
    lead, _ = (InteractionFactory(kind="lead", occurred_at=question.occurred_at) for _ in range(2))
    InteractionFactory(
        channel=lead.channel, member=None, user=UserFactory(), kind="direct_message", reply_to=lead,
        occurred_at=question.occurred_at + dt.timedelta(hours=1),
    )  # fmt: skip
    assert shown() == (Decimal("0.5"), "1 of 2; 1 without a reply")


def test_the_api_lists_what_waits_oldest_first_page_by_page(question):
    type(question).objects.update(is_private=True)
    newer = InteractionFactory(kind="direct_message", occurred_at=timezone.now() - dt.timedelta(hours=1))
    client = client_with("waiting:read", "credits:read")

    first = client.get("/api/v1/waiting/", {"limit": 1}).json()
    (row,) = first["results"]
    assert (row["id"], row["contact_name"], row["text"], row["revenue"]) == (question.pk, "Joe Bloggs", None, "120.00")
    assert Decimal(row["revenue_credited"]) == 40
    assert 10_800 <= row["waiting_seconds"] <= 10_900
    assert row["business_seconds"] >= 10_800
    (second,) = client.get(first["next"]).json()["results"]
    assert second["id"] == newer.pk
    only = client.get("/api/v1/waiting/", {"kind": "direct_message"}).json()["results"]
    assert [one["id"] for one in only] == [newer.pk]


def test_the_api_tells_what_somebody_brought_to_those_who_may_see_money(question):
    def told(*scopes):
        (row,) = client_with(*scopes).get("/api/v1/waiting/").json()["results"]
        return row["revenue"], row["revenue_credited"]

    assert told("waiting:read", "credits:read") == ("120.00", "40.00")
    assert told("waiting:read", "roi:read", "conversions:read") == (None, None)


def test_the_api_narrows_what_waits_by_its_place_and_by_who_takes_care(question):
    other = InteractionFactory(kind="direct_message", occurred_at=timezone.now() - dt.timedelta(hours=1))
    UserFactory(username="ana")
    client = client_with("waiting:write", "waiting:read")
    client.post(f"/api/v1/waiting/{question.pk}/claim/", {"user": "ana"}, format="json")

    def found(**query):
        return [row["id"] for row in client.get("/api/v1/waiting/", query).json()["results"]]

    assert found() == [question.pk, other.pk]
    assert found(channel=question.channel.slug) == found(assignee="ana") == found(is_assigned="true") == [question.pk]
    assert found(channel=other.channel.slug) == found(is_assigned="false") == [other.pk]
    assert found(assignee="bo") == []
    for kind in ("questoin", "answer"):
        (error,) = client.get("/api/v1/waiting/", {"kind": kind}).json()["errors"]
        assert (error["parameter"], error["code"]) == ("kind", "unknown_choice")
        assert error["message"] == "One of 'comment', 'direct_message', 'lead' or 'question'."


def test_acts_over_the_api(question):
    UserFactory(username="ana")
    UserFactory(username="bo")
    client = client_with("waiting:write", "waiting:read")

    def do(name, **body):
        return client.post(f"/api/v1/waiting/{question.pk}/{name}/", body, format="json")

    assert do("claim", user="ana").json()["assignee"] == "ana"
    refused = do("claim", user="bo")
    assert (refused.status_code, refused.json()["code"], refused.json()["assignee"]) == (409, "already_claimed", "ana")
    assert do("assign", user="bo").json()["assignee"] == "bo"
    assert do("assign", user="nobody").status_code == 422
    assert do("release").json()["assignee"] is None
    until = timezone.now() + dt.timedelta(days=1)
    assert do("snooze", until=until.isoformat()).json()["snoozed_until"]
    assert client.get("/api/v1/waiting/").json()["results"] == []
    assert do("wake").json()["snoozed_until"] is None
    assert do("dismiss", reason="spam").json()["dismiss_reason"] == "spam"
    assert do("restore").json()["dismissed_at"] is None
    assert client.post("/api/v1/waiting/999999/release/").status_code == 404


def test_the_api_reports_responses(question):
    InteractionFactory(
        channel=question.channel, kind="answer", reply_to=question,
        occurred_at=question.occurred_at + dt.timedelta(hours=2),
    )  # fmt: skip
    client = client_with("responses:read")

    answer = client.get("/api/v1/responses/", {"by": "channel"}).json()

    (row,) = answer["rows"]
    assert (row["asked"], row["response_rate"], row["first_answer"]["calendar"]["median"]) == (1, "1.0000", "7200.000")
    assert row["ratios"]["lead_answer_rate"]["reason"] == "no_leads"
    assert answer["total"]["id"] is None
    assert client.get("/api/v1/responses/", {"by": "weekday"}).status_code == 400
