"""
Facts for the benchmarks, made by the database itself: the same rows for the same scale, every time.

Activity is skewed as in real communities: the contact of rank r acts with weight (r + 51)^-0.8. The
running sum of those weights is close to its integral, which can be turned round in closed form, so
that one statement draws any number of ranks. Everything random is a hash of the row's number.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

ORIGIN = "2024-01-01T00:00:00Z"  # when the first interaction can happen
SPAN_DAYS = 730  # days over which everything is spread

TABLES = [
    "crm_contact",
    "crm_contactpoint",
    "crm_contactref",
    "crm_conversion",
    "crm_campaign",
    "community_member",
    "community_interaction",
    "community_channel",
    "community_community",
]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many facts: S and M are the scales at which figures are published."""

    name: str
    contacts: int
    interactions: int
    conversions: int
    campaigns: int = 50
    people: int = 1_000_000  # for the search, which has contacts of its own


SCALES = {
    scale.name: scale
    for scale in (
        Scale(name="XS", contacts=2_000, interactions=20_000, conversions=2_000, people=50_000),
        Scale(name="S", contacts=100_000, interactions=1_000_000, conversions=100_000),
        Scale(name="M", contacts=1_000_000, interactions=10_000_000, conversions=1_000_000),
    )
}

# A number in [0, 1) that depends on the row's number and on what it is for.
_UNIT = "((hashint8extended({row}, {salt}) & 9007199254740991)::float8 / 9007199254740992)"
# A contact's id drawn by activity; ids run from 1 in the order of rank.
_RANK = (
    "least(%(contacts)s, 1 + floor(power(power(51, 0.2) + {unit} * (power(%(contacts)s + 51, 0.2) - power(51, 0.2)), 5)"
    " - 51)::bigint)"
)


def unit(salt: int, row: str = "n") -> str:
    return _UNIT.format(row=row, salt=salt)


def _rank(salt: int) -> str:
    return _RANK.format(unit=unit(salt))


_MOMENT = "%(origin)s::timestamptz + {unit} * %(span)s * interval '1 day'"

_STATEMENTS = [
    """
    INSERT INTO community_community (id, slug, name) VALUES (1, 'bench', 'Bench')
    """,
    """
    INSERT INTO community_channel (id, slug, name, platform, community_id)
    SELECT n, 'channel-' || n, 'Channel ' || n, 'discourse', 1 FROM generate_series(1, 4) n
    """,
    """
    INSERT INTO crm_campaign (id, code, name, status)
    SELECT n, 'campaign-' || n, 'Campaign ' || n, 'running' FROM generate_series(1, %(campaigns)s) n
    """,
    f"""
    INSERT INTO crm_contact (id, person_id, full_name, known_as, search_text, stage)
    SELECT n, n, name, 'person' || n,
           lower(name) || E'\\nperson' || n || E'\\nperson' || n || '@example.com', 'lead'
    FROM (
        SELECT n, (ARRAY['Ada', 'Ben', 'Carla', 'Dmitri', 'Elif', 'Farah', 'Gao', 'Hanne', 'Ines', 'Joe', 'Kaya',
                         'Lars', 'Maja', 'Noor', 'Otto', 'Priya'])[1 + floor({unit(1)} * 16)::int]
               || ' ' || initcap(substr(md5(n::text), 1, 4 + (n %% 5)::int)) AS name
        FROM generate_series(1, %(contacts)s) n
    ) named
    """,
    """
    INSERT INTO crm_contactpoint (id, contact_id, kind, raw, normalised)
    SELECT n, n, 'email', 'person' || n || '@example.com', 'person' || n || '@example.com'
    FROM generate_series(1, %(contacts)s) n
    """,
    """
    INSERT INTO crm_contactref (id, source, external_id, contact_id)
    SELECT n, 'bench', 'c' || n, n FROM generate_series(1, %(contacts)s) n
    """,
    """
    INSERT INTO community_member (id, channel_id, external_id, handle, contact_id)
    SELECT n, 1 + n %% 4, 'u' || n, 'person' || n, n FROM generate_series(1, %(contacts)s) n
    """,
    f"""
    INSERT INTO community_interaction
        (id, channel_id, external_id, kind, direction, occurred_at, member_id, to_member_id, campaign_id, utm_campaign,
         text)
    SELECT n, 1 + actor %% 4, 'i' || n, kind,
           CASE WHEN addressed THEN 'between_members' ELSE 'inbound' END,
           {_MOMENT.format(unit=unit(2))}, actor, CASE WHEN addressed THEN addressee END,
           CASE WHEN {unit(3)} < 0.05 THEN 1 + floor({unit(4)} * %(campaigns)s)::bigint END,
           CASE WHEN kind = 'click' THEN 'Campaign-' || (1 + floor({unit(5)} * %(campaigns)s)::bigint) END,
           'What happened in interaction ' || n
    FROM (
        SELECT n, {_rank(6)} AS actor, {_rank(7)} AS addressee, {unit(8)} < 0.2 AS addressed,
               (ARRAY['like', 'like', 'like', 'share', 'mention', 'view', 'comment', 'question', 'answer',
                      'click'])[1 + floor({unit(9)} * 10)::int] AS kind
        FROM generate_series(1, %(interactions)s) n
    ) drawn
    """,
    f"""
    INSERT INTO crm_conversion
        (id, source, external_id, contact_id, kind_id, occurred_at, amount, currency, utm_campaign)
    SELECT n, 'bench', 'o' || n,
           CASE WHEN n %% 2 = 0 THEN {_rank(10)}
                ELSE 1 + floor({unit(15)} * %(contacts)s)::bigint END,
           'purchase', {_MOMENT.format(unit=unit(11))},
           round((1 + {unit(12)} * 199)::numeric, 2), 'EUR',
           CASE WHEN {unit(13)} < 0.1 THEN 'CAMPAIGN-' || (1 + floor({unit(14)} * %(campaigns)s)::bigint) END
    FROM generate_series(1, %(conversions)s) n
    """,
]


def clear() -> None:
    """Remove all facts, and what was computed from them."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY CASCADE")


def load(scale: Scale) -> None:
    """
    Replace all facts by those of `scale`, with fresh statistics. About 10 s at S.

    Triggers rest meanwhile (which needs a superuser): no history and no stale marks are written, so
    what follows is a full recompute of facts at rest.
    """
    parameters: dict[str, Any] = {
        "contacts": scale.contacts,
        "interactions": scale.interactions,
        "conversions": scale.conversions,
        "campaigns": scale.campaigns,
        "origin": ORIGIN,
        "span": SPAN_DAYS,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        clear()
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in _STATEMENTS:
            cursor.execute(statement, parameters)
        for table in TABLES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
