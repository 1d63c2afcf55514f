"""Credits, refunds, lines, costs and daily sums by examples, with every number worked by hand."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg.types.range import DateRange

from community import costs, retracting
from community.models import Interaction, Thread
from community.sync.accepted_answers import refresh_accepted_help
from crm import voiding
from crm.models import Contact, Conversion
from crm.money import allocate
from metrics.fingerprint import is_current
from metrics.models import (
    CampaignDay,
    ConversionResult,
    CostDay,
    Credit,
    HelperDay,
    PersonDay,
    StaleMark,
    TotalDay,
)
from metrics.recompute import mark_contacts, recompute_all, recompute_claim, recompute_stale
from tests.factories.community import (
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import (
    CampaignFactory,
    ConversionFactory,
    ExchangeRateFactory,
    RefundFactory,
)
from tests.metrics.oracle import expected_tables, stored_tables

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)
WINDOW = dt.timedelta(hours=90 * 24)
INSTANT = dt.timedelta(microseconds=1)


@pytest.fixture
def joe():
    return MemberFactory()


@pytest.fixture(autouse=True)
def _oracle_agrees(request, db):
    """Whatever an example shows, the oracle expects the same tables in the end."""
    yield
    recompute_stale(now=NOW)
    assert stored_tables() == expected_tables()


def touch(member, before_noon, **fields):
    """An interaction by the member so long before noon of the day of purchase."""
    return InteractionFactory(member=member, channel=member.channel, occurred_at=NOON - before_noon, **fields)


def days(number):
    return dt.timedelta(days=number)


def credited(conversion, model="linear"):
    """Return what the model credits to each touch of the conversion, oldest first, in cents."""
    rows = Credit.objects.filter(conversion=conversion).order_by("position")
    return list(rows.values_list(f"{model}_minor", flat=True))


def touched_by(conversion):
    return list(Credit.objects.filter(conversion=conversion).order_by("position").values_list("interaction", flat=True))


def line_of(conversion):
    return ConversionResult.objects.values_list("line", "value_minor", "unattributed_minor").get(pk=conversion.pk)


def order(contact, amount="100.00", **fields):
    return ConversionFactory(contact=contact, amount=Decimal(amount), occurred_at=NOON, **fields)


@hypothesis_settings(max_examples=200, deadline=None)
@given(
    total=st.integers(0, 2**60), weights=st.lists(st.integers(0, 2**34), min_size=1, max_size=12).filter(any),
    scale=st.sampled_from([1, 1, 2**24]),
)  # fmt: skip
def test_kith_part_is_allocate(total, weights, scale):
    weights = [weight * scale for weight in weights]
    uptos = [sum(weights[: index + 1]) for index in range(len(weights))]

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(kith_part(%s, upto, upto - weight, %s::bigint) ORDER BY number) "
            "FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY parts (upto, weight, number)",
            [total, sum(weights), uptos, weights],
        )
        (parts,) = cursor.fetchone()

    assert parts == allocate(total, weights)


def test_kith_part_without_any_weight_is_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT kith_part(100, 0, 0, 0)")
        assert cursor.fetchone() == (0,)


def test_linear_splits_100_over_3_touches_the_same_way_every_time(joe):
    for age in (3, 2, 1):
        touch(joe, days(age))
    purchase = order(joe.contact, "100.00")

    recompute_all(now=NOW)

    assert credited(purchase, "linear") == [3333, 3333, 3334]
    assert credited(purchase, "first_touch") == [10000, 0, 0]
    assert credited(purchase, "last_touch") == [0, 0, 10000]


@pytest.mark.parametrize(
    ("touches", "expected"),
    [(1, [10000]), (2, [5000, 5000]), (3, [4000, 2000, 4000]), (4, [4000, 1000, 1000, 4000])],
)
def test_position_based_gives_40_percent_to_both_ends(joe, touches, expected):
    for age in range(touches, 0, -1):
        touch(joe, days(age))
    purchase = order(joe.contact, "100.00")

    recompute_all(now=NOW)

    assert credited(purchase, "position_based") == expected


def test_position_based_cuts_the_running_sum(joe):
    """0.09 over five touches weighs 6, 1, 1, 1, 6 of 15: 3.6, 4.2, 4.8, 5.4, 9 rounded down are 3, 4, 4, 5, 9."""
    for age in range(5, 0, -1):
        touch(joe, days(age))
    purchase = order(joe.contact, "0.09")

    recompute_all(now=NOW)

    assert credited(purchase, "position_based") == [3, 1, 0, 1, 4]


def test_time_decay_halves_every_seven_days(joe):
    for age in (14, 7, 0):
        touch(joe, days(age))
    purchase = order(joe.contact, "7.00")

    recompute_all(now=NOW)

    assert credited(purchase, "time_decay") == [100, 200, 400]
    weights = Credit.objects.filter(conversion=purchase).order_by("position").values_list("decay_weight", "decay_total")
    assert list(weights) == [(4_194_304, 29_360_128), (8_388_608, 29_360_128), (16_777_216, 29_360_128)]


def test_time_decay_counts_age_from_the_newest_touch(joe):
    """The newest touch is ten days old; it weighs 2^24 all the same."""
    touch(joe, days(17))
    touch(joe, days(10))
    purchase = order(joe.contact, "3.00")

    recompute_all(now=NOW)

    assert credited(purchase, "time_decay") == [100, 200]


def test_the_window_opens_after_90_days_and_closes_with_the_conversion(joe):
    touch(joe, WINDOW)
    first = touch(joe, WINDOW - INSTANT)
    last = touch(joe, dt.timedelta(0))
    touch(joe, -INSTANT)
    purchase = order(joe.contact)

    recompute_all(now=NOW)

    assert touched_by(purchase) == [first.pk, last.pk]


def test_touches_at_the_same_instant_are_placed_by_id(joe):
    touches = [touch(joe, days(1)).pk for _ in range(3)]
    purchase = order(joe.contact)

    recompute_all(now=NOW)

    assert touched_by(purchase) == sorted(touches)


def test_likes_broadcasts_and_retracted_interactions_are_no_touches_but_deleted_ones_are(joe):
    touch(joe, days(5), kind="like")
    touch(joe, days(4), kind="broadcast", direction="outbound")
    touch(joe, days(3), retracted_at=NOON)
    deleted = touch(joe, days(2), deleted_at=NOON)
    purchase = order(joe.contact)

    recompute_all(now=NOW)

    assert touched_by(purchase) == [deleted.pk]


def test_what_was_sent_to_nobody_in_particular_is_no_touch_not_even_of_who_sent_it(joe):
    ann = MemberFactory(channel=joe.channel)
    thread = ThreadFactory(channel=joe.channel, opened_by=ann)
    touch(joe, days(6), direction="outbound")
    sent = [
        touch(joe, days(5), direction="outbound", to_member=ann),
        touch(joe, days(4), direction="outbound", to_contact=ann.contact),
        touch(joe, days(3), direction="outbound", reply_to=touch(ann, days(9))),
        touch(joe, days(2), direction="outbound", kind="answer", thread=thread),
        touch(joe, days(1), direction="between_members"),
    ]
    purchase = order(joe.contact)

    recompute_all(now=NOW)

    assert touched_by(purchase) == [interaction.pk for interaction in sent]


def test_an_answer_touches_whom_it_addresses_else_the_author_replied_to_else_the_opener(joe):
    ann, bob = MemberFactory(channel=joe.channel), MemberFactory(channel=joe.channel)
    thread = ThreadFactory(channel=joe.channel, opened_by=joe)
    asked_by_bob = touch(bob, days(9), thread=thread)
    touch(ann, days(8), kind="answer", thread=thread, to_member=bob)
    touch(ann, days(7), kind="answer", thread=thread, reply_to=asked_by_bob)
    only_named = Interaction.objects.create(channel=joe.channel, external_id="unknown")
    answers = [
        touch(ann, days(6), kind="answer", thread=thread),
        touch(ann, days(5), kind="answer", thread=thread, reply_to=only_named),
        touch(ann, days(4), kind="answer", to_member=joe),
        touch(ann, days(3), kind="answer", to_contact=joe.contact),
    ]
    touch(ann, days(2), kind="comment", thread=thread)
    purchase = order(joe.contact)
    bobs = order(bob.contact)

    recompute_all(now=NOW)

    assert touched_by(purchase) == [answer.pk for answer in answers]
    assert len(touched_by(bobs)) == 3


def test_a_reply_touches_the_author_replied_to_once_that_author_is_known(joe):
    ann = MemberFactory(channel=joe.channel)
    named = Interaction.objects.create(channel=joe.channel, external_id="p1")
    touch(ann, days(1), kind="comment", reply_to=named)
    purchase = order(joe.contact)
    recompute_all(now=NOW)
    assert line_of(purchase) == ("unattributed", 10000, 10000)

    Interaction.objects.filter(pk=named.pk).update(kind="like", member=joe, occurred_at=NOON - days(200))
    recompute_stale(now=NOW)

    assert line_of(purchase) == ("credited", 10000, 0)


def test_who_acted_is_seen_from_the_buyer(joe):
    ann, ida, robot = (MemberFactory(channel=joe.channel) for _ in range(3))
    MemberRoleFactory(member=ida, role="staff", since=NOON - days(10))
    MemberRoleFactory(member=robot, role="bot", since=None)
    touch(ida, days(11), kind="answer", to_member=joe)
    touch(ida, days(10), kind="answer", to_member=joe)
    touch(robot, days(9), kind="answer", to_member=joe)
    touch(ann, days(8), kind="answer", to_member=joe)
    touch(joe, days(7))
    InteractionFactory(
        channel=joe.channel, member=None, user=UserFactory(), kind="help", to_contact=joe.contact, occurred_at=NOON
    )
    InteractionFactory(channel=joe.channel, member=None, kind="comment", to_contact=joe.contact, occurred_at=NOON)
    order(joe.contact, "6.00")

    recompute_all(now=NOW)

    rows = Credit.objects.order_by("position").values_list("actor_kind", "actor_member", "is_help")
    assert list(rows) == [
        ("member", ida.pk, True),
        ("staff", ida.pk, True),
        ("member", ann.pk, True),
        ("self", joe.pk, False),
        ("staff", None, True),
        ("unknown", None, False),
    ]
    helpers = HelperDay.objects.order_by("actor_kind", "member_id").values_list(
        "actor_kind", "member_id", "credits", "linear_minor"
    )
    assert list(helpers) == [
        ("member", ann.pk, 1, 100),
        ("member", ida.pk, 1, 100),
        ("self", 0, 1, 100),
        ("staff", 0, 2, 200),
        ("unknown", 0, 1, 100),
    ]


def test_a_comment_marked_as_help_is_help_to_the_one_helped(joe):
    ann = MemberFactory(channel=joe.channel)
    comment = touch(ann, days(1), kind="comment", to_member=joe)
    HelpRecordFactory(interaction=comment, contact=joe.contact)
    purchase = order(joe.contact)

    recompute_all(now=NOW)

    assert Credit.objects.get(conversion=purchase).is_help
    assert ConversionResult.objects.get(pk=purchase.pk).is_help_touched


def test_two_accounts_and_two_merged_contacts_are_one_person(joe):
    second = MemberFactory(contact=joe.contact)
    merged = MemberFactory()
    Contact.objects.filter(pk=merged.contact_id).update(merged_into=joe.contact)
    for member, age in ((joe, 3), (second, 2), (merged, 1)):
        touch(member, days(age))
    purchase = order(merged.contact, "3.00")

    recompute_all(now=NOW)

    assert credited(purchase) == [100, 100, 100]
    assert set(Credit.objects.values_list("person", flat=True)) == {joe.contact_id}


def test_unmerging_takes_back_what_the_other_account_did(joe):
    merged = MemberFactory()
    Contact.objects.filter(pk=merged.contact_id).update(merged_into=joe.contact)
    touch(merged, days(1))
    purchase = order(joe.contact)
    recompute_all(now=NOW)
    assert line_of(purchase) == ("credited", 10000, 0)

    Contact.objects.filter(pk=merged.contact_id).update(merged_into=None)
    recompute_stale(now=NOW)

    assert line_of(purchase) == ("unattributed", 10000, 10000)


def test_refunds_reverse_the_exact_share_of_all_refunded_so_far(joe):
    """333 of 1000 over [500, 500] is floor(166.5) and the rest; all 1000 is [500, 500], so 334 and 333 remain."""
    touch(joe, days(2))
    touch(joe, days(1))
    purchase = order(joe.contact, "10.00", external_id="o1")
    first = RefundFactory(refund_of_external_id="o1", amount=Decimal("3.33"), occurred_at=NOON + days(1))
    second = RefundFactory(refund_of_external_id="o1", amount=Decimal("6.67"), occurred_at=NOON + days(2))

    recompute_all(now=NOW)

    assert credited(purchase) == [500, 500]
    assert credited(first) == [-166, -167]
    assert credited(second) == [-334, -333]
    assert credited(first, "last_touch") == [0, -333]
    assert line_of(first) == ("credited", -333, 0)
    assert ConversionResult.objects.get(pk=purchase.pk).is_fully_refunded
    days_of_credit = CampaignDay.objects.order_by("day").values_list("day", "credits", "linear_minor")
    assert list(days_of_credit) == [
        (dt.date(2026, 3, 20), 2, 1000),
        (dt.date(2026, 3, 21), 2, -333),
        (dt.date(2026, 3, 22), 2, -667),
    ]


def test_what_a_refund_exceeds_its_original_by_is_unattributed(joe):
    touch(joe, days(1))
    order(joe.contact, "10.00", external_id="o1")
    refund = RefundFactory(refund_of_external_id="o1", amount=Decimal("12.00"))

    recompute_all(now=NOW)

    assert credited(refund) == [-1000]
    assert line_of(refund) == ("credited", -1200, -200)


def test_a_refund_whose_original_is_unknown_or_void_or_a_refund_is_unattributed(joe):
    touch(joe, days(1))
    order(joe.contact, external_id="o1", voided_at=NOON)
    order(joe.contact, external_id="o2")
    good = RefundFactory(external_id="r2", refund_of_external_id="o2")
    bad = [RefundFactory(refund_of_external_id=name, currency="EUR") for name in ("o1", "r2", "o3")]
    without_currency = RefundFactory(refund_of_external_id="o4", currency=None)

    recompute_all(now=NOW)

    assert line_of(good) == ("credited", -1000, 0)
    assert [line_of(refund) for refund in bad] == [("unattributed", -1000, -1000)] * 3
    assert line_of(without_currency) == ("not_converted", None, 0)


def test_a_refund_waits_for_its_original(joe):
    touch(joe, days(1))
    refund = RefundFactory(refund_of_external_id="o1", currency="EUR")
    recompute_all(now=NOW)
    assert line_of(refund) == ("unattributed", -1000, -1000)

    order(joe.contact, external_id="o1")
    recompute_stale(now=NOW)

    assert line_of(refund) == ("credited", -1000, 0)


def test_refunds_of_the_whole_in_another_currency_net_every_row_to_zero(joe):
    """100.00 GBP at 1.1534 is 115.34; thirds of it are 38.44, 38.44 and 38.46, not three times 38.44."""
    ExchangeRateFactory(date=dt.date(2026, 3, 20), rate=Decimal("1.1534"))
    ExchangeRateFactory(date=dt.date(2026, 3, 25), rate=Decimal("1.5"))
    touch(joe, days(1))
    order(joe.contact, "100.00", currency="GBP", external_id="o1")
    refunds = [
        RefundFactory(refund_of_external_id="o1", amount=Decimal(amount), currency=None)
        for amount in ("33.33", "33.33", "33.34")
    ]

    recompute_all(now=NOW)

    assert [line_of(refund)[1] for refund in refunds] == [-3844, -3845, -3845]
    assert sum(Credit.objects.values_list("linear_minor", flat=True)) == 0


def test_a_rate_may_be_seven_days_old_and_no_older(joe):
    touch(joe, days(1))
    purchase = order(joe.contact, "10.00", currency="GBP")
    rate = ExchangeRateFactory(date=dt.date(2026, 3, 12), rate=Decimal("1.1534"))
    recompute_all(now=NOW)
    assert line_of(purchase) == ("not_converted", None, 0)
    assert TotalDay.objects.values_list("results", "conversions", "revenue_minor").get() == (1, 1, 0)

    rate.date = dt.date(2026, 3, 13)
    rate.save()
    recompute_stale(now=NOW)

    assert line_of(purchase) == ("credited", 1153, 0)  # 11.534 to whole cents


def test_conversion_rounds_half_a_cent_up(joe):
    ExchangeRateFactory(date=dt.date(2026, 3, 20), rate=Decimal("1.15"))
    purchase = order(joe.contact, "0.90", currency="GBP")  # 1.035

    recompute_all(now=NOW)

    assert line_of(purchase) == ("unattributed", 104, 104)


def test_a_conversion_without_value_has_credits_of_nothing(joe):
    touch(joe, days(1))
    sign_up = order(joe.contact, "0", currency=None, kind_id="sign_up")

    recompute_all(now=NOW)

    assert credited(sign_up) == [0]
    assert line_of(sign_up) == ("credited", 0, 0)


def test_the_largest_amount_is_split_exactly(joe):
    """5,497,558,138.87 EUR is 2^39 - 1 cents; the largest that can be."""
    for age in (3, 2, 1):
        touch(joe, days(age))
    purchase = order(joe.contact, "5497558138.87")

    recompute_all(now=NOW)

    assert credited(purchase) == [183251937962, 183251937962, 183251937963]
    assert sum(credited(purchase, "time_decay")) == 549755813887


def test_staff_purchases_stand_on_a_line_of_their_own(joe):
    MemberRoleFactory(member=joe, role="staff", since=NOON)
    touch(joe, days(1))
    before = ConversionFactory(contact=joe.contact, occurred_at=NOON - INSTANT)
    at_once = order(joe.contact, "5.00", external_id="o1")
    refund = RefundFactory(refund_of_external_id="o1", amount=Decimal("7.00"))

    recompute_all(now=NOW)

    assert line_of(before)[0] == "credited"
    assert line_of(at_once) == ("staff_purchases", 500, 0)
    assert line_of(refund) == ("staff_purchases", -700, -200)
    assert list(TotalDay.objects.order_by("day").values_list("staff_minor", "unattributed_minor", "revenue_minor")) == [
        (500, 0, 10500),
        (-500, -200, -700),
    ]


def test_a_guest_order_is_unattributed_unless_its_own_utm_code_is_a_campaign(joe):
    campaign = CampaignFactory(code="Spring")
    plain, coded = order(None), order(None, utm_campaign="SPRING")

    recompute_all(now=NOW)

    assert line_of(plain) == ("unattributed", 10000, 10000)
    assert line_of(coded) == ("credited", 10000, 0)
    row = Credit.objects.get(conversion=coded)
    assert (row.interaction_id, row.campaign_id, row.channel_id, row.person_id, row.actor_kind) == (
        None, campaign.pk, None, None, "self",
    )  # fmt: skip
    assert list(PersonDay.objects.values_list("person_id", "conversions", "credited_minor")) == [(0, 2, 10000)]


@pytest.mark.parametrize(
    ("age", "touches"), [(dt.timedelta(hours=24), 2), (dt.timedelta(hours=24) - INSTANT, 1), (dt.timedelta(0), 1)]
)
def test_a_conversions_own_utm_code_counts_once_with_a_click_in_the_24_hours_before(joe, age, touches):
    CampaignFactory(code="spring")
    touch(joe, age, kind="click", utm_campaign="Spring")
    purchase = order(joe.contact, utm_campaign="spring")

    recompute_all(now=NOW)

    assert len(touched_by(purchase)) == touches


@pytest.mark.parametrize(
    ("code", "given_to", "touches"),
    [("spring", "autumn", 1), ("autumn", "spring", 1), (None, "spring", 1), ("autumn", "autumn", 2)],
)
def test_a_click_stands_for_the_conversions_own_code_by_its_code_or_by_its_campaign(joe, code, given_to, touches):
    campaigns = {name: CampaignFactory(code=name) for name in ("spring", "autumn")}
    touch(joe, dt.timedelta(hours=1), kind="click", utm_campaign=code, campaign=campaigns[given_to])
    purchase = order(joe.contact, utm_campaign="spring")

    recompute_all(now=NOW)

    assert len(touched_by(purchase)) == touches


def test_an_explicit_campaign_wins_over_the_utm_code_and_a_code_may_be_found_later(joe):
    spring = CampaignFactory(code="spring")
    touch(joe, days(2), utm_campaign="SUMMER")
    touch(joe, days(1), utm_campaign="summer", campaign=spring)
    order(joe.contact)
    recompute_all(now=NOW)
    campaigns = Credit.objects.order_by("position").values_list("campaign", flat=True)
    assert list(campaigns) == [None, spring.pk]

    summer = CampaignFactory(code="Summer")
    recompute_stale(now=NOW)

    assert list(campaigns.all()) == [summer.pk, spring.pk]


def test_days_are_cut_in_the_organisations_zone(joe):
    """23:30 UTC on 29 March 2026 is half past midnight in London, whose clocks went forward that night."""
    late = ConversionFactory(contact=joe.contact, occurred_at=dt.datetime(2026, 3, 29, 23, 30, tzinfo=dt.UTC))

    recompute_all(now=NOW)

    assert ConversionResult.objects.get(pk=late.pk).day == dt.date(2026, 3, 30)


def test_a_cost_is_spread_with_the_remainder_on_the_earlier_days(joe):
    """100.00 EUR over 3 days; 10.00 GBP at the first day's 1.15 is 11.50; a void one counts no more."""
    ExchangeRateFactory(date=dt.date(2026, 3, 1), rate=Decimal("1.15"))
    ExchangeRateFactory(date=dt.date(2026, 3, 2), rate=Decimal("9"))
    span = DateRange(dt.date(2026, 3, 1), dt.date(2026, 3, 4))
    euros = CostFactory(days=span)
    pounds = CostFactory(days=span, amount=Decimal("10.00"), currency="GBP")
    void = CostFactory(days=span)
    recompute_all(now=NOW)

    void.voided_at = NOON
    void.save()
    recompute_stale(now=NOW)

    rows = CostDay.objects.order_by("cost", "day").values_list("cost", "amount_minor")
    assert list(rows) == [
        (euros.pk, 3334), (euros.pk, 3333), (euros.pk, 3333), (pounds.pk, 384), (pounds.pk, 383), (pounds.pk, 383),
    ]  # fmt: skip


