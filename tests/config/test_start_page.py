"""The start page: the chosen period, figures worked by hand, and what stands there when there is nothing."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg.types.range import DateRange

from community.models import Channel, Community, HelpRecord, Thread
from crm.models import Contact
from crm.start_panels import MyFollowUps
from gateway.templatetags.kith import address
from jobs.models import Job
from metrics.models import RecomputeChunk
from metrics.recompute import recompute_all
from tests.admin_clients import who_may_all
from tests.factories.community import (
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory, FollowUpFactory

pytestmark = pytest.mark.django_db

START = reverse("admin:index")
MARCH = {"start": "2026-03-01", "end": "2026-03-31"}


@pytest.fixture
def ana() -> Client:
    return who_may_all(username="ana")


@pytest.fixture
def march() -> None:
    """
    In March 100.00 were credited to a campaign that cost 40.00; 50.00 came from nobody we know of.

    Eve's question was answered by Otto, whose answer she accepted and gave five stars, and again by a colleague; to Max
    a colleague's answer was worth four. In April one more person was helped.
    """
    member = MemberFactory()
    campaign = CampaignFactory(code="spring", name="Spring course")
    InteractionFactory(channel=member.channel, member=member, kind="click", campaign=campaign)
    CostFactory(campaign=campaign, amount=Decimal("40.00"), days=DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1)))
    ConversionFactory(contact=member.contact, amount=Decimal("100.00"))
    ConversionFactory(contact=None, amount=Decimal("50.00"))
    forum = member.channel
    eve, otto = MemberFactory(channel=forum), MemberFactory(channel=forum)
    thread = ThreadFactory(channel=forum, opened_by=eve, opened_at=dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))
    answer = InteractionFactory(channel=forum, member=otto, kind="answer", thread=thread, to_member=eve)
    Thread.objects.filter(pk=thread.pk).update(accepted_answer=answer)
    HelpRecordFactory(contact=eve.contact, interaction=answer, helper_user=None, helper_member=otto, rating=5)
    HelpRecordFactory(contact=eve.contact, interaction__channel=forum)
    HelpRecordFactory(interaction__channel=forum, rating=4, outcome=HelpRecord.Outcome.HELPED)
    in_april = dt.datetime(2026, 4, 2, 9, tzinfo=dt.UTC)
    HelpRecordFactory(interaction__channel=forum, interaction__occurred_at=in_april, rating=1)
    recompute_all(now=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))


def figures_of(client: Client, query: dict[str, str] | None = None) -> HttpResponse:
    """Return the figures that the start page loads when it is there."""
    return client.get(client.get(START, query).context["later_figures"].url, headers={"HX-Request": "true"})


def shown(page: object, part: str = "business") -> dict[str, object]:
    return {figure.label: figure.value for figure in page.context[part]}


def test_business_return_of_a_period(ana: Client, march: None):
    page = figures_of(ana, MARCH)

    # ROI: (100 − 40) / 40 = 1.5
    assert shown(page) == {
        "Business ROI": Decimal("1.5"),
        "Revenue credited": Decimal("100.00"),
        "Unattributed revenue": Decimal("50.00"),
        "All revenue": Decimal("150.00"),
        "Cost": Decimal("40.00"),
        "ROAS": Decimal("2.5"),
    }
    assert "150.0 %" in page.content.decode()
    start = ana.get(START, MARCH)
    assert "1 Mar 2026 to 31 Mar 2026" in start.content.decode()
    campaigns = ana.get(start.context["later_tables"]["campaigns"].url).context["table"]
    assert [(row.values[0], row.values[1]) for row in campaigns.rows] == [("Spring course", Decimal("1.5"))]


def test_social_return_of_a_period(ana: Client, march: None):
    page = figures_of(ana, MARCH)

    # Cost per person helped: 40 / 2, Eve and Max
    assert shown(page, "social") == {
        "People helped": 2,
        "Questions answered": 1,
        "Mean rating": Decimal("4.5"),
        "Cost per person helped": Decimal("20.00"),
    }
    notes = {figure.label: figure.note for figure in page.context["social"]}
    assert notes["Mean rating"] == "2 ratings"
    text = page.content.decode()
    assert all(label in text for label in notes)
    assert "2 ratings" in text


def test_chart_sets_what_was_credited_against_what_it_cost(ana: Client, march: None):
    page = figures_of(ana, MARCH)

    chart = page.context["chart"]
    assert (list(chart.labels), [list(series.values) for series in chart.series]) == (
        ["Mar 2026"],
        [[Decimal("100.00")], [Decimal("40.00")]],
    )
    assert page.content.decode().count("<canvas") == 1


def behind(client: Client, period: dict[str, str]) -> dict[str, int]:
    """Return how many rows each figure and line of the period leads to."""
    page = figures_of(client, period)
    campaigns = client.get(client.get(START, period).context["later_tables"]["campaigns"].url).context["table"]
    links = {figure.label: figure.link for figure in page.context["business"] if figure.link}
    links |= {f"line {row.values[0]}": row.links[1] for row in page.context["lines"].rows if row.links}
    links |= {f"{row.values[0]}, {place}": row.links[place] for row in campaigns.rows for place in (2, 3)}
    return {name: len(client.get(address(link)).context["cl"].result_list) for name, link in links.items()}


def test_every_figure_leads_to_what_is_behind_it_in_the_period(ana: Client, march: None):
    of_march = behind(ana, MARCH)

    assert of_march == {
        "Revenue credited": 1,
        "Unattributed revenue": 1,
        "All revenue": 2,
        "Cost": 1,
        "line Unattributed": 1,
        "line Staff purchases": 0,
        "Spring course, 2": 1,
        "Spring course, 3": 1,
    }
    assert behind(ana, {}) == of_march
    for period in ({"start": "2026-04-01", "end": "2026-04-30"}, {"start": "2026-02-01", "end": "2026-02-28"}):
        assert set(behind(ana, period).values()) == {0}


def test_lines_sum_to_all_revenue(ana: Client, march: None):
    *lines, total = [row.values for row in figures_of(ana, MARCH).context["lines"].rows]

    assert sum(amount for _, amount in lines) == Decimal("150.00")
    assert total == ("All revenue", Decimal("150.00"))


def test_period_outside_has_no_figures_and_says_why_they_are_undefined(ana: Client, march: None):
    page = figures_of(ana, {"start": "2025-01-01", "end": "2025-01-31"})

    assert shown(page)["Business ROI"] is None
    assert shown(page)["Unattributed revenue"] == Decimal("0.00")
    assert page.context["chart"] is None
    assert 'title="No cost was booked"' in page.content.decode()
    assert shown(page, "social")["Mean rating"] is None


def test_above_the_target_of_cost_per_person_is_said_to_be_no_feat(ana: Client, march: None):
    """40.00 for the channel in March, and two people helped, where 10.00 each was aimed at: 200 %."""
    forum = Channel.objects.filter(interactions__kind="answer").distinct().get()
    Community.objects.filter(pk=forum.community_id).update(purpose_measure="cost_per_person_helped", target=10)
    CostFactory(channel=forum, amount=Decimal("40.00"), days=DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1)))
    recompute_all(now=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))

    table = ana.get(ana.get(START, MARCH).context["later_tables"]["communities"].url).context["table"]
    [row] = [row for row in table.rows if row.values[1] is not None]

    assert (row.values[1:3], row.notes[1]) == ((Decimal(2), 2), "Of cost per person helped less is better")


def test_every_campaign_is_there_for_the_period_those_that_lose_money_last(ana: Client, march: None):
    """A dozen besides spring, each of which cost a euro more than the one before and earned nothing."""
    for number in range(1, 13):
        CostFactory(campaign=CampaignFactory(name=f"Flyer {number}"), amount=Decimal(number))
    recompute_all(now=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    best = ana.get(ana.get(START, MARCH).context["later_tables"]["campaigns"].url).context["table"]
    assert (len(best.rows), best.more_label) == (8, "All 13 campaigns")

    page = ana.get(address(best.more))

    rows = page.context["table"].rows
    assert (page.status_code, len(rows), rows[0].values[0]) == (200, 13, "Spring course")
    assert {row.values[1] for row in rows[1:]} == {Decimal(-1)}
    year_before = ana.get(address(best.more).replace("2026-03", "2025-03")).context["table"].rows
    assert {row.values[1:4] for row in year_before} == {(None, Decimal(0), Decimal(0))}


def test_nothing_at_all_still_opens(ana: Client):
    page = ana.get(START)

    assert page.status_code == 200
    for name, empty in (("communities", "No communities yet"), ("campaigns", "No campaigns yet")):
        assert empty in ana.get(page.context["later_tables"][name].url).content.decode()
    assert "0.00" in figures_of(ana).content.decode()
    assert ana.get(reverse("start-part", args=["members"])).status_code == 404


def test_parts_are_pages_of_their_own_without_javascript(ana: Client, march: None):
    start = ana.get(START, MARCH)
    for part in (start.context["later_figures"], *start.context["later_tables"].values()):
        page = ana.get(part.url)
        text = page.content.decode()
        assert "1 Mar 2026 to 31 Mar 2026" in text
        assert f'href="{START}?start=2026-03-01&amp;end=2026-03-31"' in text
        assert page["Vary"].count("HX-Request") == 1
        assert "<html" not in ana.get(part.url, headers={"HX-Request": "true"}).content.decode()


def test_page_and_each_part_that_it_loads_ask_at_most_25_questions(ana: Client, march: None):
    page = ana.get(START)  # Django keeps content types
    parts = [part.url for part in (page.context["later_figures"], *page.context["later_tables"].values())]
    asked = {}
    for url in (START, *parts):
        with CaptureQueriesContext(connection) as queries:
            assert ana.get(url).status_code == 200
        asked[url] = len(queries)

    assert len(asked) == 4
    assert {url: number for url, number in asked.items() if number > 25} == {}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"start": "2026-03-31", "end": "2026-03-01"}, "The period ends (2026-03-01) before it starts (2026-03-31)."),
        ({"start": "2026-03-31", "end": "2026-03-30"}, "The period ends (2026-03-30) before it starts (2026-03-31)."),
        ({"start": "yesterday"}, "A date is not one that Kith can read: use 2026-03-31."),
        ({"end": "9999-99-99"}, "A date is not one that Kith can read: use 2026-03-31."),
        ({"end": "9999-12-31"}, "A date is not one that Kith can read: use 2026-03-31."),
    ],
)
def test_period_that_cannot_be_is_named_and_the_last_year_shown(ana: Client, query: dict[str, str], sentence: str):
    page = ana.get(START, query)

    assert page.status_code == 200
    assert sentence in page.content.decode()


def test_unknown_preset_shows_the_last_twelve_months(ana: Client):
    assert ana.get(START, {"period": "last_century"}).context["choice"].preset == "last_12_months"


def test_figures_that_wait_for_a_recompute_are_marked(ana: Client, march: None):
    assert "Facts have changed" not in figures_of(ana).content.decode()

    ConversionFactory()

    assert "Facts have changed and wait for their recompute." in figures_of(ana).content.decode()


def test_figures_are_for_those_who_may_see_credits():
    staff = UserFactory(is_staff=True)
    client = Client()
    client.force_login(staff)
    assert "Business and social return" not in client.get(START).content.decode()
    assert client.get(reverse("start-part", args=["figures"])).status_code == 403

    staff.user_permissions.set(Permission.objects.filter(codename="view_credit"))
    client.force_login(staff)  # a change of permissions ends the session

    text = client.get(START).content.decode()
    assert "Business and social return" in text
    assert "Business return" in figures_of(client).content.decode()
    assert "Recompute everything" not in text
    assert client.post(reverse("admin:metrics_recompute")).status_code == 403


def test_recompute_leads_to_its_job(ana: Client):
    assert "Recompute everything" in ana.get(START).content.decode()

    answer = ana.post(reverse("admin:metrics_recompute"))

    job = Job.objects.get(kind="recompute")
    assert answer.url == reverse("admin:jobs_job_change", args=[job.pk])
    assert (job.requested_by.username, job.requested_through) == ("ana", "admin")
    assert RecomputeChunk.objects.filter(job=job, done_at=None).exists()
    page = ana.get(answer.url).content.decode()
    assert "0 of" in page
    assert 'http-equiv="refresh"' in page


def test_recompute_is_not_started_by_looking(ana: Client):
    assert ana.get(reverse("admin:metrics_recompute")).status_code == 405
    assert not Job.objects.exists()


NOON = dt.datetime(2026, 5, 6, 12, tzinfo=dt.UTC)


def anybody(permission: str) -> bool:
    return True


def due(user: object, **options: object) -> list[tuple[object, ...]]:
    panel = MyFollowUps().load([user.pk], now=NOON, may=options.pop("may", anybody))[user.pk]
    return [row.values for row in panel.tables[0].rows]


def test_my_follow_ups_are_those_overdue_and_due_today_oldest_first():
    ana, joe = UserFactory(), ContactFactory(full_name="Joe Bloggs")
    for day, what in ((6, "Today"), (4, "Late"), (5, "Yesterday"), (7, "Tomorrow")):
        FollowUpFactory(contact=joe, what=what, assigned_to=ana, due_on=dt.date(2026, 5, day))
    FollowUpFactory(what="Done", assigned_to=ana, due_on=dt.date(2026, 5, 1), done_at=NOON)
    FollowUpFactory(what="Nobody's", due_on=dt.date(2026, 5, 1))
    FollowUpFactory(what="Ben's", assigned_to=UserFactory(), due_on=dt.date(2026, 5, 1))

    assert due(ana) == [
        ("Late", "Joe Bloggs", dt.date(2026, 5, 4), "overdue by 2 days"),
        ("Yesterday", "Joe Bloggs", dt.date(2026, 5, 5), "overdue by 1 day"),
        ("Today", "Joe Bloggs", dt.date(2026, 5, 6), "today"),
    ]


def test_today_is_that_of_the_organisation():
    ana = UserFactory()
    FollowUpFactory(what="Call", assigned_to=ana, due_on=dt.date(2026, 5, 7))

    late_evening = dt.datetime(2026, 5, 6, 23, 30, tzinfo=dt.UTC)  # half past midnight in Dublin and London
    panel = MyFollowUps().load([ana.pk], now=late_evening, may=anybody)[ana.pk]

    assert [row.values[3] for row in panel.tables[0].rows] == ["today"]


def test_follow_up_leads_to_the_person_that_its_contact_was_merged_into():
    ana, joe, twin = UserFactory(), ContactFactory(full_name="Joe Bloggs"), ContactFactory(full_name="Joseph")
    FollowUpFactory(contact=twin, assigned_to=ana, due_on=dt.date(2026, 5, 6))
    Contact.objects.filter(pk=twin.pk).update(merged_into=joe)

    (row,) = MyFollowUps().load([ana.pk], now=NOON, may=anybody)[ana.pk].tables[0].rows

    assert (row.values[1], row.links[1].args) == ("Joe Bloggs", (joe.pk,))


def test_follow_ups_are_done_by_those_alone_who_may():
    ana = UserFactory()
    task = FollowUpFactory(assigned_to=ana, due_on=dt.date(2026, 5, 6))

    def actions(may: object) -> list[tuple[str, tuple[object, ...]]]:
        (row,) = MyFollowUps().load([ana.pk], now=NOON, may=may)[ana.pk].tables[0].rows
        return [(action.label, action.link.args) for action in row.actions]

    assert actions(anybody) == [("Done", (task.pk,)), ("Edit", (task.pk,))]
    assert actions(lambda permission: permission != "crm.change_followup") == []


def test_many_follow_ups_are_cut_and_counted_with_one_query():
    ana = UserFactory()
    for _ in range(25):
        FollowUpFactory(assigned_to=ana, due_on=dt.date(2026, 5, 1))

    with CaptureQueriesContext(connection) as queries:
        table = MyFollowUps().load([ana.pk, UserFactory().pk], now=NOON, may=anybody)[ana.pk].tables[0]

    assert len([query for query in queries if "crm_followup" in query["sql"]]) == 1
    assert (table.title, len(table.rows)) == ("The first 10 of 25", 10)


def test_start_page_has_the_panel_for_those_who_may_see_follow_ups(ana: Client):
    assert "Nothing of yours is due." in ana.get(START).content.decode()

    nobody = Client()
    nobody.force_login(UserFactory(is_staff=True))
    assert "Follow-ups for you" not in nobody.get(START).content.decode()


def test_panels_load_again_without_the_figures(ana: Client, march: None):
    part = ana.get(START, headers={"HX-Request": "true", "HX-Target": "kith-start-panels"}).content.decode()

    assert "Follow-ups for you" in part
    assert "Business return" not in part
