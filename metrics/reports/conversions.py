"""
How many conversions stand behind a row, and what they were worth as a whole.

Shares are exact fractions of integers that stand in the ledger: position, number of touches, decay
weight and total. A row's weights in one conversion are summed and divided once, with 30 decimals, and
the sum over its conversions is rounded once to six, so three thirds are one. Refunds are not
conversions: they are left out of every count, while assisted revenue is net of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from metrics.attribution.models import attribution_models
from metrics.reports.dimensions import Dimension
from metrics.reports.query import MODELS
from metrics.reports.snapshot import Question, Rows


@dataclass(frozen=True)
class ConversionCounts:
    """
    `touched` distinct conversions, of which `fully_refunded`; `assisted` minor units of the whole
    value of those with help; `credited` the sum of shares per model asked for, with six decimals.
    """

    touched: int = 0
    fully_refunded: int = 0
    assisted: int = 0
    credited: Mapping[str, Decimal] = field(default_factory=lambda: dict.fromkeys(MODELS, Decimal(0)))


def conversions_of_rows(
    dimension: Dimension,
    parameters: Mapping[str, object],
    *,
    keys: Sequence[int] | None,
    models: Sequence[str] = MODELS,
) -> Question[dict[int | date, ConversionCounts]]:
    """Ask for the counts of each row (of `keys` alone, if given) by one SELECT, `credited` for these models."""
    if dimension.ledger_from is None:
        return _of_whole_conversions(dimension, parameters, keys=keys)
    asked = [model for model in attribution_models if model.key in models]
    weights = ", ".join(f"sum({model.weight}) AS {model.key}, min({model.total}) AS {model.key}_of" for model in asked)
    shares = ", ".join(
        f"COALESCE(round(sum(t.{model.key}::numeric(60, 30) / t.{model.key}_of) FILTER (WHERE NOT r.is_refund), 6), 0)"
        for model in asked
    )
    sql = f"""
        WITH touched AS (
            SELECT {dimension.ledger_key} AS key, c.conversion_id, bool_or(c.is_help) AS is_help, {weights}
            FROM {dimension.ledger_from}
            WHERE c.day >= %(start)s::date AND c.day < %(end)s::date
              AND {dimension.ledger_key} IS NOT NULL
              {f"AND {dimension.ledger_key} = ANY(%(keys)s)" if keys is not None else ""}
            GROUP BY 1, 2
        )
        SELECT t.key,
               count(*) FILTER (WHERE NOT r.is_refund),
               count(*) FILTER (WHERE NOT r.is_refund AND r.is_fully_refunded),
               COALESCE(sum(r.value_minor) FILTER (WHERE t.is_help), 0)::bigint,
               {shares}
        FROM touched t JOIN metrics_conversionresult r ON r.conversion_id = t.conversion_id
        GROUP BY t.key
    """

    def read(rows: Rows) -> dict[int | date, ConversionCounts]:
        return {
            key: ConversionCounts(touched, refunded, assisted, dict(zip(models, map(Decimal, credited), strict=True)))
            for key, touched, refunded, assisted, *credited in rows
        }

    return Question([(sql, {**parameters, "keys": list(keys or ())})], read)


def conversions_in_total(parameters: Mapping[str, object]) -> ConversionCounts:
    """Return the counts of all conversions that any touch earned, in one query."""
    return next(iter(_whole_conversions("NULL::date", parameters).ask().values()), ConversionCounts())


def _of_whole_conversions(
    dimension: Dimension, parameters: Mapping[str, object], *, keys: Sequence[int] | None
) -> Question[dict[int | date, ConversionCounts]]:
    """A buyer, or a month, has the whole conversion: its shares sum to one for every model."""
    only = f"AND {dimension.ledger_key} = ANY(%(keys)s)" if keys is not None else ""
    whole = _whole_conversions(dimension.ledger_key, {**parameters, "keys": list(keys or ())}, only=only)
    return Question(
        whole.selects, lambda rows: {key: counts for key, counts in whole.read(rows).items() if key is not None}
    )


def _whole_conversions(
    key: str, parameters: Mapping[str, object], *, only: str = ""
) -> Question[dict[int | date | None, ConversionCounts]]:
    sql = f"""
        SELECT {key},
               count(*) FILTER (WHERE NOT r.is_refund),
               count(*) FILTER (WHERE NOT r.is_refund AND r.is_fully_refunded),
               COALESCE(sum(r.value_minor) FILTER (WHERE r.is_help_touched), 0)::bigint
        FROM metrics_conversionresult r
        WHERE r.day >= %(start)s::date AND r.day < %(end)s::date AND r.touches > 0 AND r.line = 'credited' {only}
        GROUP BY 1
    """

    def read(rows: Rows) -> dict[int | date | None, ConversionCounts]:
        return {
            key: ConversionCounts(touched, refunded, assisted, dict.fromkeys(MODELS, Decimal(touched)))
            for key, touched, refunded, assisted in rows
        }

    return Question([(sql, parameters)], read)
