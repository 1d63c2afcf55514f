"""
What metrics adds to a contact's page: tiles and credits, worked by hand.

Joe asks on 2 March and Mia answers. On 10 March he clicks the link of the campaign "spring", on 20 March he
buys for 100.00 and on 25 March 10.00 are paid back: three touches. He got a reward of 40.00 in March, and 30
of the 90 minutes of help on 2 March, a day whose staffing cost 30.00, so 10.00 of it are his.
"""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg.types.range import DateRange

from community.models import Cost, Interaction
from crm.models import Contact
from crm.timeline.reading import asked_of, kind_choices, read_timeline
from gateway.panels import Table
from metrics.recompute import recompute_all
from metrics.reports import RoiQuery, roi_report
from metrics.reports.people import money_of_people
from metrics.tiles import MoneyTiles
from tests.factories.community import (
    ChannelFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
)
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory, RefundFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
MARCH = DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1))
SECOND = DateRange(dt.date(2026, 3, 2), dt.date(2026, 3, 3))


def anybody(permission: str) -> bool:
    return True


def at(day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


@pytest.fixture
def joe() -> Contact:
    forum = ChannelFactory(name="Forum")
    joe = MemberFactory(channel=forum, handle="joe", contact=ContactFactory(full_name="Joe Bloggs"))
    mia = MemberFactory(channel=forum, handle="mia", contact=ContactFactory(full_name="Mia Lind"))
    question = InteractionFactory(channel=forum, member=joe, occurred_at=at(2, 9), text="Which course is next?")
    answer = InteractionFactory(
        channel=forum, member=mia, kind="answer", reply_to=question, occurred_at=at(2, 10), text="Payroll in Practice."
    )
    HelpRecordFactory(interaction=answer, contact=joe.contact, helper_user=None, helper_member=mia, minutes=30)
    HelpRecordFactory(minutes=60, interaction__channel=forum)
    spring = CampaignFactory(code="spring", name="Spring course")
    InteractionFactory(channel=forum, member=joe, kind="click", campaign=spring, occurred_at=at(10))
    ConversionFactory(contact=joe.contact, external_id="o1", amount=Decimal("100.00"), occurred_at=at(20))
    RefundFactory(refund_of_external_id="o1", amount=Decimal("10.00"), occurred_at=at(25))
    CostFactory(category=Cost.Category.REWARDS, contact=joe.contact, amount=Decimal("40.00"), days=MARCH)
    CostFactory(category=Cost.Category.STAFFING, sharing=Cost.Sharing.MINUTES, amount=Decimal("30.00"), days=SECOND)
    CostFactory(category=Cost.Category.STAFFING, sharing=Cost.Sharing.MINUTES, amount=Decimal("70.00"), days=MARCH)
    recompute_all(now=NOW)
    return joe.contact


def test_money_of_a_person_is_that_of_the_report(joe: Contact):
    (money,) = money_of_people([joe.pk], now=NOW).values()
    (row,) = roi_report(RoiQuery(scope="members", now=NOW, ids=[joe.pk])).rows

    # 40.00 reward, a third of the 30.00 of 2 March, and a third of that day's 2.26 of 70.00 over 31 days
    assert money.cost == row.cost == Decimal("50.75")
    assert (
        (money.revenue, money.credited) == (row.revenue, row.revenue_credited) == (Decimal("90.00"), Decimal("90.00"))
    )
    assert (money.roi.value, money.roi.reason) == (row.roi.value, row.roi.reason)
    assert round(money.roi.value, 4) == Decimal("0.7733")


def test_tiles_say_why_roi_is_undefined():
    nobody = ContactFactory()

    roi, revenue, credited = (tile.figure for tile in MoneyTiles().load([nobody.pk], now=NOW, may=anybody)[nobody.pk])

    assert (roi.value, roi.note) == (None, "No cost was booked")
    assert (revenue.value, credited.value) == (Decimal("0.00"), Decimal("0.00"))


def test_conversion_shows_its_touches_under_every_model(joe: Contact):
    page = read_timeline(asked_of(joe.pk, may=anybody, now=NOW, kind="conversion"))
    (table,) = page.entries[0].tables

    assert [column.label for column in table.columns[3:]] == [
        "First touch",
        "Last touch",
        "Linear",
        "Position-based",
        "Time decay",
    ]
    assert [(*map(str, row.values[1:7]), row.notes.get(1)) for row in table.rows] == [
        ("Click, Forum", "joe", "0.00", "100.00", "33.34", "40.00", None),
        ("Answer, Forum", "mia", "0.00", "0.00", "33.33", "20.00", "Payroll in Practice."),
        ("Question, Forum", "joe", "100.00", "0.00", "33.33", "40.00", "Which course is next?"),
    ]


def test_conversion_with_more_touches_than_fit_shows_the_newest_ten_and_the_way_to_all(joe: Contact):
    account = joe.members.get()
    for hour in range(8):
        InteractionFactory(channel=account.channel, member=account, kind="comment", occurred_at=at(15, hour))
    recompute_all(now=NOW)

    def shown() -> Table:
        (entry,) = read_timeline(asked_of(joe.pk, may=anybody, now=NOW, kind="conversion")).entries
        return entry.tables[0]

    table = shown()
    whens = [row.values[0] for row in table.rows]
    assert whens == [*(at(15, hour) for hour in range(7, -1, -1)), at(10), at(2, 10)]  # not the question at nine
    everything = {"conversion__id__exact": joe.conversions.get().pk}
    assert (table.more_label, table.more.query) == ("All 11 touches", everything)

    Interaction.objects.filter(occurred_at=at(15, 0)).update(retracted_at=NOW)
    recompute_all(now=NOW)
    table = shown()
    assert (len(table.rows), table.rows[-1].values[0], table.more_label) == (10, at(2, 9), "See the credits")


def test_refund_shows_what_it_takes_back(joe: Contact):
    (entry,) = read_timeline(asked_of(joe.pk, may=anybody, now=NOW, kind="refund")).entries

    assert sum(row.values[5] for row in entry.tables[0].rows) == Decimal("-10.00")


def test_credits_need_their_permission_and_private_words_theirs(joe: Contact):
    Interaction.objects.update(is_private=True)

    def shown(*missing: str) -> str:
        page = read_timeline(asked_of(joe.pk, may=lambda permission: permission not in missing, now=NOW))
        return repr(page.entries)

    assert "Payroll in Practice." in shown()
    assert "Payroll in Practice." not in shown("community.view_private_interaction")
    assert "Which touches got the credit" not in shown("metrics.view_credit")


def test_campaign_link_without_a_click_is_an_entry_of_its_own(joe: Contact):
    CampaignFactory(code="summer", name="Summer course")
    ConversionFactory(contact=joe, occurred_at=at(28), utm_campaign="SUMMER", utm_source="newsletter")
    recompute_all(now=NOW)

    entry, click = read_timeline(asked_of(joe.pk, may=anybody, now=NOW, kind="campaign_touch")).entries

    assert (click.kind, click.occurred_at) == ("click", at(10))
    assert (entry.kind, entry.occurred_at, entry.text) == ("campaign_touch", at(28), "newsletter")
    assert [figure.value for figure in entry.figures] == ["Summer course"]


def test_campaign_touches_are_clicks_of_campaigns_and_codes_without_a_click(joe: Contact):
    spring = CampaignFactory(code="summer", name="Summer course")
    account = MemberFactory(contact=joe)
    for day, kind, told in (
        (5, "click", {"campaign": spring}),
        (6, "click", {"utm_campaign": "SUMMER"}),
        (7, "click", {"utm_campaign": "nobodys"}),
        (8, "click", {}),
        (9, "comment", {"campaign": spring}),
    ):
        InteractionFactory(channel=account.channel, member=account, kind=kind, occurred_at=at(day), **told)
    ConversionFactory(contact=joe, occurred_at=at(28), utm_campaign="summer")
    recompute_all(now=NOW)

    def touches(may=anybody, **asked: str) -> list[tuple[str, dt.datetime]]:
        page = read_timeline(asked_of(joe.pk, may=may, now=NOW, kind="campaign_touch", **asked))
        return [(entry.kind, entry.occurred_at) for entry in page.entries]

    clicks = [("click", at(10)), ("click", at(6)), ("click", at(5))]
    assert touches() == [("campaign_touch", at(28)), *clicks]
    assert touches(channel=account.channel.slug) == clicks[1:]
    assert touches(lambda permission: permission != "metrics.view_credit") == clicks
    assert [choice.key for choice in kind_choices()].count("campaign_touch") == 1


def test_unattributed_conversion_says_so():
    alone = ContactFactory()
    ConversionFactory(contact=alone, amount=Decimal("25.00"))
    recompute_all(now=NOW)

    (entry,) = read_timeline(asked_of(alone.pk, may=anybody, now=NOW, kind="conversion")).entries

    assert [row.values[1:] for row in entry.tables[0].rows] == [("Unattributed", None, *[Decimal("25.00")] * 5)]


def test_money_tiles_ask_the_same_number_of_questions_for_1_person_and_20(joe: Contact):
    persons = [joe.pk, *(ContactFactory().pk for _ in range(19))]

    def questions(ids: list[int]) -> int:
        with CaptureQueriesContext(connection) as queries:
            MoneyTiles().load(ids, now=NOW, may=anybody)
        return len(queries)

    assert questions(persons[:1]) == questions(persons) == 1
