"""Threads as the API gives them."""

from datetime import datetime
from typing import Any

import pydantic

from community.private_texts import READ_PRIVATE, thread_is_private
from gateway.filters import CollectionFilters, IdFilter, InstantFilter, PresenceFilter, TextFilter
from gateway.resources import Record, Resource, Withheld

TITLE: Any = pydantic.Field(description="Null when it is private and the key lacks `private-interactions:read`.")


class ThreadRecord(Record):
    """
    A question, ticket or topic. `opened_by` is the member's id on the channel, `accepted_answer` and
    `confirmed_answer` are interactions' ids there. One that was only named so far has no `opened_at`.
    `is_private` is true as long as nothing in it was said openly.
    """

    id: int
    channel: str
    external_id: str
    title: str | None = TITLE
    url: str | None = TITLE
    topic: str
    opened_by: str | None
    opened_by_id: int | None
    opened_at: datetime | None
    accepted_answer: str | None
    confirmed_answer: str | None
    source_state: str
    is_private: bool
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ThreadFilters(CollectionFilters):
    channel = TextFilter(field_name="channel__slug", max_length=50, help_text="Is on the channel of this slug.")
    external_id = TextFilter(max_length=255, help_text="Has this id there.")
    topic = TextFilter(max_length=100, help_text="Is about exactly this topic.")
    opened_by_id = IdFilter(help_text="Was opened by this member.")
    opened_from = InstantFilter(field_name="opened_at", lookup_expr="gte", help_text="Was opened then or later.")
    opened_until = InstantFilter(field_name="opened_at", lookup_expr="lt", help_text="Was opened before.")
    is_accepted = PresenceFilter(field_name="accepted_answer", help_text="The asker accepted an answer.")


class Threads(Resource):
    """Questions, tickets and topics."""

    key = "threads"
    noun = "thread"
    record = ThreadRecord
    filters = ThreadFilters
    columns = {
        "channel": "channel__slug",
        "opened_by": "opened_by__external_id",
        "accepted_answer": "accepted_answer__external_id",
        "confirmed_answer": "confirmed_answer__external_id",
        "is_private": thread_is_private(),
    }
    withheld = (Withheld(READ_PRIVATE, ("title", "url"), where="is_private"),)
