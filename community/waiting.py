"""
What waits: asks to which no human being other than who asked has replied yet, and that these did not settle themselves.

`community.replies` says what an ask and a reply are. Here it is asked of the few interactions on the watch
list, so the cost depends on how much waits and not on how much ever happened.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, F, FloatField, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from community.interaction_kinds import asking_kinds, asking_staff_kinds
from community.models import BusinessHours, Interaction, WaitingInteraction
from community.private_texts import READ_PRIVATE
from community.replies import REPLIES, SETTLED, asks, reply_parameters
from crm.search import in_a_name
from gateway.panels import PermissionCheck
from gateway.staging import id_array

PRUNED_AT_ONCE = 5_000  # entries of the watch list looked at by one statement
LOOKED_AT_FIRST = 5  # entries of the watch list looked at for each ask to count: at least one in five waits, mostly

# What has no reply among the interactions `i` that {where} keeps. A deleted one happened, but cannot be answered.
_UNREPLIED = """
    WITH ask AS MATERIALIZED ({asks})
    SELECT ask.id FROM ask
    EXCEPT
    SELECT reply.ask_id FROM ({replies}) reply
"""
_ON_THE_LIST = "i.id IN (SELECT interaction_id FROM {entries}) AND i.deleted_at IS NULL"


def _unreplied_sql(where: str) -> str:
    return _UNREPLIED.format(asks=asks(where), replies=REPLIES)


def _waiting_sql(where: str) -> str:
    """Return the same without what was settled. It stays on the watch list, since it may be open again."""
    return f"{_unreplied_sql(where)} EXCEPT {SETTLED}"


def waiting(*, now: datetime, first: int | None = None) -> QuerySet[WaitingInteraction]:
    """
    Return what is in the queue at `now`, as interactions: waiting, not dismissed and not snoozed.

    One statement. Each row has `person` (id of who asked, or None), `waits_since`, `assignee_id` and
    `target_minutes`; order it by `occurred_at` for the oldest first. With `first`, only what so many
    entries of the watch list name, those that have stood there longest.
    """
    return (
        unanswered(now=now, first=first)
        .filter(handling__dismissed_at=None)
        .exclude(Q(handling__snoozed_until__gt=now) & Q(is_woken=False))
    )


def unanswered(*, now: datetime, first: int | None = None) -> QuerySet[WaitingInteraction]:
    """
    Return every ask that waits for a reply, also what staff snoozed or dismissed, with `is_woken` beside.

    With `first`, only what so many entries of the watch list name: see `waiting`.
    """
    entries = "community_watchlistentry" if first is None else _listed(first)
    on_the_list = _ON_THE_LIST.format(entries=entries)
    parameters, sql = _positional(_waiting_sql(f"{on_the_list} AND i.occurred_at <= %(now)s"), {"now": now})
    return _told(WaitingInteraction.objects.filter(pk__in=RawSQL(sql, parameters)))  # noqa: S611 - no input in it


def unanswered_now(*, now: datetime) -> QuerySet[WaitingInteraction]:
    """
    Return the same as `unanswered`, found out now and once: for a list that is counted, filtered and shown.

    One query to find them out; what is done with the rows is cheap.
    """
    found = list(unanswered(now=now).order_by().values_list("pk", flat=True))
    return _told(WaitingInteraction.objects.filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [id_array(found)])))


def _told(asks: QuerySet[WaitingInteraction]) -> QuerySet[WaitingInteraction]:
    """Put beside each ask who asked, who takes care of it, and whether the person asked again since it was snoozed."""
    newer_ask = Interaction.objects.filter(
        member__contact__person=OuterRef("member__contact__person"),
        direction=Interaction.Direction.INBOUND,
        kind__in=[*asking_kinds(), *asking_staff_kinds()],
        occurred_at__gt=OuterRef("handling__snoozed_at"),
        retracted_at=None,
    )
    return asks.annotate(
        person=F("member__contact__person_id"),
        assignee_id=F("handling__assignee_id"),
        is_woken=Exists(newer_ask),
    )


def waiting_among(ids: Sequence[int], *, now: datetime) -> set[int]:
    """Return which of these interactions wait for a reply, snoozed ones included: one query that looks at no others."""
    which = "i.id = ANY(%(ids)s::bigint[]) AND i.deleted_at IS NULL AND i.occurred_at <= %(now)s"
    parameters, sql = _positional(_waiting_sql(which), {"ids": list(ids), "now": now})
    waits = Interaction.objects.filter(pk__in=RawSQL(sql, parameters))  # noqa: S611 - no input in it
    return set(waits.filter(handling__dismissed_at=None).values_list("pk", flat=True))


def replies_to(interaction_id: int) -> QuerySet[Interaction]:
    """Return what replied to an interaction, as the queue has it, with whatever was recorded as help for it."""
    parameters, sql = _positional(
        f"""
        WITH ask AS MATERIALIZED ({asks("i.id = %(asked)s")})
        SELECT reply.reply_id FROM ({REPLIES}) reply
        UNION ALL
        SELECT i.id FROM community_interaction i
        WHERE i.reply_to_id = %(asked)s AND i.kind = 'help' AND i.retracted_at IS NULL
        """,
        {"asked": interaction_id},
    )
    return Interaction.objects.filter(pk__in=RawSQL(sql, parameters))  # noqa: S611 - no input in it


def search_asks(asks: QuerySet[WaitingInteraction], text: str, *, may: PermissionCheck) -> QuerySet[WaitingInteraction]:
    """
    Narrow asks to those where every word of `text` stands in what was said, or in what who asked is called.

    That is the person's names and handles, and the account's own handle, in any spelling: what stands beside an ask for
    everybody who sees it. Addresses are not looked at, and what was said in private only for those who may read it.
    Asks no query; what there is to search are the few rows that wait, each with its account and person by their keys,
    and no table.
    """
    for word in unicodedata.normalize("NFC", text).split():
        said = Q(text__icontains=word) if may(READ_PRIVATE) else Q(text__icontains=word, is_private=False)
        called = Q(member__handle__reads=word) | in_a_name(word, "member__contact__person__")
        asks = asks.filter(said | called)
    return asks


def business_seconds_waiting(*, now: datetime) -> Func:
    """Return the expression for the business seconds that an interaction has waited, by its channel's hours."""
    return Func(
        Coalesce(
            F("channel__business_hours_id"),
            Subquery(BusinessHours.objects.filter(is_default=True).values("pk")[:1]),
        ),
        F("occurred_at"),
        Value(now),
        function="kith_business_seconds",
        output_field=FloatField(),
    )


