"""Help records as the API gives them."""

from datetime import datetime
from typing import Any, Literal

import django_filters
import pydantic
from django.db.models import Q

from community.models import HelpRecord
from community.private_texts import READ_PRIVATE
from crm.api.person_filter import PersonFilter
from gateway.filters import CollectionFilters, IdFilter, InstantFilter, PresenceFilter, TextFilter
from gateway.resources import Json, Record, Resource, Withheld

SAID: Any = pydantic.Field(description="Null when it is private and the key lacks `private-interactions:read`.")


class HelpRecordRecord(Record):
    """
    Help that one person got, on exactly one interaction, which gives channel, id and time.

    `helper` is `{"user": username}` or `{"member": id on the channel}`. Help that came from an accepted
    answer has `withdrawn_at` after the answer was unaccepted. `is_private` and `retracted_at` are the interaction's:
    help stands that was neither withdrawn nor retracted with it.
    """

    id: int
    channel: str
    external_id: str
    interaction_id: int
    contact_id: int
    person_id: int
    helper: dict[Literal["user", "member"], str]
    helper_member_id: int | None
    is_private: bool
    question: str | None = SAID
    answer: str | None = SAID
    topic: str
    note: str | None = SAID
    minutes: int | None
    outcome: Literal["solved", "helped", "not_solved", "referred", "unknown"]
    rating: int | None
    occurred_at: datetime
    origin: Literal["staff", "client", "accepted_answer"]
    withdrawn_at: datetime | None
    retracted_at: datetime | None
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class HelpRecordFilters(CollectionFilters):
    channel = TextFilter(
        field_name="interaction__channel__slug", max_length=50, help_text="Was given on the channel of this slug."
    )
    external_id = TextFilter(field_name="interaction__external_id", max_length=255, help_text="Has this id there.")
    contact_id = IdFilter(help_text="Was given to this contact.")
    person_id = PersonFilter(field_name="contact__person_id", help_text="Was given to this person.")
    helper_member_id = IdFilter(help_text="Was given by this member.")
    helper_user = TextFilter(field_name="helper_user__username", max_length=150, help_text="Was given by this user.")
    topic = TextFilter(max_length=100, help_text="Was about exactly this topic.")
    outcome = django_filters.ChoiceFilter(choices=HelpRecord.Outcome.choices, help_text="Ended like this.")
    occurred_from = InstantFilter(
        field_name="interaction__occurred_at", lookup_expr="gte", help_text="Was given then or later."
    )
    occurred_until = InstantFilter(
        field_name="interaction__occurred_at", lookup_expr="lt", help_text="Was given before."
    )
    is_rated = PresenceFilter(field_name="rating", help_text="Was rated.")


class HelpRecords(Resource):
    """Who was helped by whom with what, and how it went."""

    key = "help-records"
    noun = "help record"
    record = HelpRecordRecord
    filters = HelpRecordFilters
    columns = {
        "channel": "interaction__channel__slug",
        "external_id": "interaction__external_id",
        "occurred_at": "interaction__occurred_at",
        "person_id": "contact__person_id",
        "is_private": "interaction__is_private",
        "retracted_at": "interaction__retracted_at",
    }
    hidden = {"helper_user": "helper_user__username", "helper_member": "helper_member__external_id"}
    filled = frozenset({"helper"})
    standing = Q(withdrawn_at=None, interaction__retracted_at=None)
    withheld = (Withheld(READ_PRIVATE, ("question", "answer", "note"), where="is_private"),)

    def fill(self, records: list[Json]) -> None:
        for record in records:
            user, member = record.pop("helper_user"), record.pop("helper_member")
            record["helper"] = {"user": user} if member is None else {"member": member}
