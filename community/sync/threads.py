"""Threads, known by channel and external id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from community.models import Thread
from community.sync.accepted_answers import accepted_by, refresh_accepted_help
from community.sync.interactions import reserve_interactions
from community.sync.references import (
    INTERACTIONS,
    THREADS,
    lead_to_pseudonyms,
    member_ids,
    named_on_channel,
    resolve_channels,
)
from crm.sync.erased import Named, refuse_erased
from gateway.drafts import Draft, write_rows
from gateway.items import ExternalId, Item, Moment, Slug, Text, Url
from gateway.staging import any_of
from gateway.synced import SyncedCollection


class ThreadItem(Item):
    """
    A question, ticket or topic.

    `opened_by` is a member and `accepted_answer` an interaction of the same channel, both by external
    id; they are created when unknown. An accepted answer becomes a help record as soon as everybody
    in it is known.
    """

    channel: Slug
    external_id: ExternalId
    title: Text(500) | None = None
    url: Url | None = None
    topic: Text(100) | None = None
    opened_by: ExternalId | None = None
    opened_at: Moment | None = None
    accepted_answer: ExternalId | None = None
    source_state: Text(50) | None = None
    source_updated_at: Moment | None = None


class Threads(SyncedCollection):
    key = "threads"
    item = ThreadItem
    model = Thread
    key_fields = ("channel", "external_id")
    key_paths = {"channel": "channel__slug"}

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        drafts = resolve_channels(drafts)
        refuse_erased(drafts, _named)
        lead_to_pseudonyms(drafts, {"accepted_answer": "interaction"})
        drafts = [draft for draft in drafts if draft.is_open]
        members = member_ids(named_on_channel(drafts, "opened_by"))
        answers, new_answers = reserve_interactions(named_on_channel(drafts, "accepted_answer"))
        for draft in drafts:
            columns: dict[str, Any] = dict(draft.facts)
            for name, ids in (("opened_by", members), ("accepted_answer", answers)):
                if name in columns:
                    external_id = columns.pop(name)
                    columns[f"{name}_id"] = ids[(draft.row_key[0], external_id)] if external_id else None
            draft.values = THREADS.columns(columns)
        touched = set(answers.values())

        def note_former(changing: Sequence[int]) -> None:
            """What was accepted until now is read from locked rows: who waited for another writer follows that one."""
            if changing:
                touched.update(accepted_by(Thread.objects.filter(pk__in=any_of(changing))))

        write_rows(THREADS, drafts, beforehand=note_former)
        INTERACTIONS.insert(new_answers)
        # Whoever writes the answer at this moment is waited for, so that one of us two sees the other's half.
        INTERACTIONS.lock(sorted(touched))
        refresh_accepted_help(touched, now=now)

    def remove(self, pk: int, *, now: datetime) -> None:
        """Delete it; what it accepted is help no longer."""
        with transaction.atomic():
            answers = accepted_by(Thread.objects.filter(pk=pk))
            self.delete(pk)
            INTERACTIONS.lock(sorted(answers))
            refresh_accepted_help(answers, now=now)


def _named(draft: Draft) -> Named:
    """The thread itself, and who opened it."""
    channel, external_id = draft.row_key
    yield "external_id", ("thread", channel, external_id)
    if draft.facts.get("opened_by"):
        yield "opened_by", ("member", channel, draft.facts["opened_by"])
