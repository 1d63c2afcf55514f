"""Interactions as the API gives them."""

from datetime import datetime
from typing import Any, Literal

import django_filters
import pydantic
from django.db.models import Q

from community.interaction_kinds import interaction_kinds
from community.private_texts import READ_PRIVATE
from community.retracting import restoring, retracting
from crm.api.person_filter import PersonFilter
from gateway.filters import BooleanFilter, CollectionFilters, IdFilter, InstantFilter, PresenceFilter, TextFilter
from gateway.resources import Act, Record, Resource, Withheld

SAID: Any = pydantic.Field(description="Null when it is private and the key lacks `private-interactions:read`.")


class InteractionRecord(Record):
    """
    Something that happened on a channel. `member`, `to`, `thread` and `reply_to` are ids on the channel.

    One that was only named by another so far has neither kind nor time. After DELETE it is a
    tombstone: `deleted_at` is set and the text is empty, but it happened. `retracted_at` takes it out
    of every figure.
    """

    id: int
    channel: str
    external_id: str
    kind: str | None
    direction: Literal["inbound", "outbound", "between_members"]
    occurred_at: datetime | None
    member: str | None
    member_id: int | None
    user: str | None
    to: str | None
    to_member_id: int | None
    to_contact_id: int | None
    thread: str | None
    thread_id: int | None
    reply_to: str | None
    reply_to_id: int | None
    campaign: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    text: str | None = SAID
    url: str | None = SAID
    language: str
    is_private: bool
    deleted_at: datetime | None
    retracted_at: datetime | None
    retract_reason: str
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class InteractionFilters(CollectionFilters):
    channel = TextFilter(field_name="channel__slug", max_length=50, help_text="Happened on the channel of this slug.")
    external_id = TextFilter(max_length=255, help_text="Has this id there.")
    kind = django_filters.ChoiceFilter(
        choices=[(kind.key, kind.label) for kind in interaction_kinds], help_text="Is of this kind."
    )
    member_id = IdFilter(help_text="Was done by this member.")
    to_member_id = IdFilter(help_text="Addressed this member.")
    to_contact_id = IdFilter(help_text="Addressed this contact.")
    person_id = PersonFilter(
        field_name="member__contact__person_id", help_text="Was done by this person, on any account."
    )
    thread_id = IdFilter(help_text="Belongs to this thread.")
    campaign = TextFilter(
        field_name="campaign__code", lookup_expr="iexact", max_length=100, help_text="Names the campaign of this code."
    )
    occurred_from = InstantFilter(field_name="occurred_at", lookup_expr="gte", help_text="Happened then or later.")
    occurred_until = InstantFilter(field_name="occurred_at", lookup_expr="lt", help_text="Happened before.")
    is_private = BooleanFilter(help_text="Is private.")
    is_retracted = PresenceFilter(field_name="retracted_at", help_text="Was retracted; goes with `include_inactive`.")


class Interactions(Resource):
    """What happened: who acted, whom it addressed, what it was."""

    key = "interactions"
    noun = "interaction"
    record = InteractionRecord
    filters = InteractionFilters
    columns = {
        "channel": "channel__slug",
        "member": "member__external_id",
        "user": "user__username",
        "to": "to_member__external_id",
        "thread": "thread__external_id",
        "reply_to": "reply_to__external_id",
        "campaign": "campaign__code",
    }
    standing = Q(occurred_at__isnull=False, deleted_at=None, retracted_at=None)
    withheld = (Withheld(READ_PRIVATE, ("text", "url"), where="is_private"),)
    acts = (
        Act("retract", "Take an interaction out of every figure (spam, a test)", retracting.one),
        Act("restore", "Let an interaction that was retracted count again", restoring.one),
    )
