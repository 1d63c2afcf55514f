"""Random facts, recomputed for real: sums of every report hold, and rows equal the ledger counted in Python."""

import datetime as dt
import statistics
from collections import defaultdict
from copy import copy
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.range import DateRange

from community.models import Channel, Community, Cost, HelpRecord, Member, MemberRole
from crm.models import Campaign, Contact, Conversion
from metrics.models import ConversionResult, Credit
from metrics.recompute import recompute_all
from metrics.reports import RoiQuery, roi_report, rows_of
from metrics.reports.about_people import PeopleQuery
from metrics.reports.first_conversions import time_to_convert
from tests.metrics.oracle import Facts, shares_of, was_mailed
from tests.metrics.test_recompute_properties import EXAMPLES
from tests.metrics.world import START, undone

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

NAMES = (
    *["add_interaction"] * 8,
    *["add_conversion"] * 4,
    *["add_refund", "add_member", "add_campaign", "add_cost"] * 2,
    *["add_thread", "add_role", "add_rate", "add_help_record", "merge_contact"],
)
# Never fewer than 40 facts: a report on next to nothing proves next to nothing.
FACTS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.lists(st.integers(0, 997), min_size=8, max_size=8)), min_size=40, max_size=80
)
NUMBERS = st.lists(st.integers(0, 997), min_size=40, max_size=40)
DAY = st.integers(-2, 14).map(lambda days: START.date() + dt.timedelta(days=days))
PERIODS = st.one_of(st.just((None, None)), st.tuples(DAY, DAY).map(sorted))
QUERIES = [
    *({"scope": scope} for scope in ("campaigns", "channels", "communities", "summary")),
    *(
        {"scope": "members", "view": view, "cost": cost}
        for view in ("customer", "helper")
        for cost in ("direct", "loaded")
    ),
]


def scatter(numbers):
    """Book the costs on scopes and sharing rules, and give help its outcomes, minutes and ratings, by `numbers`."""
    numbers = iter(numbers * 10)

    def chosen(queryset):
        rows = list(queryset.order_by("pk"))
        number = next(numbers)
        return rows[number % len(rows)] if rows and number % 2 else None

    second = Community.objects.create(slug="second", name="Second")
    Channel.objects.filter(slug="insta").update(community=second)
    for sharing in ("minutes", "touches", "even"):  # a pool on every day, so that whoever is touched has a share
        Cost.objects.create(
            category="staffing",
            amount=Decimal("99.99"),
            currency="EUR",
            days=DateRange(START.date(), START.date() + dt.timedelta(days=12)),
            sharing=sharing,
        )
    for cost in Cost.objects.exclude(source=None).order_by("pk"):
        cost.campaign, cost.channel = chosen(Campaign.objects), chosen(Channel.objects)
        cost.community, cost.contact = chosen(Community.objects), chosen(Contact.objects)
        cost.sharing = ["direct", "minutes", "touches", "even"][next(numbers) % 4]
        cost.category = ["staffing", "tools"][next(numbers) % 2]
        cost.save()
    for record in HelpRecord.objects.order_by("pk"):
        record.outcome = ["solved", "helped", "unknown"][next(numbers) % 3]
        record.minutes, record.rating = next(numbers) % 4 * 5, [None, 1, 4, 5][next(numbers) % 4]
        record.save()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=FACTS, numbers=NUMBERS, period=PERIODS, today=DAY)
def test_sums_hold_and_rows_equal_the_ledger(beginning, facts, numbers, period, today):
    now = dt.datetime.combine(today, dt.time(12), tzinfo=dt.UTC)
    with undone():
        copy(beginning).apply(facts)
        scatter(numbers)
        recompute_all(now=now)
        for query in QUERIES:
            check_report(RoiQuery(**query, model="all", start=period[0], end=period[1], now=now))


def check_report(query):
    report = roi_report(query)
    for check in report.sums:
        assert check.holds, (query, check)
    for shown in (1, 2):
        page = roi_report(RoiQuery(**{**vars(query), "limit": shown, "offset": shown - 1}))
        assert all(check.holds for check in page.sums), query
        assert page.rows == report.rows[shown - 1 : 2 * shown - 1], query
    credits = [
        credit
        for credit in Credit.objects.all()
        if (query.start is None or credit.day >= query.start) and (query.end is None or credit.day < query.end)
    ]
    results = {result.conversion_id: result for result in ConversionResult.objects.all()}
    person_of_member = dict(Member.objects.values_list("pk", "contact__person_id"))
    community_of_channel = dict(Channel.objects.values_list("pk", "community_id"))
    key_of = {
        "campaigns": lambda credit: credit.campaign_id,
        "channels": lambda credit: credit.channel_id,
        "communities": lambda credit: community_of_channel.get(credit.channel_id),
        "members": (lambda credit: credit.person_id)
        if query.view == "customer"
        else lambda credit: person_of_member[credit.actor_member_id] if credit.actor_kind == "member" else None,
        "summary": lambda credit: credit.day.replace(day=1),
    }[query.scope]
    by_key = defaultdict(list)
    for credit in credits:
        by_key[key_of(credit)].append(credit)
    by_key.pop(None, None)
    rows = {row.key: row for row in report.rows}
    assert set(by_key) <= set(rows)
    if query.scope != "summary" and query.cost == "direct":
        for few in ([*rows, 999_999], list(rows)[:1], list(rows)[1:3]):
            assert rows_of(replace(query, ids=few)) == {key: rows[key] for key in few if key in rows}, query
    for key, row in rows.items():
        check_row(
            row, by_key[key], results, is_whole=query.scope in ("members", "summary") and query.view == "customer"
        )


