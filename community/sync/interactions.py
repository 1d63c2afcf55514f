"""Interactions, known by channel and external id: the largest stream of facts."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Tag
from pydantic_core import PydanticCustomError

from community.interaction_kinds import interaction_kinds
from community.models import Interaction
from community.private_texts import READ_PRIVATE
from community.sync.accepted_answers import refresh_accepted_help
from community.sync.references import (
    INTERACTIONS,
    lead_to_pseudonyms,
    member_ids,
    named_on_channel,
    resolve_channels,
    thread_ids,
)
from community.sync.told_threads import lock_told_with_talk, tell
from crm.sync.erased import Named, refuse_erased
from crm.sync.references import campaign_ids, contact_ids, resolve_users
from gateway.drafts import Draft, settle
from gateway.items import ExternalId, Item, Moment, Name, Ref, Slug, Text, Url, Username
from gateway.synced import SyncedCollection
from gateway.tables import Key, Row

# Facts that name other rows; all others are columns.
NAMES = {"member", "user", "to", "thread", "reply_to", "campaign"}


def _known_kind(key: str) -> str:
    if key not in interaction_kinds:
        known = ", ".join(interaction_kinds.keys())
        raise PydanticCustomError("unknown_kind", "There is no such kind. Known: {known}.", {"known": known})
    return key


def _addressee(value: object) -> str:
    return "as member" if isinstance(value, str) else "as contact"


class InteractionItem(Item):
    """
    Something that happened on a channel.

    `member`, `thread` and `reply_to` name rows of the same channel by external id; `to` names a member
    the same way, or a contact as {"source", "external_id"}. All are created when unknown, as is an
    explicit `campaign` code. `user` is a staff user who acted, by username, instead of a member.
    """

    channel: Slug
    external_id: ExternalId
    kind: Annotated[Name(30), AfterValidator(_known_kind)] = ""
    occurred_at: Moment = None
    direction: Literal["inbound", "outbound", "between_members"] = "inbound"
    member: ExternalId | None = None
    user: Username | None = None
    to: (
        Annotated[
            Annotated[ExternalId, Tag("as member")] | Annotated[Ref, Tag("as contact")], Discriminator(_addressee)
        ]
        | None
    ) = None
    thread: ExternalId | None = None
    reply_to: ExternalId | None = None
    campaign: Name(100) | None = None
    utm_source: Text(255) | None = None
    utm_medium: Text(255) | None = None
    utm_campaign: Text(255) | None = None
    utm_term: Text(255) | None = None
    utm_content: Text(255) | None = None
    text: Text() | None = None
    url: Url | None = None
    language: Text(35) | None = None
    is_private: bool = False
    source_updated_at: Moment | None = None


class Interactions(SyncedCollection):
    key = "interactions"
    item = InteractionItem
    model = Interaction
    key_fields = ("channel", "external_id")
    key_paths = {"channel": "channel__slug"}

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        for draft in drafts:
            draft.values = {}
        resolve_users(drafts, "user", "user_id")
        drafts = resolve_channels(drafts)
        refuse_erased(drafts, _named)
        lead_to_pseudonyms(drafts, {"thread": "thread", "reply_to": "interaction"})
        drafts = [draft for draft in drafts if draft.is_open]
        named = named_on_channel(drafts, "reply_to")
        keys = {draft.row_key for draft in drafts}
        known = INTERACTIONS.locate(keys | named, also=["kind", "is_private", "source_updated_at", "thread_id"])
        _keep_private(drafts, known)
        drafts = [
            draft
            for draft in drafts
            if draft.is_open and (known.get(draft.row_key, (0, None))[1] or _is_complete(draft))
        ]
        self._name_rows(drafts, known)

        new = {draft.row_key: draft for draft in drafts if draft.pk is None and draft.row_key not in known}
        ids = {key: found[0] for key, found in known.items()}
        missing = sorted(new.keys() | (named_on_channel(drafts, "reply_to") - ids.keys()))
        ids |= zip(missing, INTERACTIONS.reserve(len(missing)), strict=True)
        for draft in drafts:
            if "reply_to" in draft.facts:
                target = draft.facts["reply_to"]
                draft.values["reply_to_id"] = ids[(draft.row_key[0], target)] if target else None
        inserts = [
            Row(ids[key], key, new[key].values, new[key].said_at) if key in new else Row(ids[key], key, {})
            for key in missing
        ]
        old = {draft.pk or ids[draft.row_key]: draft for draft in drafts if draft.row_key not in new}
        stored_in = {pk: thread for pk, *_, thread in known.values()}
        told: set[int] = set()

        def write_new(changing: Collection[int]) -> None:
            """Lock the threads that are to be told before the first interaction: `Threads` does it in that order."""
            writing = {ids[key]: draft for key, draft in new.items()} | {pk: old[pk] for pk in changing}
            threads = {draft.values.get("thread_id", stored_in.get(pk)) for pk, draft in writing.items()}
            told.update(lock_told_with_talk([pk for pk in threads if pk is not None], writing=writing.keys()))
            INTERACTIONS.insert(inserts)

        changes = INTERACTIONS.change(
            [Row(pk, draft.row_key, draft.values, draft.said_at) for pk, draft in old.items()], beforehand=write_new
        )
        for key, draft in new.items():
            draft.done("created", ids[key])
        for pk, draft in old.items():
            settle(draft, pk, changes.get(pk))
        outcomes = [draft.outcome for draft in drafts if draft.outcome and draft.outcome.status != "unchanged"]
        refresh_accepted_help({outcome.id for outcome in outcomes if outcome.id}, now=now)
        tell(told)

    def _name_rows(self, drafts: Sequence[Draft], known: Container[Key]) -> None:
        """
        Turn what the items say into columns; members, threads, contacts and campaigns are created when unknown.

        `known` are the keys of rows that are there already.
        """
        contacts = contact_ids(draft.facts["to"].key for draft in drafts if isinstance(draft.facts.get("to"), Ref))
        campaigns = campaign_ids(draft.facts["campaign"] for draft in drafts if draft.facts.get("campaign"))
        members = member_ids(named_on_channel(drafts, "member", "to"))
        threads = thread_ids(named_on_channel(drafts, "thread"))
        for draft in drafts:
            facts, channel = draft.facts, draft.row_key[0]
            columns: dict[str, Any] = {name: value for name, value in facts.items() if name not in NAMES}
            if draft.row_key in known and _would_open(draft):
                del columns["is_private"]  # it is open: should it become private in this very moment, it stays that
            if "member" in facts:
                columns["member_id"] = members[(channel, facts["member"])] if facts["member"] else None
                if facts["member"] and "user" not in facts:
                    columns["user_id"] = None  # one actor: a member now, no longer a staff user
            elif facts.get("user"):
                columns["member_id"] = None
            if "to" in facts:
                to = facts["to"]
                columns["to_member_id"] = members[(channel, to)] if isinstance(to, str) else None
                columns["to_contact_id"] = contacts[to.key] if isinstance(to, Ref) else None
            if "thread" in facts:
                columns["thread_id"] = threads[(channel, facts["thread"])] if facts["thread"] else None
            if "campaign" in facts:
                columns["campaign_id"] = campaigns[facts["campaign"].lower()] if facts["campaign"] else None
            draft.values |= INTERACTIONS.columns(columns)

    def remove(self, pk: int, *, now: datetime) -> None:
        """Leave a tombstone without text: what happened still counts."""
        self.stored(pk, "id")
        Interaction.objects.filter(pk=pk, deleted_at=None).update(text="", deleted_at=now, updated_at=now)


def _named(draft: Draft) -> Named:
    """The interaction itself, who acted and whom it addressed."""
    channel, external_id = draft.row_key
    yield "external_id", ("interaction", channel, external_id)
    if draft.facts.get("member"):
        yield "member", ("member", channel, draft.facts["member"])
    to = draft.facts.get("to")
    if to:
        yield "to", ("member", channel, to) if isinstance(to, str) else ("contact", *to.key)


def _would_open(draft: Draft) -> bool:
    """Whether the draft is to be open to everybody, by somebody who may not read what is said in private."""
    return draft.facts.get("is_private") is False and not draft.may(READ_PRIVATE)


def _keep_private(drafts: Sequence[Draft], known: Mapping[Key, tuple[Any, ...]]) -> None:
    """
    Refuse to open what was said in private for somebody who may not read it: they would read it then.

    What is older than what is stored changes nothing and is not refused. `known` gives id, kind, `is_private`,
    the source's time and the thread of the rows that are there.
    """
    for draft in drafts:
        _, _, is_private, stored_at, _ = known.get(draft.row_key, (0, None, False, None, None))
        is_stale = draft.said_at is not None and stored_at is not None and draft.said_at < stored_at
        if is_private and not is_stale and _would_open(draft):
            draft.fail(
                "is_private",
                "private",
                "It was said in private. Only who may read that may open it: a key with the scope"
                " `private-interactions:read`, an import with --open-private.",
            )


def _is_complete(draft: Draft) -> bool:
    """Whether the draft gives what an interaction needs that has not arrived before."""
    for name in ("kind", "occurred_at"):
        if name not in draft.facts:
            draft.fail(name, "required", "This field is required to create the row.")
    return draft.is_open


def reserve_interactions(keys: Iterable[Key]) -> tuple[dict[Key, int], list[Row]]:
    """
    Return the interaction's id for each (channel id, external id), and the rows that are still to be inserted.

    Those were only named so far: they have neither kind nor time until they arrive themselves.
    """
    wanted = set(keys)
    ids = {key: pk for key, (pk,) in INTERACTIONS.locate(wanted).items()}
    missing = sorted(wanted - ids.keys())
    rows = [Row(pk, key, {}) for pk, key in zip(INTERACTIONS.reserve(len(missing)), missing, strict=True)]
    return ids | {row.key: row.pk for row in rows}, rows
