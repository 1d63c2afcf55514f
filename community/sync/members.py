"""Members, known by channel and external id: accounts, whose they are, and their dated roles."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from django.db import connection
from pydantic import Field

from community.models import Member
from community.sync.references import MEMBERS, create_members, resolve_channels
from crm.merging import merge_shells
from crm.sync.erased import Named, refuse_erased
from crm.sync.references import contact_ids
from gateway.collections import FieldError
from gateway.drafts import Additive, Draft, settle
from gateway.items import ExternalId, Item, Moment, Ref, Slug, Text
from gateway.staging import copy_into, id_array, staged
from gateway.synced import SyncedCollection
from gateway.tables import Row


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


class Members(SyncedCollection):
    key = "members"
    item = MemberItem
    model = Member
    key_fields = ("channel", "external_id")

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
            {draft.row_key for draft in drafts if draft.pk is None}, also=["contact_id", "source_updated_at"]
        )
        for draft in drafts:
            draft.values = MEMBERS.columns(
                {name: value for name, value in draft.facts.items() if name not in ("contact", "roles")}
            )
            if "contact" in draft.facts:
                draft.values["contact_id"] = contacts[draft.facts["contact"].key]

        new = {draft.row_key: draft for draft in drafts if draft.pk is None and draft.row_key not in known}
        ids = create_members(
            {key: draft.values for key, draft in new.items()}, {key: draft.said_at for key, draft in new.items()}
        )
        add_roles({ids[key]: draft.facts.get("roles", {}) for key, draft in new.items()})
        for key, draft in new.items():
            draft.done("created", ids[key])

        old = {draft.pk or known[draft.row_key][0]: draft for draft in drafts if draft.is_open}
        merged = self._relink(old, now=now)
        rows = [Row(pk, draft.row_key, draft.values, draft.said_at) for pk, draft in old.items()]
        with member_roles({pk: draft.facts.get("roles", {}) for pk, draft in old.items()}) as roles:
            changes = MEMBERS.change(rows, parts=roles)
        for pk, draft in old.items():
            settle(draft, pk, "updated" if pk in merged else changes.get(pk))

    def _relink(self, old: Mapping[int, Draft], *, now: datetime) -> set[int]:
        """
        Settle whose the accounts are that name a contact, and return the members whose shell was merged.

        The same person as before: nothing to do. A shell, made for the account, is merged into the
        contact named. Otherwise the column stays among the values to write: the account moves. Where
        staff decided that the two are different people, neither happens: a source does not know better.
        """
        naming = {pk: draft for pk, draft in old.items() if "contact_id" in draft.values}
        shells = {}
        for pk, is_same_person, is_different, shell in _standing(naming):
            draft = naming[pk]
            if is_same_person or is_different or shell is not None:
                named = draft.values.pop("contact_id")
            if shell is not None and not is_same_person and not is_different:
                shells[shell] = (pk, named)
        if shells:
            merge_shells({shell: named for shell, (_, named) in shells.items()}, now=now)
        return {pk for pk, _ in shells.values()}

    def key_of(self, pk: int) -> Mapping[str, object]:
        found = self.stored(pk, "channel__slug", "external_id")
        return {"channel": found["channel__slug"], "external_id": found["external_id"]}

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


def _standing(naming: Mapping[int, Draft]) -> list[tuple[int, bool, bool, int | None]]:
    """
    For members that name a contact: whether it is the same person as before, or was found to be a different one by
    staff, and the account's shell if it has one.

    A shell has no reference and no facts of its own: no name, no address, no conversion, cost, consent
    or mark, no help but from accepted answers, nothing addressed to it but through its only account.
    Items older than what is stored are left out. One query.
    """
    if not naming:
        return []
    columns = {"member_id": "bigint", "named": "bigint", "said_at": "timestamptz"}
    rows = [(pk, draft.values["contact_id"], draft.said_at) for pk, draft in naming.items()]
    with staged(columns, rows) as source, connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT m.id, c.person_id = n.person_id,
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
                AND (SELECT 1 FROM community_interaction i WHERE i.to_contact_id = c.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM community_member o WHERE o.contact_id = c.id AND o.id <> m.id LIMIT 1) IS NULL
                AND (SELECT 1 FROM community_helprecord h
                                WHERE h.contact_id = c.id AND h.origin <> 'accepted_answer' LIMIT 1) IS NULL
              THEN c.id END
            FROM {source} s
            CROSS JOIN LATERAL (SELECT * FROM community_member m WHERE m.id = s.member_id LIMIT 1) m
            CROSS JOIN LATERAL (SELECT * FROM crm_contact c WHERE c.id = m.contact_id LIMIT 1) c
            CROSS JOIN LATERAL (SELECT * FROM crm_contact n WHERE n.id = s.named LIMIT 1) n
            WHERE s.said_at IS NULL OR m.source_updated_at IS NULL OR s.said_at >= m.source_updated_at
            """
        )
        return cursor.fetchall()


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