def check_row(row, credits, results, *, is_whole):
    """Compare a row with its credits, one by one. `is_whole`: a buyer's or a month's help is anybody's."""
    conversions = {credit.conversion_id for credit in credits if not credit.is_refund}
    assert row.conversions_touched == len(conversions)
    assert row.conversions_fully_refunded == sum(results[pk].is_fully_refunded for pk in conversions)
    helped = {credit.conversion_id for credit in credits if credit.is_help}
    if is_whole:
        helped = {credit.conversion_id for credit in credits if results[credit.conversion_id].is_help_touched}
    assert row.assisted_revenue == Decimal(sum(results[pk].value_minor for pk in helped)) / 100
    for model, figures in row.models.items():
        minor = sum(getattr(credit, f"{model}_minor") for credit in credits)
        assert figures.revenue_credited == Decimal(minor) / 100
        shares = sum(
            (share(model, credit) for credit in credits if not credit.is_refund),
            Fraction(0),
        )
        assert abs(Fraction(figures.conversions_credited) - shares) <= Fraction(1, 2_000_000)


def share(model, credit):
    """The oracle's share of the touch in its conversion."""
    if model == "time_decay":
        return Fraction(credit.decay_weight, credit.decay_total)
    return shares_of(model, [0] * credit.touches)[credit.position - 1]


TOUCHES = {"question", "answer", "comment", "click", "help", "direct_message"}  # of the world's kinds
MEETINGS = st.lists(
    st.tuples(
        st.sampled_from(
            [*["add_interaction"] * 8, *["add_conversion"] * 4, *["add_member", "add_thread", "merge_contact"] * 2]
            + ["add_role", "void_conversion", "retract_interaction", "move_interaction", "unmerge_contact"]
        ),
        st.lists(st.integers(0, 997), min_size=8, max_size=8),
    ),
    min_size=40,
    max_size=80,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=MEETINGS, today=DAY)
def test_time_to_convert_equals_a_count_person_by_person(beginning, facts, today):
    first_day = START.date()
    days = [first_day + dt.timedelta(days=number) for number in range(14)]
    periods = [(None, None), *zip(days, days[1:], strict=False)]  # of one day: few converted, so each of them shows
    with undone():
        copy(beginning).apply(facts)
        stored = Facts()
        for day in (today, days[-1]):
            now = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
            for start, end in periods:
                query = PeopleQuery(now=now, start=start, end=end)
                took, (taken, without) = time_to_convert(query.parameters), days_to_convert(query, stored)
                assert (took.n, took.without_touch) == (len(taken), without), query
                assert took.median == (statistics.median(taken) if taken else None), query


def days_to_convert(query, facts):
    """Return the days from first touch to first conversion of whoever has both, and how many have no touch before."""
    touched = defaultdict(list)
    for i in facts.interactions.values():
        if i.kind in TOUCHES and i.retracted_at is None and i.occurred_at <= query.now:
            if was_mailed(i) or (i.member_id and facts.role(i.member_id, i.occurred_at) == "bot"):
                continue
            for person in {facts.person_of_member(i.member_id), facts.addressee(i)} - {None}:
                touched[person].append(i.occurred_at)
    bought = defaultdict(list)
    for conversion in Conversion.objects.filter(voided_at=None).exclude(contact=None):
        bought[facts.person[conversion.contact_id]].append(conversion.occurred_at)
    days, without = [], 0
    for person, times in bought.items():
        first, touches = min(times), touched[person]
        if first > query.now or first not in query.period or was_staff(person, first):
            continue
        if touches and min(touches) <= first:
            days.append((first - min(touches)).days)
        else:
            without += 1
    return days, without


def was_staff(person, instant):
    """Return whether an account of the person had the role staff at that instant."""
    roles = {}
    for role in MemberRole.objects.filter(member__contact__person=person).order_by(F("since").asc(nulls_first=True)):
        if role.since is None or role.since <= instant:
            roles[role.member_id] = role.role
    return "staff" in roles.values()
