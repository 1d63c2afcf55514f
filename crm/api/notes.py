"""Notes and follow-ups as the API gives them."""

from datetime import date, datetime

from crm.api.person_filter import PersonFilter
from gateway.filters import (
    BooleanFilter,
    CollectionFilters,
    DayFilter,
    IdFilter,
    InstantFilter,
    PresenceFilter,
    TextFilter,
)
from gateway.resources import Record, Resource


class NoteRecord(Record):
    """A few sentences about a contact. One that staff wrote in the admin has neither source nor external id."""

    id: int
    source: str | None
    external_id: str | None
    contact_id: int
    text: str
    author: str | None
    written_at: datetime
    is_pinned: bool
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class NoteFilters(CollectionFilters):
    source = TextFilter(max_length=50, help_text="Comes from this source.")
    external_id = TextFilter(max_length=255, help_text="Has this id there.")
    contact_id = IdFilter(help_text="Is about this contact.")
    person_id = PersonFilter(field_name="contact__person_id", help_text="Is about this person, on whichever record.")
    author = TextFilter(field_name="author__username", max_length=150, help_text="Was written by this user.")
    is_pinned = BooleanFilter(help_text="Stands on top.")
    written_from = InstantFilter(field_name="written_at", lookup_expr="gte", help_text="Was written then or later.")
    written_until = InstantFilter(field_name="written_at", lookup_expr="lt", help_text="Was written before.")


class Notes(Resource):
    """What is worth knowing about people."""

    key = "notes"
    noun = "note"
    record = NoteRecord
    filters = NoteFilters
    columns = {"author": "author__username"}


class FollowUpRecord(Record):
    """Something to do for a contact by a day; open until `done_at`, overdue from the day after `due_on`."""

    id: int
    source: str | None
    external_id: str | None
    contact_id: int
    what: str
    due_on: date
    assigned_to: str | None
    recorded_by: str | None
    recorded_at: datetime
    done_at: datetime | None
    done_by: str | None
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class FollowUpFilters(CollectionFilters):
    source = TextFilter(max_length=50, help_text="Comes from this source.")
    external_id = TextFilter(max_length=255, help_text="Has this id there.")
    contact_id = IdFilter(help_text="Is for this contact.")
    person_id = PersonFilter(field_name="contact__person_id", help_text="Is for this person, on whichever record.")
    assigned_to = TextFilter(field_name="assigned_to__username", max_length=150, help_text="Is this user's to do.")
    is_done = PresenceFilter(field_name="done_at", help_text="Is done.")
    due_from = DayFilter(field_name="due_on", lookup_expr="gte", help_text="Is due on that day or later.")
    due_until = DayFilter(field_name="due_on", lookup_expr="lt", help_text="Is due before that day.")


class FollowUps(Resource):
    """What is to be done for people."""

    key = "follow-ups"
    noun = "follow-up"
    record = FollowUpRecord
    filters = FollowUpFilters
    columns = {
        "assigned_to": "assigned_to__username",
        "recorded_by": "recorded_by__username",
        "done_by": "done_by__username",
    }
