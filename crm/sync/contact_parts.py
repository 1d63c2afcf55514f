"""What hangs on a contact: its addresses and consents, brought to what a batch says in a fixed number of statements."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from crm.sync.fields import Address
from gateway.staging import copy_into, id_array, staged

POINT_COLUMNS = {
    "contact_id": "bigint",
    "kind": "text",
    "raw": "text",
    "normalised": "text",
    "verified_at": "timestamptz",
    "verified_by": "text",
}
CONSENT_COLUMNS = {
    "contact_id": "bigint",
    "purpose": "text",
    "channel": "text",
    "granted_at": "timestamptz",
    "withdrawn_at": "timestamptz",
    "source": "text",
}


# Of a stored address `p` and what is said of it, `s`: whether it is verified and is not said to be, or the other way
# round. Null where nothing is said.
_IS_OTHERWISE = (
    "CASE WHEN s.is_verified THEN p.verified_at IS NULL ELSE NOT s.is_verified AND p.verified_by = s.verified_by END"
)
_VERIFIED_AT = "CASE WHEN s.is_verified THEN s.verified_at END"
_VERIFIED_BY = "CASE WHEN s.is_verified THEN s.verified_by ELSE '' END"


@dataclass(frozen=True, slots=True)
class Addresses:
    """What an item says of one kind of address: the whole list, or one that the contact has."""

    values: Sequence[Address]
    is_all: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """What an item says of an address: that its source has verified it, or has not."""

    normalised: str
    is_verified: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as an item says it."""

    purpose: str
    channel: str
    granted_at: datetime
    withdrawn_at: datetime | None
    source: str

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it the same consent: all but its withdrawal."""
        return self.purpose, self.channel, self.granted_at, self.source


@dataclass(frozen=True, slots=True)
class Said:
    """
    What one item says of the parts of its contact; a kind of address that it leaves out is not there.

    `source` is who says it, `at` since when what it says of an address holds.
    """

    addresses: Mapping[str, Addresses]
    verified: Mapping[str, Verified]
    consents: Sequence[Consent]
    source: str
    at: datetime

    def verdict_on(self, kind: str, address: Address) -> bool | None:
        """Return whether the source says that it has verified the address; None where it does not speak of that."""
        said = self.verified.get(kind)
        return said.is_verified if said is not None and said.normalised == address.normalised else None


def add_parts(said: Mapping[int, Said]) -> None:
    """Write the parts of new contacts, by the contact's id. At most two statements."""
    points = [
        (
            pk,
            kind,
            address.raw,
            address.normalised,
            *((parts.at, parts.source) if parts.verdict_on(kind, address) else (None, "")),
        )
        for pk, parts in said.items()
        for kind, addresses in parts.addresses.items()
        for address in addresses.values
    ]
    if points:
        copy_into("crm_contactpoint", list(POINT_COLUMNS), points)
    consents = list(_consent_rows(said))
    if consents:
        copy_into("crm_consent", list(CONSENT_COLUMNS), consents)


@contextmanager
def contact_parts(said: Mapping[int, Said]) -> Iterator["ContactParts | None"]:
    """Stage the parts of existing contacts, by the contact's id; yield None when no item speaks of parts."""
    if not any(parts.addresses or parts.consents for parts in said.values()):
        yield None
        return
    with (
        staged(POINT_COLUMNS | {"is_verified": "boolean", "is_all": "boolean"}, _point_rows(said)) as points,
        staged(CONSENT_COLUMNS, _consent_rows(said)) as consents,
    ):
        yield ContactParts(points, consents)


def _point_rows(said: Mapping[int, Said]) -> Iterator[tuple[object, ...]]:
    for pk, parts in said.items():
        for kind, addresses in parts.addresses.items():
            if not addresses.values:
                yield pk, kind, None, None, None, None, None, True  # none of this kind
            for address in addresses.values:
                verdict = parts.verdict_on(kind, address)
                yield pk, kind, address.raw, address.normalised, parts.at, parts.source, verdict, addresses.is_all


def _consent_rows(said: Mapping[int, Said]) -> Iterator[tuple[object, ...]]:
    for pk, parts in said.items():
        for consent in parts.consents:
            yield pk, consent.purpose, consent.channel, consent.granted_at, consent.withdrawn_at, consent.source


