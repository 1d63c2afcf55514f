"""Help records: an interaction and the record on it, written together."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from community.helping import RECORD_FACTS, NoSuchHelp, unless_edited, withdraw_help
from community.models import HelpRecord, Interaction
from community.sync.references import INTERACTIONS, member_ids, resolve_channels
from crm.sync.erased import Named, refuse_erased
from crm.sync.references import contact_ids, refuse_unknown_user, user_ids
from gateway.batches import NotFound
from gateway.collections import FieldError
from gateway.drafts import Draft, write_rows
from gateway.items import ExternalId, Item, Moment, Ref, Slug, Text, Username
from gateway.synced import SyncedCollection
from gateway.tables import Key, Row, Table

HELP_RECORDS = Table(
    HelpRecord,
    key=("interaction_id",),
    on_set={
        column: unless_edited("t", column, f"s.{column}")
        for column in [*RECORD_FACTS, "contact_id", "helper_user_id", "helper_member_id", "withdrawn_at"]
    }
    | {
        # What was made from an accepted answer is now said outright, and no longer withdrawn with it.
        "origin": "CASE t.origin WHEN 'accepted_answer' THEN s.origin ELSE t.origin END",
    },
)


class Helper(Item):
    """Who helped: a staff user by username, or a member of the channel by external id."""

    user: Username | None = None
    member: ExternalId | None = None


class HelpRecordItem(Item):
    """
    Help that a contact got on a channel.

    It stands on the interaction with this external id: one that arrived by itself (an answer, say)
    stays as it is, otherwise one of the kind *help* is written with the record. Without external id
    Kith makes one, and the record is always new.
    """

    channel: Slug
    external_id: ExternalId | None = None
    contact: Ref = None
    helper: Helper = None
    occurred_at: Moment = None
    question: Text() | None = None
    answer: Text() | None = None
    topic: Text(100) | None = None
    note: Text() | None = None
    minutes: Annotated[int, Field(ge=0, le=32_767)] | None = None
    outcome: Literal["solved", "helped", "not_solved", "referred", "unknown"] = "unknown"
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    source_updated_at: Moment | None = None


class HelpRecords(SyncedCollection):
    key = "help-records"
    item = HelpRecordItem
    model = HelpRecord
    key_fields = ("channel", "external_id")
    key_paths = {"channel": "interaction__channel__slug", "external_id": "interaction__external_id"}

    def identity(self, item: Any) -> Key:
        return item.channel, item.external_id or f"help-{uuid.uuid4()}"

    def problems(self, facts: Mapping[str, Any]) -> Iterator[FieldError]:
        helper = facts.get("helper")
        if helper is not None and (helper.user is None) == (helper.member is None):
            message = 'Exactly one helped: {"user": "ana"} or {"member": "u7"}.'
            yield FieldError("helper", "one_helper", message)

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        drafts = resolve_channels(drafts)
        refuse_erased(drafts, _named)
        drafts = [draft for draft in drafts if draft.is_open]
        users = user_ids(draft.facts["helper"].user for draft in drafts if "helper" in draft.facts)
        for draft in drafts:
            helper = draft.facts.get("helper")
            if helper and helper.user is not None and helper.user not in users:
                refuse_unknown_user(draft, "helper.user", helper.user)
        drafts = [draft for draft in drafts if draft.is_open]
        interactions = INTERACTIONS.locate({draft.row_key for draft in drafts}, also=["kind"])
        records = {pk for (pk,) in HELP_RECORDS.locate({(pk,) for pk, _ in interactions.values()})}
        for draft in drafts:
            pk, kind = interactions.get(draft.row_key, (None, None))
            if kind is None:
                _must_give(draft, "occurred_at")
            if pk not in records:
                _must_give(draft, "contact", "helper")
        drafts = [draft for draft in drafts if draft.is_open]
        self._name_rows(drafts, users)
        changed = _write_interactions(drafts, interactions)
        write_rows(HELP_RECORDS, drafts)
        for draft in drafts:
            if draft.outcome and draft.outcome.status == "unchanged" and draft.index in changed:
                draft.done("updated", draft.outcome.id)

    def _name_rows(self, drafts: Sequence[Draft], users: Mapping[str, int]) -> None:
        """Turn what the items say into columns of the record; contacts and members are created when unknown."""
        contacts = contact_ids(draft.facts["contact"].key for draft in drafts if "contact" in draft.facts)
        members = member_ids(
            (draft.row_key[0], draft.facts["helper"].member)
            for draft in drafts
            if "helper" in draft.facts and draft.facts["helper"].member is not None
        )
        for draft in drafts:
            facts = draft.facts
            columns: dict[str, Any] = {name: facts[name] for name in RECORD_FACTS if name in facts}
            if "contact" in facts:
                columns["contact_id"] = contacts[facts["contact"].key]
            if "helper" in facts:
                helper = facts["helper"]
                columns["helper_user_id"] = users[helper.user] if helper.user is not None else None
                columns["helper_member_id"] = (
                    members[(draft.row_key[0], helper.member)] if helper.member is not None else None
                )
            columns |= {"origin": HelpRecord.Origin.CLIENT.value, "withdrawn_at": None}
            draft.values = HELP_RECORDS.columns(columns)

    def remove(self, pk: int, *, now: datetime) -> None:
        """Withdraw the record, and the interaction that was written with it: both stay, and count nowhere."""
        try:
            withdraw_help(pk, now=now)
        except NoSuchHelp as missing:
            raise NotFound(missing.message) from None


def _named(draft: Draft) -> Named:
    """The interaction that the record stands on, who was helped and which account helped."""
    channel, external_id = draft.row_key
    yield "external_id", ("interaction", channel, external_id)
    if draft.facts.get("contact"):
        yield "contact", ("contact", *draft.facts["contact"].key)
    helper = draft.facts.get("helper")
    if helper and helper.member:
        yield "helper.member", ("member", channel, helper.member)


def _must_give(draft: Draft, *names: str) -> None:
    for name in names:
        if name not in draft.facts:
            draft.fail(name, "required", "This field is required to create the row.")


def _write_interactions(drafts: Sequence[Draft], stored: Mapping[Key, tuple[int, str | None]]) -> set[int]:
    """
    Write the interactions that the records stand on, make them the records' row keys, and return the changed drafts.

    An interaction that arrived by itself, of a kind other than help, is left as it is. Raises `LostRace`.
    """
    new = [draft for draft in drafts if draft.row_key not in stored]
    rows = [
        Row(pk, draft.row_key, _interaction(draft), draft.said_at)
        for pk, draft in zip(INTERACTIONS.reserve(len(new)), new, strict=True)
    ]
    INTERACTIONS.insert(rows)
    ours = {
        stored[draft.row_key][0]: draft
        for draft in drafts
        if draft.row_key in stored and stored[draft.row_key][1] in (None, "help")
    }
    changes = INTERACTIONS.change(
        [Row(pk, draft.row_key, _interaction(draft), draft.said_at) for pk, draft in ours.items()]
    )
    ids = {row.key: row.pk for row in rows} | {key: pk for key, (pk, _) in stored.items()}
    for draft in drafts:
        draft.row_key = (ids[draft.row_key],)
    return {draft.index for pk, draft in ours.items() if changes.get(pk) == "updated"}


def _interaction(draft: Draft) -> dict[str, Any]:
    """What the item says of its interaction: the answer is its text, the contact the one it addressed."""
    facts, values = draft.facts, draft.values
    columns: dict[str, Any] = {"kind": "help", "retracted_at": None, "retract_reason": ""}
    if "occurred_at" in facts:
        columns["occurred_at"] = facts["occurred_at"]
    if "answer" in facts:
        columns["text"] = facts["answer"]
    if "contact" in facts:
        columns |= {"to_contact_id": values["contact_id"], "to_member_id": None}
    if "helper" in facts:
        is_by_user = values["helper_user_id"] is not None
        direction = Interaction.Direction.OUTBOUND if is_by_user else Interaction.Direction.BETWEEN_MEMBERS
        columns |= {
            "user_id": values["helper_user_id"],
            "member_id": values["helper_member_id"],
            "direction": direction.value,
        }
    return INTERACTIONS.columns(columns)