def waiting_count(*, now: datetime, up_to: int) -> int:
    """
    Return how much is in the queue, counted up to `up_to` + 1: more than that is “many”.

    One query where the watch list is empty, else two: to plan the second takes longer than most pages ask in all. Of a
    long list the first entries are looked at, and the others only where these do not settle it: what was dismissed
    stays on the list.
    """
    first = LOOKED_AT_FIRST * (up_to + 1)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {_listed(first + 1)}")
        (listed,) = cursor.fetchone()
    if not listed:
        return 0
    sql, parameters = _counted(waiting(now=now), up_to)
    if listed > first:
        first_sql, first_parameters = _counted(waiting(now=now, first=first), up_to)
        # PostgreSQL works out the branch of a CASE only when it gets there.
        sql = f"SELECT CASE WHEN number > %s THEN number ELSE ({sql}) END FROM ({first_sql}) of_the_first"
        parameters = (up_to, *parameters, *first_parameters)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        (number,) = cursor.fetchone()
    return int(number)


def _counted(asks: QuerySet[WaitingInteraction], up_to: int) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that counts `asks` up to `up_to` + 1, and its parameters."""
    sql, parameters = asks.order_by().values("pk")[: up_to + 1].query.sql_with_params()
    return f"SELECT count(*) AS number FROM ({sql}) asks", parameters


def _listed(number: int) -> str:
    """Return the table expression of so many entries of the watch list, the oldest."""
    return f"(SELECT interaction_id FROM community_watchlistentry ORDER BY id LIMIT {number}) listed"


@dataclass(frozen=True, kw_only=True)
class WaitingState:
    """
    Whether a person waits for a reply from us.

    `waiting` is the number of asks without a reply, dismissed and settled ones left out and snoozed ones included;
    `since` is when the oldest of them was said and `interaction_id` which one it is. `assignee_id` is who
    takes care of that one. `asked` says whether the person ever asked anything, and `last_reply_at` when
    somebody last replied to that. Nothing asked and nothing waiting is "nothing to answer".
    """

    waiting: int = 0
    since: datetime | None = None
    interaction_id: int | None = None
    assignee_id: int | None = None
    asked: bool = False
    last_reply_at: datetime | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether something the person asked has no reply."""
        return self.waiting > 0


