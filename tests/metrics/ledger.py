"""Ledger rows written by hand, for tests of what reports make of them."""

from django.db import connection

from metrics.models import ConversionResult, CostDay, Credit
from tests.factories.crm import ConversionFactory

MODELS = ("first_touch", "last_touch", "linear", "position_based", "time_decay")


def add_result(day, value_minor, *, person=None, line="credited", touches=0, conversion=None, **fields):
    """Store what became of a conversion, with no more said than the test needs."""
    conversion = conversion or ConversionFactory()
    return ConversionResult.objects.create(
        conversion=conversion,
        person=person,
        kind_id=conversion.kind_id,
        day=day,
        line=line,
        value_minor=value_minor,
        touches=touches,
        **{
            "unattributed_minor": value_minor if line == "unattributed" else 0,
            "is_help_touched": False,
            "is_refund": False,
            "is_fully_refunded": False,
            **fields,
        },
    )


def add_credit(result, position, minor, **fields):
    """Store one touch of `result`; `minor` is its amount for every model, or a mapping by model."""
    amounts = minor if isinstance(minor, dict) else dict.fromkeys(MODELS, minor)
    return Credit.objects.create(
        conversion_id=result.conversion_id,
        position=position,
        touches=result.touches,
        person_id=result.person_id,
        day=result.day,
        is_refund=result.is_refund,
        **{f"{model}_minor": amount for model, amount in amounts.items()},
        **{"actor_kind": "member", "is_help": False, "decay_weight": 1, "decay_total": result.touches, **fields},
    )


def add_cost_days(cost, amounts):
    """Store what a cost comes to on each day: `amounts` maps days to minor units."""
    CostDay.objects.bulk_create([CostDay(cost=cost, day=day, amount_minor=minor) for day, minor in amounts.items()])


def roll_up():
    """Fill the daily sums anew from the ledger, by plain grouping."""
    amounts = ", ".join(f"sum({model}_minor)" for model in MODELS)
    columns = ", ".join(f"{model}_minor" for model in MODELS)
    revenue = """
        count(*), count(*) FILTER (WHERE NOT is_refund), COALESCE(sum(value_minor), 0),
        COALESCE(sum(value_minor - unattributed_minor) FILTER (WHERE line IN ('credited', 'unattributed')), 0),
        COALESCE(sum(unattributed_minor), 0)
    """
    revenue_columns = "results, conversions, revenue_minor, credited_minor, unattributed_minor"
    with connection.cursor() as cursor:
        for table in ("campaignday", "channelday", "helperday", "personday", "totalday"):
            cursor.execute(f"DELETE FROM metrics_{table}")
        for table, key, expression in (
            ("campaignday", "campaign_id", "COALESCE(campaign_id, 0)"),
            ("channelday", "channel_id", "COALESCE(channel_id, 0)"),
            ("helperday", "actor_kind, member_id", "actor_kind, COALESCE(actor_member_id, 0)"),
        ):
            cursor.execute(
                f"INSERT INTO metrics_{table} ({key}, day, credits, {columns}) "
                f"SELECT {expression}, day, count(*), {amounts} FROM metrics_credit GROUP BY {expression}, day"
            )
        cursor.execute(
            f"INSERT INTO metrics_personday (person_id, day, {revenue_columns}) "
            f"SELECT COALESCE(person_id, 0), day, {revenue} FROM metrics_conversionresult GROUP BY 1, 2"
        )
        cursor.execute(
            f"INSERT INTO metrics_totalday (day, {revenue_columns}, staff_minor) "
            f"SELECT day, {revenue}, COALESCE(sum(value_minor) FILTER (WHERE line = 'staff_purchases'), 0) "
            "FROM metrics_conversionresult GROUP BY 1"
        )
