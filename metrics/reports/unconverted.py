"""Money that no exchange rate could bring into the reporting currency: named, not guessed."""

from collections.abc import Mapping
from decimal import Decimal

from crm.money import readable
from metrics.reports.report import NotConverted
from metrics.reports.snapshot import select


def not_converted(parameters: Mapping[str, object]) -> list[NotConverted]:
    """
    Return, by currency, the conversions and costs of the period without a rate, in one query.

    Amounts are whole and in their own currency; refunds count as negative revenue. A refund without a currency takes
    that of its order, and None while the order has not arrived, or was voided. A cost is listed with all of its amount
    when any of its days that have come lies in the period.
    """
    rows = select(
        """
        WITH fact AS (
            SELECT COALESCE(f.currency, original.currency) AS currency,
                   1 AS conversions, CASE WHEN r.is_refund THEN -f.amount ELSE f.amount END AS revenue,
                   0 AS costs, 0::numeric AS cost, r.day AS first_day, r.day AS last_day
            FROM metrics_conversionresult r
            JOIN crm_conversion f ON f.id = r.conversion_id
            LEFT JOIN crm_conversion original
                ON original.source = f.refund_of_source AND original.external_id = f.refund_of_external_id
                AND original.voided_at IS NULL
            WHERE r.line = 'not_converted' AND r.day >= %(start)s::date AND r.day < %(end)s::date
            UNION ALL
            SELECT c.currency, 0, 0, 1, c.amount,
                   greatest(lower(c.days), %(start)s::date), least(upper(c.days), %(cost_end)s::date) - 1
            FROM community_cost c
            WHERE c.voided_at IS NULL AND c.currency <> %(currency)s AND c.amount > 0
              AND lower(c.days) < %(cost_end)s::date AND upper(c.days) > %(start)s::date
              AND NOT EXISTS (SELECT 1 FROM metrics_costday d WHERE d.cost_id = c.id)
        )
        SELECT currency, sum(conversions), sum(revenue), sum(costs), sum(cost), min(first_day), max(last_day)
        FROM fact GROUP BY currency ORDER BY currency
        """,
        parameters,
    )
    return [
        NotConverted(
            currency=currency,
            conversions=int(conversions),
            revenue=readable(Decimal(revenue), currency),
            costs=int(costs),
            cost=readable(Decimal(cost), currency),
            first_day=first_day,
            last_day=last_day,
        )
        for currency, conversions, revenue, costs, cost, first_day, last_day in rows
    ]