def test_a_roll_up_row_goes_with_its_last_contributor(joe):
    touch(joe, days(1))
    purchase = order(joe.contact)
    recompute_all(now=NOW)
    assert CampaignDay.objects.count() == 1

    Conversion.objects.filter(pk=purchase.pk).update(voided_at=NOON)
    recompute_stale(now=NOW)

    assert not any(stored_tables().values())


def test_nothing_is_written_when_nothing_changed(joe):
    touch(joe, days(1))
    order(joe.contact, external_id="o1", currency="EUR")
    RefundFactory(refund_of_external_id="o1")
    CostFactory()
    recompute_all(now=NOW)

    def row_versions():
        tables = (
            "credit",
            "conversionresult",
            "costday",
            "campaignday",
            "channelday",
            "helperday",
            "personday",
            "totalday",
        )
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{t}', ctid::text, xmin::text FROM metrics_{t}" for t in tables))
            return sorted(cursor.fetchall())

    before = row_versions()
    mark_contacts([joe.contact_id])
    stale = recompute_stale(now=NOW)
    full = recompute_all(now=NOW)

    assert (stale.conversions, stale.credits_written, stale.results_written) == (2, 0, 0)
    assert (full.conversions, full.credits_written, full.cost_days_written) == (2, 0, 0)
    assert row_versions() == before


