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
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ask()
    return len(queries)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(map(str, query.values())))
def test_report_asks_as_much_for_20_rows_as_for_2(db, query):
    def ask():
        report = roi_report(RoiQuery(**query, model="all", now=NOW))
        assert len(report.rows) >= 2

    add_rows(2)
    roll_up()
    for_two = count_queries(ask)
    add_rows(18)
    roll_up()

    assert count_queries(ask) == for_two
    assert for_two <= 18


def test_page_of_credits_is_one_query(db):
    add_rows(5)

    assert count_queries(lambda: read_credits(CreditQuery())) == 1


@pytest.mark.parametrize("query", [query for query in QUERIES if query["scope"] != "summary" and len(query) < 3])
def test_a_few_rows_ask_as_much_for_20_as_for_2(db, query):
    def ask():
        everything = RoiQuery(**query, model="all", now=NOW)
        keys = [row.key for row in roi_report(everything).rows]
        with CaptureQueriesContext(connection) as queries:
            assert list(rows_of(replace(everything, ids=keys))) == keys
        return len(keys), len(queries)

    add_rows(2)
    roll_up()
    few, for_few = ask()
    add_rows(18)
    roll_up()
    many, for_many = ask()

    assert few < many
    assert for_many == for_few <= 9


@pytest.mark.parametrize(
    "query",
    [{"scope": "campaigns"}, {"scope": "summary", "ids": [1]}, {"scope": "members", "ids": [1], "cost": "loaded"}],
)
def test_rows_alone_are_refused_where_the_whole_report_is_needed(db, query):
    with pytest.raises(ValueError, match="Name the ids"):
        rows_of(RoiQuery(**query, now=NOW))
