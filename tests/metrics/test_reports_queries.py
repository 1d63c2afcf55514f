"""A report asks the same number of questions whatever there is to answer."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metrics.reports import RoiQuery, roi_report, rows_of
from metrics.reports.credits import CreditQuery, read_credits
from tests.factories.community import CostFactory, HelpRecordFactory, InteractionFactory, MemberFactory, ThreadFactory
from tests.factories.crm import CampaignFactory, ContactFactory
from tests.metrics.ledger import add_cost_days, add_credit, add_result, roll_up

NOW = datetime(2026, 6, 30, tzinfo=UTC)

QUERIES = [
    {"scope": "campaigns"},
    {"scope": "channels"},
    {"scope": "communities"},
    {"scope": "summary"},
    {"scope": "members"},
    {"scope": "members", "view": "helper"},
    {"scope": "members", "cost": "loaded", "limit": 5},
    {"scope": "campaigns", "ordering": "-assisted_revenue"},
    {"scope": "members", "ordering": "name"},
]
WITH_KEYS = [query for query in QUERIES if query["scope"] != "summary" and len(query) < 3]


def add_rows(number):
    """Add campaigns, channels, communities, buyers, helpers and months with figures of every kind."""
    for index in range(number):
        day = date(2026, 1 + index % 6, 1 + index // 6)
        buyer, helper = ContactFactory(), MemberFactory()
        thread = ThreadFactory(channel=helper.channel, opened_by=MemberFactory(contact=buyer, channel=helper.channel))
        answer = InteractionFactory(channel=helper.channel, kind="answer", member=helper, thread=thread)
        thread.accepted_answer = answer
        thread.save()
        HelpRecordFactory(contact=buyer, minutes=10, rating=5, interaction__channel=helper.channel)
        result = add_result(day, 1000, person=buyer, touches=1)
        campaign = CampaignFactory()
        add_credit(
            result,
            1,
            1000,
            interaction=answer,
            campaign=campaign,
            channel=helper.channel,
            actor_member=helper,
            is_help=True,
        )
        for sharing in ("direct", "minutes", "touches", "even"):
            cost = CostFactory(campaign=campaign, channel=helper.channel, sharing=sharing)
            add_cost_days(cost, {date(2026, 3, 2): 100})


def count_queries(ask):
    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)


def name_of(query):
    return " ".join(map(str, query.values()))


def report_questions(query):
    """Return how many questions a report asks; it has two rows at least."""

    def ask():
        report = roi_report(RoiQuery(**query, model="all", now=NOW))
        assert len(report.rows) >= 2

    return count_queries(ask)


def questions_about_keys(query):
    """Return how many rows a report has, and how many questions it takes to ask for them by their keys."""
    everything = RoiQuery(**query, model="all", now=NOW)
    keys = [row.key for row in roi_report(everything).rows]
    with CaptureQueriesContext(connection) as queries:
        assert list(rows_of(replace(everything, ids=keys))) == keys
    return len(keys), len(queries)


@pytest.fixture(scope="module")
def asked(kept):
    """What each report, and a few rows of it, asks of 2 rows and of 20: they are made once for all of them."""
    found = []
    for more in (2, 18):
        add_rows(more)
        roll_up()
        found.append(
            (
                {name_of(query): report_questions(query) for query in QUERIES},
                {name_of(query): questions_about_keys(query) for query in WITH_KEYS},
            )
        )
    return found


@pytest.mark.parametrize("query", QUERIES, ids=name_of)
def test_report_asks_as_much_for_20_rows_as_for_2(asked, query):
    for_two, for_twenty = (reports[name_of(query)] for reports, _ in asked)

    assert for_twenty == for_two
    assert for_two <= 18


def test_page_of_credits_is_one_query(asked, db):
    assert len(read_credits(CreditQuery()).credits) == 20
    assert count_queries(lambda: read_credits(CreditQuery())) == 1


@pytest.mark.parametrize("query", WITH_KEYS, ids=name_of)
def test_a_few_rows_ask_as_much_for_20_as_for_2(asked, query):
    (few, for_few), (many, for_many) = (by_keys[name_of(query)] for _, by_keys in asked)

    assert few < many
    assert for_many == for_few <= 9


@pytest.mark.parametrize(
    "query",
    [{"scope": "campaigns"}, {"scope": "summary", "ids": [1]}, {"scope": "members", "ids": [1], "cost": "loaded"}],
)
def test_rows_alone_are_refused_where_the_whole_report_is_needed(db, query):
    with pytest.raises(ValueError, match="Name the ids"):
        rows_of(RoiQuery(**query, now=NOW))