@dataclass(frozen=True)
class ContactParts:
    """The staged parts: `points` and `consents` are what to select from."""

    points: str
    consents: str

    def differing(self) -> set[int]:
        """Return the contacts whose stored addresses or consents are not what is said. One query."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                -- Subqueries with LIMIT look each row up by its index; the planner would read whole tables for a batch.
                SELECT s.contact_id FROM {self.points} s
                WHERE s.raw IS NOT NULL AND s.raw IS DISTINCT FROM (
                    SELECT p.raw FROM crm_contactpoint p
                    WHERE p.contact_id = s.contact_id AND p.kind = s.kind AND p.normalised = s.normalised
                    LIMIT 1
                )
                UNION
                SELECT s.contact_id FROM {self.points} s
                WHERE s.is_verified IS NOT NULL AND (
                    SELECT {_IS_OTHERWISE} FROM crm_contactpoint p
                    WHERE p.contact_id = s.contact_id AND p.kind = s.kind AND p.normalised = s.normalised
                    LIMIT 1
                )
                UNION
                SELECT s.contact_id FROM {self.points} s
                CROSS JOIN LATERAL (
                    SELECT p.normalised FROM crm_contactpoint p
                    WHERE p.contact_id = s.contact_id AND p.kind = s.kind OFFSET 0
                ) p
                WHERE s.is_all AND NOT EXISTS (
                    SELECT FROM {self.points} o
                    WHERE o.contact_id = s.contact_id AND o.kind = s.kind AND o.normalised = p.normalised
                )
                UNION
                SELECT s.contact_id FROM {self.consents} s
                WHERE (
                    SELECT c.withdrawn_at IS NOT DISTINCT FROM s.withdrawn_at FROM crm_consent c
                    WHERE c.contact_id = s.contact_id AND c.purpose = s.purpose AND c.channel = s.channel
                      AND c.granted_at = s.granted_at AND c.source = s.source
                    LIMIT 1
                ) IS NOT TRUE
                """
            )
            return {pk for (pk,) in cursor.fetchall()}

    def write(self, ids: Sequence[int]) -> None:
        """
        Bring the addresses and consents of these contacts, which are locked, to what is said.

        A whole list replaces what is stored; a single address that is new takes the place of the
        oldest of its kind. A source takes back its own verification and nobody else's. Consents are added and
        withdrawn, never removed.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                DELETE FROM crm_contactpoint p USING {self.points} s
                WHERE p.contact_id = s.contact_id AND p.kind = s.kind AND p.contact_id = ANY(%(ids)s::bigint[])
                  AND NOT EXISTS (
                    SELECT FROM {self.points} o
                    WHERE o.contact_id = p.contact_id AND o.kind = p.kind AND o.normalised = p.normalised
                  )
                  AND (s.is_all OR (
                    p.id = (SELECT min(f.id) FROM crm_contactpoint f
                            WHERE f.contact_id = s.contact_id AND f.kind = s.kind)
                    AND NOT EXISTS (SELECT FROM crm_contactpoint h
                                    WHERE h.contact_id = s.contact_id AND h.kind = s.kind
                                      AND h.normalised = s.normalised)
                  ))
                """,
                {"ids": id_array(ids)},
            )
            cursor.execute(
                f"""
                UPDATE crm_contactpoint p
                SET raw = s.raw,
                    verified_at = CASE WHEN {_IS_OTHERWISE} THEN {_VERIFIED_AT} ELSE p.verified_at END,
                    verified_by = CASE WHEN {_IS_OTHERWISE} THEN {_VERIFIED_BY} ELSE p.verified_by END
                FROM {self.points} s
                WHERE p.contact_id = s.contact_id AND p.kind = s.kind AND p.normalised = s.normalised
                  AND (p.raw <> s.raw OR {_IS_OTHERWISE}) AND p.contact_id = ANY(%(ids)s::bigint[])
                """,
                {"ids": id_array(ids)},
            )
            cursor.execute(
                f"""
                INSERT INTO crm_contactpoint (contact_id, kind, raw, normalised, verified_at, verified_by)
                SELECT s.contact_id, s.kind, s.raw, s.normalised, {_VERIFIED_AT}, {_VERIFIED_BY}
                FROM {self.points} s
                WHERE s.raw IS NOT NULL AND s.contact_id = ANY(%(ids)s::bigint[])
                ON CONFLICT (contact_id, kind, normalised) DO NOTHING
                """,
                {"ids": id_array(ids)},
            )
            cursor.execute(
                f"""
                UPDATE crm_consent c SET withdrawn_at = s.withdrawn_at FROM {self.consents} s
                WHERE c.contact_id = s.contact_id AND c.purpose = s.purpose AND c.channel = s.channel
                  AND c.granted_at = s.granted_at AND c.source = s.source
                  AND c.withdrawn_at IS DISTINCT FROM s.withdrawn_at AND c.contact_id = ANY(%(ids)s::bigint[])
                """,
                {"ids": id_array(ids)},
            )
            cursor.execute(
                f"""
                INSERT INTO crm_consent (contact_id, purpose, channel, granted_at, withdrawn_at, source)
                SELECT s.* FROM {self.consents} s
                WHERE s.contact_id = ANY(%(ids)s::bigint[]) AND NOT EXISTS (
                    SELECT FROM crm_consent c
                    WHERE c.contact_id = s.contact_id AND c.purpose = s.purpose AND c.channel = s.channel
                      AND c.granted_at = s.granted_at AND c.source = s.source
                )
                """,
                {"ids": id_array(ids)},
            )
