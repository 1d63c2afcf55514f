"""Members as the API gives them."""

from datetime import datetime
from typing import Literal

import django_filters
import pydantic
from django.db.models import F

from community.models import MemberRole
from crm.api.person_filter import PersonFilter
from gateway.filters import CollectionFilters, IdFilter, TextFilter
from gateway.resources import Json, Record, Resource

Role = Literal["community", "staff", "bot"]


class RoleRecord(pydantic.BaseModel):
    """The role that a member has from an instant on; null: from the beginning."""

    model_config = pydantic.ConfigDict(extra="forbid")

    role: Role
    since: datetime | None


class MemberRecord(Record):
    """
    An account on a channel. `role` is the latest of its `roles`; without any it is community.
    `person_id` is who it belongs to after merging.
    """

    id: int
    channel: str
    external_id: str
    handle: str
    contact_id: int
    person_id: int
    role: Role
    roles: list[RoleRecord]
    followers: int | None
    joined_at: datetime | None
    source_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


class MemberFilters(CollectionFilters):
    channel = TextFilter(field_name="channel__slug", max_length=50, help_text="Is on the channel of this slug.")
    external_id = TextFilter(max_length=255, help_text="Has this id there.")
    handle = TextFilter(max_length=255, help_text="Has exactly this handle.")
    contact_id = IdFilter(help_text="Belongs to this contact.")
    person_id = PersonFilter(field_name="contact__person_id", help_text="Belongs to this person.")
    has_role = django_filters.ChoiceFilter(
        field_name="roles__role",
        choices=[choice for choice in MemberRole.Role.choices if choice[0] != MemberRole.Role.COMMUNITY],
        distinct=True,
        help_text="Has or once had this role.",
    )


class Members(Resource):
    """Accounts on channels."""

    key = "members"
    noun = "member"
    record = MemberRecord
    filters = MemberFilters
    columns = {"channel": "channel__slug", "person_id": "contact__person_id"}
    filled = frozenset({"role", "roles"})

    def fill(self, records: list[Json]) -> None:
        by_id = {record["id"]: record for record in records}
        for record in records:
            record |= {"role": MemberRole.Role.COMMUNITY.value, "roles": []}
        roles = MemberRole.objects.filter(member__in=by_id).order_by(F("since").asc(nulls_first=True))
        for member_id, role, since in roles.values_list("member_id", "role", "since"):
            by_id[member_id]["roles"].append({"role": role, "since": since})
            by_id[member_id]["role"] = role
