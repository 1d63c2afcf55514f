"""Response figures of a small company, worked by hand."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.handling import dismiss, restore
from community.models import BusinessHours, Channel, Colleague, Handling, Interaction, Member, OpeningTime, Thread
from metrics.reports.query import InvalidQuery
from metrics.reports.response_figures import Spread, Times
from metrics.reports.responses import NO_BUSINESS_HOURS, ResponsesQuery, responses_report, staff_choices
from tests.factories.community import (
    ChannelFactory,
    CommunityFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db

MONDAY = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
HOUR = 3600


def later(hours):
    return MONDAY + dt.timedelta(hours=hours)


def says(member, kind, hours, **fields):
    fields = {"direction": Interaction.Direction.BETWEEN_MEMBERS, **fields}
    return InteractionFactory(channel=member.channel, member=member, kind=kind, occurred_at=later(hours), **fields)


@pytest.fixture(scope="module")
def made(kept):
    """
    A forum with four questions and a mailbox with two leads.

    q1 at 0 h: comment by Ada at 1 h, answer by Ana (staff) at 2 h, accepted. q2 at 0 h: answer by Ada at 10 h,
    Joe accepts his own at 20 h. q3 at 24 h: a bot at once, nobody else. q4 at 30 h: answer by Ana at 32 h,
    retracted; by a deleted account at 34 h, confirmed by staff. Leads at 0 h and 1 h; Bo calls the first at 8 h.
    """
    community = CommunityFactory(name="Students")
    forum = ChannelFactory(slug="forum", name="Forum", community=community)
    mail = ChannelFactory(slug="mail", name="Mail", community=community)
    joe, ada, ana, bot = (MemberFactory(channel=forum, handle=name) for name in ("joe", "ada", "ana", "robo"))
    MemberRoleFactory(member=ana, role="staff", since=None)
    MemberRoleFactory(member=bot, role="bot", since=None)

    def question(hours, topic=""):
        thread = ThreadFactory(channel=forum, opened_by=joe, opened_at=later(hours), topic=topic)
        says(joe, "question", hours, thread=thread, direction="inbound")
        return thread

    q1, q2, q3, q4 = question(0, "fees"), question(0), question(24), question(30)
    says(ada, "comment", 1, thread=q1)
    q1.accepted_answer = says(ana, "answer", 2, thread=q1)
    says(ada, "answer", 10, thread=q2)
    q2.accepted_answer = says(joe, "answer", 20, thread=q2)
    says(bot, "answer", 24, thread=q3)
    says(ana, "answer", 32, thread=q4, retracted_at=NOW)
    q4.confirmed_answer = InteractionFactory(
        channel=forum, member=None, kind="answer", occurred_at=later(34), thread=q4
    )
    for thread in (q1, q2, q4):
        thread.save()
    eve = MemberFactory(channel=mail, contact=ContactFactory(full_name="Eve"))
    says(eve, "lead", 0, direction="inbound")
    says(MemberFactory(channel=mail), "lead", 1, direction="inbound")
    InteractionFactory(
        channel=mail, member=None, user=UserFactory(first_name="Bo", last_name="Lund"), kind="help",
        occurred_at=later(8), to_contact=eve.contact, direction="outbound",
    )  # fmt: skip
    return forum.pk


@pytest.fixture
def company(db, made):
    """The forum, as it was made for all tests."""
    return Channel.objects.get(pk=made)


def report(by="channel", **asked):
    return responses_report(ResponsesQuery(by=by, now=asked.pop("now", NOW), **asked))


def test_channels_and_the_whole(company):
    found = report()

    forum, mail = found.rows
    assert (forum.name, mail.name, found.total.name) == ("Forum", "Mail", "All")
    assert (forum.asked, forum.replied, forum.answered, forum.unreplied, forum.unanswered) == (4, 3, 3, 1, 1)
    assert forum.response_rate.value == Decimal("0.75")
    # First replies after 1, 10 and 4 hours; p90 lies at 4 h + 0.8 × 6 h.
    by_clock = Spread(5 * HOUR, 4 * HOUR, pytest.approx(8.8 * HOUR))
    assert forum.first_reply == Times(3, by_clock, by_clock, within_1h=1, within_24h=3, within_7d=3)
    # First answers after 2, 10 and 4 hours.
    assert forum.first_answer.calendar == Spread(pytest.approx(16 * HOUR / 3), 4 * HOUR, pytest.approx(8.8 * HOUR))
    assert (forum.first_staff_reply.n, forum.first_staff_reply.calendar.mean) == (1, 2 * HOUR)
    assert (forum.replies, forum.answers, forum.repliers, forum.answerers) == (4, 3, 2, 2)
    assert (forum.raised, forum.resolved) == (4, 3)
    assert (forum.resolved_by_asker, forum.resolved_by_member, forum.resolved_by_staff) == (1, 1, 1)
    assert forum.resolution_rate.value == Decimal("0.75")
    assert (forum.questions_answered, forum.answer_rate.value) == (2, Decimal("0.5"))
    assert (forum.resolution.n, forum.resolution.calendar.median) == (3, 4 * HOUR)
    assert (forum.resolution_by_others.n, forum.resolution_by_others.calendar.mean) == (2, 3 * HOUR)
    assert (mail.leads, mail.leads_replied, mail.lead_answer_rate.value) == (2, 1, Decimal("0.5"))
    assert (mail.raised, mail.resolution_rate.value, mail.resolution_rate.reason) == (0, None, "nothing_raised")
    assert (mail.questions_answered, mail.answer_rate.value, mail.answer_rate.reason) == (0, None, "nothing_raised")
    assert forum.lead_answer_rate.reason == "no_leads"
    assert (found.total.asked, found.total.replied, found.total.resolved) == (6, 4, 3)
    assert found.note == NO_BUSINESS_HOURS
    (community,) = report("community").rows
    assert (community.name, community.asked, community.first_reply) == ("Students", 6, found.total.first_reply)


def test_whoever_replied_has_a_row_and_staff_one_of_their_own(company):
    rows = {row.name: row for row in report("replier").rows}

    assert set(rows) == {"ada", "ana", "Bo Lund"}
    ada, ana, bo = rows["ada"], rows["ana"], rows["Bo Lund"]
    assert (ada.asked, ada.replied, ada.answered, ada.first_replies, ada.replies) == (6, 2, 1, 2, 2)
    assert ada.response_rate.value == Decimal(2) / 6
    assert ada.first_reply.calendar.mean == 5.5 * HOUR
    assert (ana.replied, ana.first_replies, ana.resolved, ana.resolution.calendar.mean) == (1, 0, 1, 2 * HOUR)
    assert (bo.leads_replied, bo.first_reply.calendar.mean, bo.raised, bo.resolved) == (1, 8 * HOUR, 4, 0)
    assert {row.name for row in report("staff").rows} == {"ana", "Bo Lund"}


def test_a_login_that_is_called_like_an_account_says_so(company):
    get_user_model().objects.update(first_name="ana", last_name="")

    assert {row.name for row in report("staff").rows} == {"ana", "ana (login)"}


@pytest.fixture
def ana_is_bo(company):
    """The login of Bo Lund and the account ana are one colleague; its record was merged into another since."""
    ana = Member.objects.get(handle="ana")
    Colleague.objects.create(user=get_user_model().objects.get(first_name="Bo"), contact=ana.contact)
    person = ContactFactory(full_name="Bodil A. Lund")
    ana.contact.merged_into = person
    ana.contact.save()
    return person


def test_a_colleagues_login_and_account_are_one_row(company, ana_is_bo):
    assert report().total.repliers == 2  # and Ada

    (row,) = report("staff").rows

    assert (row.key, row.name) == (f"p{ana_is_bo.pk}", "Bo Lund")
    # As ana the answer to q1 after 2 h, after Ada's comment; as Bo the call to the first lead after 8 h.
    assert (row.asked, row.replied, row.first_replies, row.replies, row.answers) == (6, 2, 1, 2, 2)
    assert (row.leads_replied, row.resolved, row.first_reply.calendar.mean) == (1, 1, 5 * HOUR)
    assert {one.name for one in report("replier").rows} == {"ada", "Bo Lund"}


def test_a_confirmed_answer_by_login_is_the_persons(company, ana_is_bo):
    bo = get_user_model().objects.get(first_name="Bo")
    thread = Interaction.objects.get(kind="question", occurred_at=later(30)).thread
    thread.confirmed_answer.user = bo
    thread.confirmed_answer.save()

    (row,) = report("staff").rows

    assert (row.replied, row.resolved, row.resolution.calendar.mean) == (3, 2, 3 * HOUR)  # after 2 h and after 4 h


def test_a_login_without_a_name_is_called_as_the_person_is(company, ana_is_bo):
    get_user_model().objects.update(first_name="", last_name="")

    assert [row.name for row in report("staff").rows] == ["Bodil A. Lund"]


def test_one_channel_by_colleague(company):
    on_forum, on_mail = report("staff", channel="forum"), report("staff", channel="mail")

    assert [(row.name, row.asked, row.replied, row.resolved) for row in on_forum.rows] == [("ana", 4, 1, 1)]
    assert (on_forum.total.asked, on_forum.total.replied) == (4, 3)
    assert [(row.name, row.asked, row.replied, row.leads) for row in on_mail.rows] == [("Bo Lund", 2, 1, 2)]
    assert report("staff", channel="nowhere").total.asked == 0


def test_one_colleague_by_channel(company, ana_is_bo):
    found = report("channel", staff=f"p{ana_is_bo.pk}")

    forum, mail = found.rows
    assert (forum.name, forum.asked, forum.replied, forum.first_replies) == ("Forum", 4, 1, 0)
    assert (forum.raised, forum.resolved, forum.first_reply.calendar.mean) == (4, 1, 2 * HOUR)
    assert forum.response_rate.value == Decimal("0.25")
    assert (mail.name, mail.asked, mail.leads, mail.leads_replied, mail.replies) == ("Mail", 2, 2, 1, 1)
    assert (mail.first_reply.calendar.mean, mail.resolved) == (8 * HOUR, 0)
    assert (found.total.asked, found.total.replied, found.total.replies) == (6, 2, 2)
    assert (found.total.repliers, found.total.first_reply.calendar.mean) == (1, 5 * HOUR)
    (students,) = report("community", staff=f"p{ana_is_bo.pk}").rows
    assert (students.asked, students.replied, students.resolved) == (6, 2, 1)


def test_a_colleague_is_found_by_any_key_they_ever_had(company, ana_is_bo):
    bo, record = get_user_model().objects.get(first_name="Bo"), Member.objects.get(handle="ana").contact_id

    for key in (f"p{ana_is_bo.pk}", f"p{record}", f"u{bo.pk}"):
        for by in ("staff", "replier"):
            (row,) = report(by, staff=key).rows
            assert (row.key, row.name, row.asked, row.replied) == (f"p{ana_is_bo.pk}", "Bo Lund", 6, 2)


def test_one_colleague_on_one_channel(company):
    bo = get_user_model().objects.get(first_name="Bo")
    ana = Member.objects.get(handle="ana").contact_id

    (mail,) = report("channel", staff=f"u{bo.pk}", channel="mail").rows
    assert (mail.asked, mail.replied, mail.first_reply.calendar.mean) == (2, 1, 8 * HOUR)
    elsewhere = report("channel", staff=f"p{ana}", channel="mail")
    assert (elsewhere.rows, elsewhere.total.asked, elsewhere.total.replied) == ([], 2, 0)
    assert report("staff", staff=f"p{ana}", channel="mail").rows == []


def test_of_somebody_who_is_no_staff_nothing_counts(company):
    ada = Member.objects.get(handle="ada").contact_id

    found = report("channel", staff=f"p{ada}")

    assert (found.rows, found.total.asked, found.total.replied) == ([], 6, 0)


def test_staff_to_choose_from(company):
    bo, ana = get_user_model().objects.get(first_name="Bo"), Member.objects.get(handle="ana").contact
    get_user_model().objects.update(is_staff=True)
    assert staff_choices() == {f"p{ana.pk}": "ana", f"u{bo.pk}": "Bo Lund"}

    Colleague.objects.create(user=bo, contact=ana)

    assert staff_choices() == {f"p{ana.pk}": "Bo Lund"}


def test_a_period_takes_what_was_asked_in_it_and_a_topic_what_is_about_it(company):
    assert report(start=dt.date(2026, 3, 3), end=dt.date(2026, 3, 4)).total.asked == 2
    assert report(end=dt.date(2026, 3, 3)).total.asked == 4
    assert report(topic="fees").total.asked == 1
    assert report(now=later(5)).total.replied == 1
    nothing = report(start=dt.date(2027, 1, 1)).total
    assert (nothing.asked, nothing.response_rate.value, nothing.response_rate.reason) == (0, None, "nothing_asked")
    assert nothing.first_reply == Times()


def test_what_was_dismissed_is_not_asked_unless_somebody_replied_to_it(company):
    def question(hours):
        return Interaction.objects.get(kind="question", occurred_at=later(hours), channel=company)

    lead = Interaction.objects.get(kind="lead", occurred_at=later(1))
    replied = question(30)  # at 34 h
    dismiss([question(24).pk, replied.pk, lead.pk], reason="thanks", user_id=None, now=later(32))
    Handling.objects.create(interaction=Interaction.objects.get(kind="lead", occurred_at=later(0)))  # nothing decided

    forum, mail = report().rows

    assert (forum.asked, forum.replied, forum.unreplied, forum.unanswered, forum.dismissed) == (3, 3, 0, 0, 1)
    assert forum.response_rate.value == 1
    assert (forum.first_reply.n, forum.raised, forum.resolved) == (3, 4, 3)
    assert (mail.asked, mail.replied, mail.dismissed, mail.response_rate.value) == (1, 1, 1, 1)
    assert (mail.leads, mail.leads_replied, mail.lead_answer_rate.value) == (2, 1, Decimal("0.5"))
    total, ada = report().total, next(row for row in report("replier").rows if row.name == "ada")
    assert (total.asked, total.replied, total.unreplied, total.dismissed) == (4, 4, 0, 2)
    assert (ada.asked, ada.replied, ada.dismissed, ada.response_rate.value) == (4, 2, 2, Decimal("0.5"))
    # At 33 h nobody had replied to what was asked at 30 h; at 31 h nothing was dismissed yet.
    assert [(row.asked, row.dismissed) for row in report(now=later(33)).rows] == [(2, 2), (1, 1)]
    assert [(row.asked, row.dismissed) for row in report(now=later(31)).rows] == [(4, 0), (2, 0)]
    restore([question(24).pk, lead.pk])
    assert (report().total.asked, report().total.dismissed) == (6, 0)


def test_business_hours_are_the_channels_or_the_organisations(company):
    week = BusinessHours.objects.create(name="Office", time_zone="UTC", is_default=True)
    for day in range(5):
        OpeningTime.objects.create(hours=week, weekday=day, opens="09:00", closes="17:00")

    found = report()

    forum, mail = found.rows
    assert found.note == ""
    # 1 h; 10 h of which 8 until closing on Monday; 30 h is Tuesday 15:00, 34 h 19:00: 2 h until closing.
    assert forum.first_reply.business == Spread(pytest.approx(11 * HOUR / 3), 2 * HOUR, pytest.approx(6.8 * HOUR))
    assert forum.first_reply.calendar.mean == 5 * HOUR

    mail_hours = BusinessHours.objects.create(name="Mail", time_zone="UTC")
    OpeningTime.objects.create(hours=mail_hours, weekday=0, opens="12:00", closes="13:00")
    type(company).objects.filter(slug="mail").update(business_hours=mail_hours)

    assert mail.first_reply.business.mean == 8 * HOUR
    assert report().rows[1].first_reply.business.mean == HOUR


def test_what_is_reopened_is_open(company):
    Thread.objects.filter(topic="fees").update(source_state="Reopened")

    assert report().total.resolved == 2


@pytest.mark.parametrize("by", ["channel", "community", "staff", "replier"])
def test_the_number_of_queries_does_not_depend_on_the_rows(company, by):
    def questions():
        with CaptureQueriesContext(connection) as queries:
            report(by)
        return len(queries)

    before = questions()
    for _ in range(5):
        asked = InteractionFactory()
        MemberRoleFactory(member=(replier := MemberFactory(channel=asked.channel)), role="staff", since=None)
        says(replier, "answer", 1, reply_to=asked)

    assert questions() == before <= 8


def test_a_key_of_nobody_is_refused():
    with pytest.raises(InvalidQuery, match="'ana' is not the key of anybody"):
        report(staff="ana")


def test_an_unknown_way_to_group_is_refused():
    with pytest.raises(InvalidQuery, match="no way to group"):
        report("weekday")
