"""Conversions and refunds, known by what other systems call them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crm.models import Conversion, ConversionKind
from crm.periods import end_of_day, organisation_zone
from crm.personal_data.suppression import SourceName
from crm.sync.erased import pseudonyms, refuse_erased
from crm.sync.fields import Amount, Currency, SignedAmount, money_problems
from crm.sync.references import contact_ids
from crm.voiding import voiding
from gateway.collections import FieldError
from gateway.drafts import Draft, write_rows
from gateway.items import Day, ExternalId, Item, Moment, Name, Ref, Source, Text
from gateway.synced import SyncedCollection
from gateway.tables import Key, Table

CONVERSIONS = Table(Conversion, key=("source", "external_id"), frozen="t.voided_at IS NOT NULL")


MONEY = {"refund_of", "amount", "margin", "currency"}  # facts of which a refund must fit its original


class ConversionItem(Item):
    """
    A conversion, or with `refund_of` a refund of one.

    `contact` is created when unknown and may be null: a guest order. When it happened is either a
    moment (`occurred_at`) or a day (`occurred_on`), which stands for the day's last microsecond in
    the organisation's zone. A refund takes contact, kind and currency from its original; only one that comes before
    it names a currency of three decimals itself. `margin` is in the
    same currency, at most the amount and negative where what was sold cost more; of a refund, what goes back of it.
    """

    source: Source
    external_id: ExternalId
    contact: Ref | None = None
    kind: Name(30) | None = None
    occurred_at: Moment = None
    occurred_on: Day = None
    amount: Amount = None
    currency: Currency | None = None
    margin: SignedAmount | None = None
    order_number: Text(100) | None = None
    refund_of: Ref | None = None
    utm_source: Text(255) | None = None
    utm_medium: Text(255) | None = None
    utm_campaign: Text(255) | None = None
    utm_term: Text(255) | None = None
    utm_content: Text(255) | None = None
    source_updated_at: Moment | None = None


class Conversions(SyncedCollection):
    key = "conversions"
    item = ConversionItem
    model = Conversion
    key_fields = ("source", "external_id")
    stands_for = {"refund_of_source": "refund_of", "refund_of_external_id": "refund_of"}

    def facts_of(self, item: Any) -> dict[str, Any]:
        facts = super().facts_of(item)
        if "occurred_on" in facts and "occurred_at" not in facts:
            # What only the day is known of stands at the day's end.
            facts["occurred_at"] = end_of_day(facts.pop("occurred_on"), organisation_zone())
        return facts

    def problems(self, facts: Mapping[str, Any]) -> Iterator[FieldError]:
        yield from money_problems(facts)
        yield from money_problems(facts, amount="margin")
        if "occurred_on" in facts:
            yield FieldError("occurred_on", "two_times", "Give occurred_at or occurred_on, not both.")
        if facts.get("refund_of") is not None:
            for name in ("contact", "kind"):
                if facts.get(name) is not None:
                    yield FieldError(name, "refund", f"A refund takes its {name} from its original. Leave it out.")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        kinds = set(ConversionKind.objects.values_list("key", flat=True))
        for draft in drafts:
            if draft.facts.get("kind") not in kinds | {None}:
                known = ", ".join(sorted(kinds))
                draft.fail("kind", "unknown_kind", f"There is no such kind of conversion. Known: {known}.")
        refuse_erased(drafts, lambda draft: [("external_id", ("conversion", *draft.key))])
        _lead_past_erased(drafts)
        _check_refunds(drafts)
        drafts = [draft for draft in drafts if draft.is_open]
        contacts = contact_ids(draft.facts["contact"].key for draft in drafts if draft.facts.get("contact"))
        for draft in drafts:
            draft.row_key, draft.values = draft.key, CONVERSIONS.columns(_columns(draft.facts, contacts))
        write_rows(CONVERSIONS, drafts, required=_required)

    def remove(self, pk: int, *, now: datetime) -> None:
        voiding.one(pk, reason="deleted", now=now)


def _lead_past_erased(drafts: Sequence[Draft]) -> None:
    """Take conversions of erased persons without a contact, and lead refunds to the pseudonym of their original."""

    def named(draft: Draft) -> Iterator[SourceName]:
        for fact, space in (("contact", "contact"), ("refund_of", "conversion")):
            if draft.facts.get(fact):
                yield (space, *draft.facts[fact].key)

    gone = pseudonyms(drafts, named)
    for draft in drafts if gone else ():
        contact, original = draft.facts.get("contact"), draft.facts.get("refund_of")
        if contact and ("contact", *contact.key) in gone:
            draft.facts["contact"] = None
        if original and ("conversion", *original.key) in gone:
            external_id = gone[("conversion", *original.key)]
            draft.facts["refund_of"] = Ref(source=original.source, external_id=external_id)


def _columns(facts: Mapping[str, Any], contacts: Mapping[Key, int]) -> dict[str, Any]:
    columns = dict(facts)
    if "kind" in columns:
        columns["kind_id"] = columns.pop("kind")
    if "contact" in columns:
        contact = columns.pop("contact")
        columns["contact_id"] = contacts[contact.key] if contact else None
    if "refund_of" in columns:
        original = columns.pop("refund_of")
        columns["refund_of_source"] = original.source if original else None
        columns["refund_of_external_id"] = original.external_id if original else None
    return columns


def _check_refunds(drafts: Sequence[Draft]) -> None:
    """
    Refuse refunds in another currency than their original has, and amounts that are finer than that, where it is known.

    An original that arrives later refuses nothing: it is right, and the refund is refused when it is sent again. One
    query where there are refunds, and one or two where items give money and not all that a refund consists of.
    """
    stored = _stored_money(drafts)
    refunds = {
        draft: facts
        for draft in drafts
        if MONEY & draft.facts.keys()
        and (facts := stored.get(draft.index, {}) | draft.facts).get("refund_of") is not None
    }
    originals = CONVERSIONS.locate({facts["refund_of"].key for facts in refunds.values()}, also=["currency"])
    currencies = {key: currency for key, (_, currency) in originals.items()}
    currencies |= {draft.key: draft.facts["currency"] for draft in drafts if draft.facts.get("currency")}
    for draft, facts in refunds.items():
        currency = currencies.get(facts["refund_of"].key)
        if currency is None:
            _demand_currency(draft, facts)
            continue
        if facts.get("currency") not in (None, currency):
            draft.fail("currency", "refund", f"A refund is in the currency of its original, which is {currency}.")
            continue
        for amount in ("amount", "margin"):
            for error in money_problems(facts | {"currency": currency}, amount=amount):
                draft.fail(error.field, error.code, error.message)
        if _is_finer_than_cents(facts) and facts.get("currency") is None:
            draft.facts["currency"] = currency  # without it the database takes no more than two decimals


def _demand_currency(draft: Draft, facts: Mapping[str, Any]) -> None:
    """Refuse an amount of three decimals of which nobody can say yet in what currency it is."""
    if _is_finer_than_cents(facts) and facts.get("currency") is None:
        draft.fail(
            "currency",
            "required",
            "The original is not known yet. Name the currency: without one an amount has two decimals at most.",
        )


def _is_finer_than_cents(facts: Mapping[str, Any]) -> bool:
    """Whether an amount or margin has a third decimal, as currencies such as KWD have it."""
    return any(value is not None and value != round(value, 2) for value in (facts.get("amount"), facts.get("margin")))


def _stored_money(drafts: Sequence[Draft]) -> Mapping[int, dict[str, Any]]:
    """Return by index what is stored of those conversions of which an item gives a part: of what, how much, in what."""
    partial = [
        draft
        for draft in drafts
        if MONEY & draft.facts.keys()
        and not draft.facts.get("kind")
        and not (draft.facts.get("refund_of") and "amount" in draft.facts)
    ]
    columns = ("refund_of_source", "refund_of_external_id", "amount", "margin", "currency")
    patched = [draft.pk for draft in partial if draft.pk is not None]
    rows: dict[object, list[Any]] = {}
    if patched:  # what staff entered here has no key
        rows |= {pk: values for pk, *values in Conversion.objects.filter(pk__in=patched).values_list("pk", *columns)}
    by_key = CONVERSIONS.locate({draft.key for draft in partial if draft.pk is None}, also=columns)
    rows |= {key: values for key, (_, *values) in by_key.items()}
    stored = {}
    for draft in partial:
        if row := rows.get(draft.pk if draft.pk is not None else draft.key):
            source, external_id, amount, margin, currency = row
            original = Ref(source=source, external_id=external_id) if source is not None else None
            stored[draft.index] = {"refund_of": original, "amount": amount, "margin": margin, "currency": currency}
    return stored


def _required(draft: Draft) -> list[str]:
    """The database would refuse an amount without a currency too, but only by halving the batch until it is found."""
    if draft.values.get("refund_of_source") is not None:
        return ["occurred_at", "amount"]
    return ["occurred_at", "kind_id", *(["currency"] if draft.values.get("amount") else [])]
