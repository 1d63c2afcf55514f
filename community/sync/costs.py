"""Costs, known by what other systems call them: never edited, but voided and replaced."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from django.db import connection
from psycopg.types.range import DateRange

from community.costs import COSTS, newest_in_place, step_aside, voiding
from community.models import Cost
from community.sync.references import CHANNELS, COMMUNITIES
from crm.money import quantise
from crm.personal_data.suppression import SourceName
from crm.sync.erased import pseudonyms, refuse_erased
from crm.sync.fields import Amount, Currency, money_problems
from crm.sync.references import campaign_ids, contact_ids
from gateway.collections import FieldError
from gateway.drafts import Draft, check_complete
from gateway.items import Day, ExternalId, Item, Moment, Name, Number, Ref, Slug, Source, Text
from gateway.staging import id_array
from gateway.synced import SyncedCollection
from gateway.tables import Key, Row

# The columns that make a cost: any other value of one of them is another cost.
SUBSTANCE = [
    "description", "category", "purpose", "delivery", "amount", "currency", "hours", "hourly_rate", "days",
    "campaign_id", "channel_id", "community_id", "contact_id", "sharing",
]  # fmt: skip
REQUIRED = ["category", "amount", "currency", "days"]


class CostItem(Item):
    """
    Money spent over a span of local days, both inclusive.

    `campaign`, `channel`, `community` and `contact` (a reward) are what it is booked on, each
    optional. The amount may be left out when `hours` and `hourly_rate` are given: it is their product.
    """

    source: Source
    external_id: ExternalId
    description: Text(255) | None = None
    category: Literal[
        "staffing", "platform_fee", "tools", "content", "advertising", "agency", "freelancer", "rewards", "other"
    ] = "other"
    purpose: Literal["acquisition", "support", "retention"] | None = None
    delivery: Literal["in_house", "agency", "freelancer"] = "in_house"
    amount: Amount = None
    currency: Currency = ""
    hours: Number(gt=0, digits=8, places=2) | None = None
    hourly_rate: Number(ge=0, digits=11, places=3) | None = None
    starts_on: Day = None
    ends_on: Day = None
    campaign: Name(100) | None = None
    channel: Slug | None = None
    community: Slug | None = None
    contact: Ref | None = None
    sharing: Literal["direct", "minutes", "touches", "even"] = "direct"
    source_updated_at: Moment | None = None


class Costs(SyncedCollection):
    key = "costs"
    item = CostItem
    model = Cost
    key_fields = ("source", "external_id")
    stands_for = {"days": "ends_on"}

    def problems(self, facts: Mapping[str, Any]) -> Iterator[FieldError]:
        yield from money_problems(facts)
        if "starts_on" in facts and "ends_on" in facts and facts["ends_on"] < facts["starts_on"]:
            yield FieldError("ends_on", "ends_before_start", "A cost cannot end before it starts.")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        refuse_erased(drafts, lambda draft: [("external_id", ("cost", *draft.key))])
        drafts = self._book(_without_erased_contacts([draft for draft in drafts if draft.is_open]))
        stored = _standing(drafts)
        # Only a patch names a cost that was replaced, by its former id: a reference leads to the newest.
        gone = {row["id"] for row in stored.values() if row["replaced_by_id"] is not None}
        former = newest_in_place(gone) if gone else {}
        rows: list[Row] = []
        replaced: dict[int, int] = {}
        said_again: dict[int, datetime] = {}
        writing: list[tuple[Draft, dict[str, Any], int | None]] = []
        for draft in drafts:
            before = stored.get(draft.pk or draft.key)
            if before and before["id"] in former:
                draft.fail("", "replaced", former[before["id"]].message)
                continue
            said_before = before and before["source_updated_at"]
            if before and draft.said_at and said_before and draft.said_at < said_before:
                draft.done("unchanged", before["id"], stale=True)
                continue
            draft.values = _whole(draft, before)
            if not draft.is_open or not (before or check_complete(draft, REQUIRED)):
                continue
            if before is None:
                writing.append((draft, draft.values, None))
            elif all(draft.values[column] == before[column] for column in SUBSTANCE):
                is_news = draft.said_at is not None and draft.said_at != said_before
                if is_news:
                    said_again[before["id"]] = draft.said_at
                draft.done("updated" if is_news else "unchanged", before["id"])
            elif before["voided_at"]:
                message = (
                    "The cost was voided and stays as it is. Restore it, or send a new one under a new external id."
                )
                draft.fail("", "voided", message)
            else:
                writing.append((draft, draft.values, before["id"]))
        ids = COSTS.reserve(len(writing))
        for pk, (draft, values, before_id) in zip(ids, writing, strict=True):
            key = draft.key if before_id is None else _key(stored[draft.pk or draft.key])
            said_before = stored[draft.pk or draft.key]["source_updated_at"] if before_id is not None else None
            rows.append(Row(pk, key, values, draft.said_at or said_before))
            if before_id is not None:
                replaced[before_id] = pk
            draft.done("created" if before_id is None else "updated", pk)
        step_aside(replaced, reason="replaced", now=now)
        COSTS.insert(rows)
        _note_said_again(said_again)

    def _book(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Turn what the costs are booked on into ids; channels and communities must exist."""
        places = {"channel": CHANNELS, "community": COMMUNITIES}
        known = {
            name: table.locate({(draft.facts[name],) for draft in drafts if draft.facts.get(name)})
            for name, table in places.items()
        }
        for draft in drafts:
            for name in places:
                slug = draft.facts.get(name)
                if slug and (slug,) not in known[name]:
                    draft.fail(name, f"unknown_{name}", f"There is no {name} '{slug}'. Create it first.")
        drafts = [draft for draft in drafts if draft.is_open]
        contacts = contact_ids(draft.facts["contact"].key for draft in drafts if draft.facts.get("contact"))
        campaigns = campaign_ids(draft.facts["campaign"] for draft in drafts if draft.facts.get("campaign"))
        for draft in drafts:
            columns = dict(draft.facts)
            for name in places:
                if name in columns:
                    slug = columns.pop(name)
                    columns[f"{name}_id"] = known[name][(slug,)][0] if slug else None
            if "contact" in columns:
                contact = columns.pop("contact")
                columns["contact_id"] = contacts[contact.key] if contact else None
            if "campaign" in columns:
                code = columns.pop("campaign")
                columns["campaign_id"] = campaigns[code.lower()] if code else None
            draft.values = columns
        return drafts

    def remove(self, pk: int, *, now: datetime) -> None:
        voiding.one(pk, reason="deleted", now=now)