def test_only_conversions_whose_window_meets_the_change_are_recomputed(joe):
    for month in (1, 5, 9):
        ConversionFactory(contact=joe.contact, occurred_at=dt.datetime(2026, month, 1, tzinfo=dt.UTC))
    recompute_all(now=NOW)

    InteractionFactory(member=joe, channel=joe.channel, occurred_at=dt.datetime(2026, 4, 1, tzinfo=dt.UTC))

    assert recompute_stale(now=NOW).conversions == 1


def test_a_changed_setting_makes_the_figures_out_of_date_until_a_full_recompute(joe, settings):
    touch(joe, days(7))
    touch(joe, days(0))
    purchase = order(joe.contact, "3.00")
    recompute_all(now=NOW)
    assert credited(purchase, "time_decay") == [100, 200]
    assert is_current()

    settings.METRICS_DECAY_HALF_LIFE_DAYS = 3.5
    assert not is_current()
    recompute_stale(now=NOW)

    assert is_current()
    assert credited(purchase, "time_decay") == [60, 240]
    settings.METRICS_DECAY_HALF_LIFE_DAYS = 7  # what the oracle knows


def test_a_full_recompute_takes_the_marks_along(joe):
    touch(joe, days(1))
    assert StaleMark.objects.exists()

    recompute_all(now=NOW)

    assert not StaleMark.objects.exists()


