"""Members, known by channel and external id: accounts, whose they are, and their dated roles."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from django.db import IntegrityError, connection
from pydantic import Field

from community.models import Member
from community.sync.named_here import NamedHere, end_named_here, meant_by_handle
from community.sync.references import MEMBERS, create_members, resolve_channels
from crm.merging import merge_shells
from crm.sync.erased import Named, refuse_erased
from crm.sync.references import contact_ids
from gateway.collections import FieldError
from gateway.drafts import Additive, Draft, settle
from gateway.items import ExternalId, Item, Moment, Ref, Slug, Text
from gateway.staging import copy_into, id_array, staged
from gateway.synced import SyncedCollection
from gateway.tables import Change, Key, LostRace, Row


class MemberItem(Item):
    """
    An account on a channel.

    `contact` says whose it is and is created when unknown; an account that names nobody brings a
    contact of its own. `role` holds from `role_since` on, or from the beginning without it; roles
    add up, each with its date.
    """

    channel: Slug
    external_id: ExternalId
    handle: Text(255) | None = None
    contact: Ref = None
    followers: Annotated[int, Field(ge=0, le=2**53)] | None = None
    joined_at: Moment | None = None
    role: Literal["community", "staff", "bot"] = "community"
    role_since: Moment | None = None
    source_updated_at: Moment | None = None


class Twin(NamedTuple):
    """An account named here whose handle another one has by now, and the contact of that other one."""

    named_here: NamedHere
    contact_id: int


class Standing(NamedTuple):
    """Whose an account is, beside the contact `named` for it; `shell` is its contact where that is one."""

    named: int
    is_same_person: bool
    is_different: bool
    shell: int | None

    @property
    def joins(self) -> int | None:
        """The shell that the contact named takes in; None where there is nothing to join, or staff decided against."""
        return None if self.is_same_person or self.is_different else self.shell


class Members(SyncedCollection):
    key = "members"
    item = MemberItem
    model = Member
    key_fields = ("channel", "external_id")
    key_paths = {"channel": "channel__slug"}

    def facts_of(self, item: Any) -> dict[str, Any]:
        facts = super().facts_of(item)
        if "role" in facts:
            facts["roles"] = Additive({facts.pop("role_since", None): facts.pop("role")})
        return facts

    def problems(self, facts: Mapping[str, Any]) -> Iterator[FieldError]:
        if "role_since" in facts:
            yield FieldError("role_since", "role_missing", "Say which role began then: give role as well.")

    def store(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        drafts = resolve_channels(drafts)
        refuse_erased(drafts, _known_by)
        drafts = [draft for draft in drafts if draft.is_open]
        contacts = contact_ids(draft.facts["contact"].key for draft in drafts if "contact" in draft.facts)
        known = MEMBERS.locate(
            {draft.row_key for draft in drafts if draft.pk is None}, also=["contact_id", "is_named_here"]
        )
        for draft in drafts:
            draft.values = MEMBERS.columns(
                {name: value for name, value in draft.facts.items() if name not in ("contact", "roles")}
            )
            if "contact" in draft.facts:
                draft.values["contact_id"] = contacts[draft.facts["contact"].key]
        taken, twins = _named_here(drafts, known)

        ids = {key: pk for key, (pk, *_) in known.items()} | taken
        new = {draft.row_key: draft for draft in drafts if draft.pk is None and draft.row_key not in ids}
        created = create_members(
            {key: draft.values for key, draft in new.items()}, {key: draft.said_at for key, draft in new.items()}
        )
        add_roles({created[key]: draft.facts.get("roles", {}) for key, draft in new.items()})
        for key, draft in new.items():
            draft.done("created", created[key])

        old = {draft.pk or ids[draft.row_key]: draft for draft in drafts if draft.is_open}
        merged = self._relink(old, taken=set(taken.values()), twins=twins, now=now)
        changes = _change(old)
        for pk, draft in old.items():
            settle(draft, pk, "updated" if pk in merged else changes.get(pk))

    def _relink(
        self, old: Mapping[int, Draft], *, taken: Collection[int], twins: Mapping[int, Twin], now: datetime
    ) -> set[int]:
        """
        Settle whose the accounts are that name a contact, and return the members of which more than the row changed.

        The same person as before: nothing to do. A shell, made for the account, is merged into the
        contact named. Otherwise the column stays among the values to write: the account moves. Where
        staff decided that the two are different people, neither happens: a source does not know better.

        For accounts `taken` over, which were named here, a contact known by nothing but their handle is a shell
        too. With a twin, the contact of one is merged into that of the other if either is a shell.
        """
        naming = {pk: draft for pk, draft in old.items() if "contact_id" in draft.values}
        asked = [(pk, draft.values["contact_id"], draft.said_at, pk in taken) for pk, draft in naming.items()]
        for pk, twin in twins.items():
            if pk not in naming:
                asked.append((pk, twin.named_here.contact_id, old[pk].said_at, False))
            owner = naming[pk].values["contact_id"] if pk in naming else twin.contact_id
            asked.append((twin.named_here.pk, owner, None, True))
        standing = _standing(asked)
        merged, shells = _merged_by_name(naming, standing)
        settled = twins.keys() & standing.keys()  # an item older than what is stored settles nothing
        joined, shells_of_twins = _joined_twins({pk: twins[pk].named_here.pk for pk in settled}, naming, standing)
        if shells or shells_of_twins:
            merge_shells(shells | shells_of_twins, now=now)
        end_named_here({twins[pk].named_here.pk for pk in settled}, of_one_person=joined)
        return merged | settled

    def remove(self, pk: int, *, now: datetime) -> None:
        self.delete(pk)


def _known_by(draft: Draft) -> Named:
    """What the item says the account is known by, and whose it is."""
    channel, external_id = draft.row_key
    yield "external_id", ("member", channel, external_id)
    if draft.facts.get("handle"):
        yield "handle", ("handle", channel, draft.facts["handle"])
    if draft.facts.get("contact"):
        yield "contact", ("contact", *draft.facts["contact"].key)


def _merged_by_name(naming: Mapping[int, Draft], standing: Mapping[int, Standing]) -> tuple[set[int], dict[int, int]]:
    """
    Let members stay where they are that need not move to the contact which their item names.

    Return the members whose shell is to be merged, and each shell with the contact that takes it in.
    """
    shells: dict[int, int] = {}
    merged: set[int] = set()
    for pk in naming.keys() & standing.keys():
        stands = standing[pk]
        if stands.is_same_person or stands.is_different or stands.shell is not None:
            del naming[pk].values["contact_id"]
        if stands.joins is not None:
            shells[stands.joins] = stands.named
            merged.add(pk)
    return merged, shells


def _joined_twins(
    named_here: Mapping[int, int], naming: Mapping[int, Draft], standing: Mapping[int, Standing]
) -> tuple[set[int], dict[int, int]]:
    """
    Return the accounts `named_here`, by the member that is their twin, which are of one person with it or will be.

    And each shell that is to be merged for it, with the contact that takes it in: the shell of either side.
    """
    joined: set[int] = set()
    shells: dict[int, int] = {}
    for pk, made_up in named_here.items():
        for side in [made_up] if pk in naming else [pk, made_up]:
            stands = standing[side]
            if stands.is_same_person or stands.joins is not None:
                joined.add(made_up)
                if stands.joins is not None:
                    shells[stands.joins] = stands.named
                break
    return joined, shells


def _named_here(
    drafts: Sequence[Draft], known: Mapping[Key, tuple[Any, ...]]
) -> tuple[dict[Key, int], dict[int, Twin]]:
    """
    Find accounts that staff named and that these drafts bring, and end the mark of those that they confirm or take.

    Return those that become the account of a draft which is new, by its key, and the twins of accounts that were
    there. `known` gives id, contact and mark by key.
    """
    confirmed: set[int] = set()
    for draft in drafts:
        pk, _, is_named_here = known.get(draft.row_key, (0, 0, False))
        if is_named_here:
            confirmed.add(pk)
            draft.values["is_named_here"] = False
    taken: dict[Key, int] = {}
    twins: dict[int, Twin] = {}
    for draft, named in meant_by_handle(drafts, confirmed):
        if draft.row_key in known:
            pk, contact_id, _ = known[draft.row_key]
            twins[pk] = Twin(named, contact_id)
        else:
            taken[draft.row_key] = named.pk
            draft.values |= {"external_id": draft.row_key[1], "is_named_here": False}
    return taken, twins


def _change(old: Mapping[int, Draft]) -> dict[int, Change]:
    """Write what these drafts say of rows that are there. Raises `LostRace`."""
    rows = [Row(pk, draft.row_key, draft.values, draft.said_at) for pk, draft in old.items()]
    try:
        with member_roles({pk: draft.facts.get("roles", {}) for pk, draft in old.items()}) as roles:
            return MEMBERS.change(rows, parts=roles)
    except IntegrityError as refusal:
        # Somebody created an account under the external id that one named here was to get: it is known next time.
        diagnosis = getattr(refusal.__cause__, "diag", None)
        if diagnosis is None or diagnosis.constraint_name != "community_member_unique_ref":
            raise
        raise LostRace(MEMBERS.name) from refusal


def _standing(asked: Iterable[tuple[int, int, datetime | None, bool]]) -> dict[int, Standing]:
    """
    For members, each with a contact named for it: whether it is the same person, or was found to be a different one
    by staff, and the account's shell if it has one.

    A shell has no reference and no facts of its own: no name, no address, no conversion, cost, consent
    or mark, no help but from accepted answers, nothing addressed to it but through its only account. Of an
    account that was named here (the last of each four), help and what was addressed to it do not count: they are
    all that anybody can say of a handle. Items older than what is stored (the third) are left out. One query.
    """
    rows = list(asked)
    if not rows:
        return {}
    columns = {"member_id": "bigint", "named": "bigint", "said_at": "timestamptz", "was_named_here": "boolean"}
    with staged(columns, rows) as source, connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT m.id, n.id, c.person_id = n.person_id,
              c.person_id <> n.person_id AND EXISTS (
                SELECT FROM crm_contact mine
                CROSS JOIN LATERAL (
                    SELECT d.second_id AS id FROM crm_duplicatesuggestion d
                    WHERE d.first_id = mine.id AND d.state = 'different'
                    UNION ALL
                    SELECT d.first_id FROM crm_duplicatesuggestion d
                    WHERE d.second_id = mine.id AND d.state = 'different'
                ) other
                JOIN crm_contact theirs ON theirs.id = other.id AND theirs.person_id = n.person_id
                WHERE mine.person_id = c.person_id
              ),
              CASE WHEN c.merged_into_id IS NULL AND c.full_name = '' AND c.company_id IS NULL
                AND (SELECT 1 FROM crm_contactref r WHERE r.contact_id = c.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM crm_contactpoint p WHERE p.contact_id = c.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM crm_contact l WHERE l.merged_into_id = c.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM crm_conversion v WHERE v.contact_id = c.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM crm_consent s WHERE s.contact_id = c.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM crm_outcomemark k WHERE k.contact_id = c.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM community_cost k WHERE k.contact_id = c.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM community_member o WHERE o.contact_id = c.id AND o.id <> m.id LIMIT 1) IS NULL
                AND (s.was_named_here OR (
                    (SELECT 1 FROM community_interaction i WHERE i.to_contact_id = c.id LIMIT 1) IS NULL
                    AND (SELECT 1 FROM community_helprecord h
                                    WHERE h.contact_id = c.id AND h.origin <> 'accepted_answer' LIMIT 1) IS NULL
                ))
              THEN c.id END
            FROM {source} s
            CROSS JOIN LATERAL (SELECT * FROM community_member m WHERE m.id = s.member_id LIMIT 1) m
            CROSS JOIN LATERAL (SELECT * FROM crm_contact c WHERE c.id = m.contact_id LIMIT 1) c
            CROSS JOIN LATERAL (SELECT * FROM crm_contact n WHERE n.id = s.named LIMIT 1) n
            WHERE s.said_at IS NULL OR m.source_updated_at IS NULL OR s.said_at >= m.source_updated_at
            """
        )
        return {member: Standing(*found) for member, *found in cursor.fetchall()}


