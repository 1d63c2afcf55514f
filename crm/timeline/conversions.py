"""Conversions on the timeline: what the person brought, and what was refunded, on its own day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Subquery

from crm.models import Conversion
from crm.models.conversion import IS_ORIGINAL
from crm.money import quantise
from crm.timeline.entry import Entry
from crm.timeline.source import Asked
from gateway.panels import Link

CONVERSION, REFUND = "conversion", "refund"

_BOUGHT = """
    SELECT c.occurred_at AS at, c.id
    FROM unnest(%(contacts)s::bigint[]) AS record (id)
    CROSS JOIN LATERAL (
        SELECT bought.occurred_at, bought.id
        FROM crm_conversion bought
        WHERE bought.contact_id = record.id AND (bought.occurred_at, bought.id) < (%(at)s, %(bound)s)
        ORDER BY bought.occurred_at DESC, bought.id DESC
        LIMIT %(limit)s
    ) c
"""
# A refund takes its contact from its original.
_REFUNDED = """
    SELECT refund.occurred_at AS at, refund.id
    FROM crm_conversion original
    JOIN crm_conversion refund
        ON refund.refund_of_source = original.source AND refund.refund_of_external_id = original.external_id
    WHERE original.contact_id = ANY (%(contacts)s) AND (refund.occurred_at, refund.id) < (%(at)s, %(bound)s)
"""
_STATEMENTS = {CONVERSION: _BOUGHT, REFUND: _REFUNDED}


@dataclass(frozen=True)
class ConversionEntries:
    key: str = "conversions"
    group: str = "Sales"
    permission: str = "crm.view_conversion"
    kinds: Mapping[str, str] = field(default_factory=lambda: {CONVERSION: "Conversion", REFUND: "Refund"})
    has_channels: bool = False

    def statement(self, asked: Asked) -> str:
        wanted = [_STATEMENTS[asked.kind]] if asked.kind else _STATEMENTS.values()
        return " UNION ALL ".join(wanted)

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        original = Conversion.objects.filter(IS_ORIGINAL)
        found = (
            Conversion.objects.filter(pk__in=ids)
            .select_related("kind")
            .annotate(original_currency=Subquery(original.values("currency")[:1]))
        )
        return {conversion.pk: self._entry(conversion) for conversion in found}

    def _entry(self, conversion: Conversion) -> Entry:
        is_refund = conversion.refund_of_source is not None
        currency = conversion.currency or conversion.original_currency or ""  # type: ignore[attr-defined]
        title = "Refund" if is_refund else str(conversion.kind)
        number = conversion.order_number or conversion.external_id or ""
        return Entry(
            source=self.key,
            id=conversion.pk,
            occurred_at=conversion.occurred_at,
            kind=REFUND if is_refund else CONVERSION,
            title=title,
            icon="undo" if is_refund else "shopping_cart",
            link=Link(page="admin:crm_conversion_change", args=(conversion.pk,)),
            is_own=True,
            text=f"of {conversion.refund_of_external_id}" if is_refund else number,
            amount=_signed(conversion.amount, currency, is_refund=is_refund),
            currency=currency,
            standing="voided" if conversion.voided_at else "",
            reason=conversion.void_reason,
        )

    def channels(self, asked: Asked) -> Mapping[str, str]:
        return {}


def _signed(amount: Decimal, currency: str, *, is_refund: bool) -> Decimal | None:
    """Return an amount as it is shown, a refund's negative; None for a conversion without value."""
    if not amount:
        return None
    shown = quantise(amount, currency) if currency else amount
    return -shown if is_refund else shown