def voided_order(joe):
    touch(MemberFactory(channel=joe.channel), days(2), kind="answer", to_member=joe)
    bought = order(joe.contact, "100.00", external_id="o-1")
    RefundFactory(refund_of_source=bought.source, refund_of_external_id="o-1", amount=Decimal("30.00"))
    return voiding, voiding.voiding, bought


def voided_refund(joe):
    touch(joe, days(2))
    bought = order(joe.contact, "100.00", external_id="o-1")
    refund = RefundFactory(refund_of_source=bought.source, refund_of_external_id="o-1", amount=Decimal("30.00"))
    return voiding, voiding.voiding, refund


def retracted_answer(joe):
    """An accepted answer that is help only by its record, which goes and comes with it."""
    helper = MemberFactory(channel=joe.channel)
    thread = ThreadFactory(channel=joe.channel, opened_by=joe)
    answer = touch(helper, days(2), kind="comment", to_member=joe, thread=thread)
    Thread.objects.filter(pk=thread.pk).update(accepted_answer=answer)
    refresh_accepted_help([answer.pk], now=NOW)
    touch(joe, days(3))
    order(joe.contact, "100.00")
    return retracting, retracting.retracting, answer


def voided_cost(joe):
    touch(joe, days(2))
    order(joe.contact, "100.00")
    return costs, costs.voiding, CostFactory(channel=joe.channel)