def _without_erased_contacts(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """Take rewards to erased persons without a contact: the money was spent."""

    def named(draft: Draft) -> list[SourceName]:
        return [("contact", *draft.facts["contact"].key)] if draft.facts.get("contact") else []

    gone = pseudonyms(drafts, named)
    for draft in drafts if gone else ():
        if any(name in gone for name in named(draft)):
            draft.facts["contact"] = None
    return drafts


def _standing(drafts: Sequence[Draft]) -> dict[Key | int, dict[str, Any]]:
    """Return the costs that are not replaced, by key or, for a patch, by id; locked in the order of their ids."""
    sources, external_ids = zip(*(draft.key for draft in drafts), strict=True) if drafts else ((), ())
    wanted = [draft.pk for draft in drafts if draft.pk is not None]
    columns = ["id", "source", "external_id", "source_updated_at", "voided_at", "replaced_by_id", *SUBSTANCE]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {", ".join(f"c.{column}" for column in columns)} FROM community_cost c
            WHERE c.id = ANY(%s) OR (c.replaced_by_id IS NULL AND (c.source, c.external_id) IN (
                SELECT * FROM unnest(%s::text[], %s::text[])
            ))
            ORDER BY c.id FOR NO KEY UPDATE
            """,
            [wanted, list(sources), list(external_ids)],
        )
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return {_key(row): row for row in rows} | {row["id"]: row for row in rows}


def _key(row: Mapping[str, Any]) -> Key:
    return row["source"], row["external_id"]


def _whole(draft: Draft, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return every column of the cost that the draft makes out of the one stored before; refuse it if it cannot be."""
    said = dict(draft.values)
    starts_on = said.pop("starts_on", None) or (before["days"].lower if before else None)
    ends_on = said.pop("ends_on", None) or (before["days"].upper - dt.timedelta(days=1) if before else None)
    values = {column: before[column] if before else None for column in SUBSTANCE} | COSTS.columns(said)
    if before is None:
        values = {column: values[column] for column in SUBSTANCE if values[column] is not None}
    if starts_on is None or ends_on is None:
        for name, day in (("starts_on", starts_on), ("ends_on", ends_on)):
            if day is None:
                draft.fail(name, "required", "This field is required to create the row.")
        return values
    if ends_on < starts_on:
        draft.fail("ends_on", "ends_before_start", "A cost cannot end before it starts.")
        return values
    values["days"] = DateRange(starts_on, ends_on + dt.timedelta(days=1))
    labour = {"hours", "hourly_rate"} & said.keys()
    if "amount" not in said and (before is None or labour):
        hours, rate, currency = values.get("hours"), values.get("hourly_rate"), values.get("currency")
        if hours is not None and rate is not None and currency:
            values["amount"] = quantise(hours * rate, currency)
    return values


def _note_said_again(said: Mapping[int, datetime]) -> None:
    """Keep when costs, by id, were last said to be what they are: what was said before that is not news."""
    if said:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE community_cost c SET source_updated_at = s.said_at, updated_at = now()"
                " FROM unnest(%s::bigint[], %s::timestamptz[]) AS s(id, said_at) WHERE c.id = s.id",
                [id_array(said), list(said.values())],
            )