def waiting_of_persons(person_ids: Sequence[int], *, now: datetime) -> dict[int, WaitingState]:
    """
    Return for each person whether they wait for us. One statement, whatever the number of persons.

    `person_ids` are ids of persons (`Contact.person`), each of which has an entry in the answer.
    """
    ids = list(person_ids)
    if not ids:
        return {}
    own = (
        "i.occurred_at <= %(now)s AND i.member_id IN ("
        "SELECT m.id FROM community_member m JOIN crm_contact c ON c.id = m.contact_id"
        " WHERE c.person_id = ANY(%(persons)s::bigint[]))"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH ask AS MATERIALIZED ({asks(own)}),
            reply AS MATERIALIZED ({REPLIES}),
            settled AS MATERIALIZED ({SETTLED}),
            told AS (
                SELECT id, max(person_id) AS person_id, max(occurred_at) AS occurred_at, max(replied_at) AS replied_at
                FROM (
                    SELECT id, person_id, occurred_at, NULL::timestamptz AS replied_at FROM ask
                    UNION ALL
                    SELECT ask_id, NULL, NULL, replied_at FROM reply WHERE replied_at <= %(now)s
                ) told
                GROUP BY id
            ),
            state AS (
                SELECT told.*, handling.assignee_id,
                       told.replied_at IS NULL AND handling.dismissed_at IS NULL AND i.deleted_at IS NULL
                           AND told.id NOT IN (SELECT id FROM settled) AS waits
                FROM told
                JOIN community_interaction i ON i.id = told.id
                LEFT JOIN community_handling handling ON handling.interaction_id = told.id
            )
            SELECT DISTINCT ON (person_id)
                person_id,
                count(*) FILTER (WHERE waits) OVER whole,
                CASE WHEN waits THEN occurred_at END,
                CASE WHEN waits THEN id END,
                CASE WHEN waits THEN assignee_id END,
                max(replied_at) OVER whole
            FROM state
            WINDOW whole AS (PARTITION BY person_id)
            ORDER BY person_id, waits DESC, occurred_at, id
            """,
            {**reply_parameters(), "persons": ids, "now": now},
        )
        found = {
            person: WaitingState(
                waiting=number,
                since=since,
                interaction_id=interaction,
                assignee_id=assignee,
                asked=True,
                last_reply_at=replied_at,
            )
            for person, number, since, interaction, assignee, replied_at in cursor.fetchall()
        }
    return {pk: found.get(pk, WaitingState()) for pk in ids}


def prune_watch_list(*, most: int = PRUNED_AT_ONCE) -> int:
    """
    Take off the watch list what needs no watching, in pieces of `most` entries; return how many went.

    Exactly the entries that were looked at are removed, and of several for one interaction that waits all
    but one. What another transaction puts back meanwhile has another id and stays.
    """
    # Arrays and not joins: right after an import the planner may believe in a single entry, and join each with each.
    waits = _unreplied_sql("i.id = ANY(ARRAY(SELECT interaction_id FROM entry)) AND i.deleted_at IS NULL")
    removed, after = 0, 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH entry AS MATERIALIZED (
                    SELECT id, interaction_id,
                           row_number() OVER (PARTITION BY interaction_id ORDER BY id DESC) > 1 AS is_again
                    FROM (
                        SELECT id, interaction_id FROM community_watchlistentry
                        WHERE id > %(after)s ORDER BY id LIMIT %(most)s
                    ) listed
                ),
                waits AS ({waits}),
                gone AS (
                    DELETE FROM community_watchlistentry
                    WHERE id = ANY(ARRAY(
                        SELECT id FROM entry WHERE is_again OR interaction_id NOT IN (SELECT id FROM waits)
                    ))
                    RETURNING 1
                )
                SELECT (SELECT count(*) FROM gone), max(id), count(*) FROM entry
                """,
                {**reply_parameters(), "after": after, "most": most},
            )
            gone, last, looked_at = cursor.fetchone()
        removed += gone
        if looked_at < most:
            return removed
        after = last


def _positional(sql: str, parameters: dict[str, Any]) -> tuple[list[Any], str]:
    """Return `sql` with %s in place of names, and the values in their order: what Django's RawSQL takes."""
    known = {**reply_parameters(), **parameters}
    values: list[Any] = []

    def positional(match: re.Match[str]) -> str:
        values.append(known[match.group(1)])
        return "%s"

    return values, re.sub(r"%\((\w+)\)s", positional, sql)