@pytest.mark.parametrize("taken_out", [voided_order, voided_refund, retracted_answer, voided_cost])
def test_what_was_taken_out_and_is_restored_counts_exactly_as_it_did(joe, taken_out):
    module, taking_out, fact = taken_out(joe)
    recompute_all(now=NOW)
    before = stored_tables()

    taking_out.one(fact.pk, reason="a mistake", now=NOW)
    recompute_stale(now=NOW)
    without = stored_tables()
    module.restoring.one(fact.pk, reason="it was none", now=NOW)
    recompute_stale(now=NOW)

    assert without != before
    assert stored_tables() == before


def test_one_changed_contact_is_recomputed_in_few_statements(joe):
    """Each costs as much in Python as it takes PostgreSQL."""
    InteractionFactory(channel=joe.channel, member=joe, occurred_at=NOON - dt.timedelta(days=1))
    bought = ConversionFactory(contact=joe.contact, occurred_at=NOON, amount=Decimal("10.00"))
    recompute_all(now=NOW)
    Conversion.objects.filter(pk=bought.pk).update(amount=Decimal("20.00"))

    with CaptureQueriesContext(connection) as statements:
        done = recompute_claim(now=NOW)

    assert (done.conversions, done.credits_written, done.results_written) == (1, 1, 1)
    assert len(statements) <= 25