Roles = Mapping[datetime | None, str]


def add_roles(said: Mapping[int, Roles]) -> None:
    """Write the roles of new members, by the member's id. *community* from the beginning needs no row."""
    rows = [
        (pk, role, since)
        for pk, roles in said.items()
        for since, role in roles.items()
        if since is not None or role != "community"
    ]
    if rows:
        copy_into("community_memberrole", ["member_id", "role", "since"], rows)


@contextmanager
def member_roles(said: Mapping[int, Roles]) -> Iterator["MemberRoles | None"]:
    """Stage the roles of existing members, by the member's id; yield None when no item speaks of roles."""
    rows = [(pk, role, since) for pk, roles in said.items() for since, role in roles.items()]
    if not rows:
        yield None
        return
    with staged({"member_id": "bigint", "role": "text", "since": "timestamptz"}, rows) as source:
        yield MemberRoles(source)


@dataclass(frozen=True)
class MemberRoles:
    """The staged roles: `source` is what to select from."""

    source: str

    def differing(self) -> set[int]:
        """Return the members who do not have the roles that are said. One query."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT s.member_id FROM {self.source} s
                LEFT JOIN LATERAL (
                    SELECT r.role FROM community_memberrole r
                    WHERE r.member_id = s.member_id AND r.since IS NOT DISTINCT FROM s.since LIMIT 1
                ) r ON true
                WHERE s.role <> COALESCE(r.role, CASE WHEN s.since IS NULL THEN 'community' ELSE '' END)
                """
            )
            return {pk for (pk,) in cursor.fetchall()}

    def write(self, ids: Collection[int]) -> None:
        """Give these members, which are locked, the roles that are said. Two statements."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                UPDATE community_memberrole r SET role = s.role FROM {self.source} s
                WHERE r.member_id = s.member_id AND r.since IS NOT DISTINCT FROM s.since
                  AND r.role <> s.role AND r.member_id = ANY(%s::bigint[])
                """,
                [id_array(ids)],
            )
            cursor.execute(
                f"""
                INSERT INTO community_memberrole (member_id, role, since)
                SELECT s.member_id, s.role, s.since FROM {self.source} s
                WHERE (s.since IS NOT NULL OR s.role <> 'community') AND s.member_id = ANY(%s::bigint[])
                ON CONFLICT (member_id, since) DO NOTHING
                """,
                [id_array(ids)],
            )
