"""What community says at the top of a contact's page: how they came, when we last spoke, how help was rated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from django.utils.formats import date_format

from community.addressee import IS_A_MAILING
from community.exchanges import exchanges, oldest_exchanges
from community.interaction_kinds import in_touch_kinds
from community.models import HelpRecord
from community.replies import BOT_AT
from community.waiting import WaitingState, waiting_of_persons
from crm.models import Contact
from gateway.panels import Figure, Link, PermissionCheck, Tile
from gateway.users import NAME_OF_USER

_RECORDS = "SELECT c.person_id, c.id FROM crm_contact c WHERE c.person_id = ANY (%(persons)s)"
_IN_TOUCH = (
    "i.kind = ANY (%(kinds)s) AND i.retracted_at IS NULL AND i.occurred_at <= %(now)s"
    f" AND NOT ({IS_A_MAILING}) AND NOT {BOT_AT.format(member='i.member_id', instant='i.occurred_at')}"
)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """An interaction by or to a person: when, where, through which campaign, and who acted."""

    id: int
    at: datetime
    channel: str
    campaign: str
    actor: str


@dataclass(frozen=True)
class FirstAndLast:
    """The oldest and the newest exchange with a person; None where there was none."""

    first: Exchange | None = None
    last: Exchange | None = None


def first_and_last_exchange(persons: Sequence[int], *, now: datetime) -> dict[int, FirstAndLast]:
    """
    Return for each person the oldest and the newest interaction by or to them that is more than being there.

    One query. It counts what can earn credit, leads and survey answers: a like or a view is no contact, nor is what a
    bot does, nor what answers the person's words but addresses somebody else.
    """
    ends = {"first": _end_of_each(newest_first=False), "last": _end_of_each(newest_first=True)}
    both = " UNION ALL ".join(f"SELECT '{end}' AS which, person_id, id FROM ({sql}) {end}" for end, sql in ends.items())
    found: dict[int, dict[str, Exchange]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT found.person_id, found.which, i.id, i.occurred_at, channel.name,
                   COALESCE(NULLIF(campaign.name, ''), campaign.code, i.utm_campaign, ''),
                   COALESCE(NULLIF(person.full_name, ''), NULLIF(member.handle, ''), member.external_id,
                            {NAME_OF_USER.format(user="u")}, %(unknown)s)
            FROM ({both}) found
            JOIN community_interaction i ON i.id = found.id
            JOIN community_channel channel ON channel.id = i.channel_id
            LEFT JOIN crm_campaign campaign ON campaign.id = i.campaign_id
            LEFT JOIN community_member member ON member.id = i.member_id
            LEFT JOIN crm_contact record ON record.id = member.contact_id
            LEFT JOIN crm_contact person ON person.id = record.person_id
            LEFT JOIN {get_user_model()._meta.db_table} u ON u.id = i.user_id
            """,
            {
                "persons": list(persons),
                "kinds": in_touch_kinds(),
                "now": now,
                "limit": 1,
                "unknown": "somebody unknown",
            },
        )
        for person, which, pk, at, channel, campaign, actor in cursor.fetchall():
            exchange = Exchange(id=pk, at=at, channel=channel, campaign=campaign, actor=actor)
            found.setdefault(person, {})[which] = exchange
    return {person: FirstAndLast(**found.get(person, {})) for person in persons}


def _end_of_each(*, newest_first: bool) -> str:
    """Return a SELECT of `person_id` and `id`: for each person the oldest or newest touch. It takes `limit`, 1."""
    direction = "DESC" if newest_first else "ASC"
    touches = exchanges(_RECORDS, condition=_IN_TOUCH, newest_first=newest_first, only_addressed=True)
    return (
        f"SELECT DISTINCT ON (person_id) person_id, id"
        f" FROM ({touches}) exchange"
        f" ORDER BY person_id, at {direction}, id {direction}"
    )


def first_touches(records: str) -> str:
    """
    Return a SELECT of `person_id` and `at`: when the first touch of each of many persons was, as on their own pages.

    `records` is as `oldest_exchanges` takes it: without a touch by `until` there is no row. The statement takes the
    parameters `kinds`, which are `in_touch_kinds`, and `now`, up to which touches count.
    """
    return oldest_exchanges(records, condition=_IN_TOUCH)


@dataclass(frozen=True)
class ExchangeTiles:
    """How the person came to us, and when we last had to do with each other."""

    key: str = "exchanges"
    permission: str = "community.view_interaction"
    description: str = "First touch: when, channel, campaign. Last contact: when, by whom. What waits for a reply."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, Sequence[Tile]]:
        waiting = waiting_of_persons(ids, now=now)
        return {
            pk: [
                Tile(
                    key="first_touch",
                    order=10,
                    figure=_first(ends.first),
                    stage=Contact.Stage.AUDIENCE,
                    because="first touch",
                ),
                Tile(key="last_contact", order=20, figure=_last(ends.last)),
                Tile(key="waiting", order=30, figure=_waiting(waiting[pk])),
            ]
            for pk, ends in first_and_last_exchange(ids, now=now).items()
        }


def _first(exchange: Exchange | None) -> Figure:
    if exchange is None:
        return Figure(label="Came to us", value=None, unit="day", note="No contact yet")
    came = f" through {exchange.campaign}" if exchange.campaign else ""
    return Figure(
        label="Came to us", value=exchange.at, unit="day", note=f"{exchange.channel}{came}", link=_at(exchange)
    )


def _last(exchange: Exchange | None) -> Figure:
    if exchange is None:
        return Figure(label="Last contact", value=None, unit="day", note="No contact yet")
    note = f"by {exchange.actor}, {exchange.channel}"
    return Figure(label="Last contact", value=exchange.at, unit="day", note=note, link=_at(exchange))


def _at(exchange: Exchange) -> Link:
    return Link(page="admin:community_interaction_change", args=(exchange.id,))


def _waiting(state: WaitingState) -> Figure:
    if state.is_waiting:
        since = f"since {date_format(timezone.localtime(state.since), 'j M Y, H:i')}" if state.since else ""
        link = Link(page="admin:community_interaction_change", args=(state.interaction_id,))
        return Figure(label="Waits for our reply", value=state.waiting, unit="count", note=since, link=link)
    if not state.asked:
        return Figure(label="Waits for our reply", value=0, unit="count", note="Nothing was asked")
    return Figure(label="Waits for our reply", value=0, unit="count", note="Everything is answered")


@dataclass(frozen=True)
class RatingTile:
    key: str = "rating"
    permission: str = "community.view_helprecord"
    description: str = "The mean rating of the help that the person got, with the number of ratings."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, Sequence[Tile]]:
        rows = (
            HelpRecord.objects.filter(
                ~Q(helper_member__contact__person=F("contact__person")) | Q(helper_member=None),
                ~Q(helper_user__colleague__contact__person=F("contact__person")) | Q(helper_user__colleague=None),
                contact__person__in=ids,
                withdrawn_at=None,
                interaction__retracted_at=None,
                rating__isnull=False,
            )
            .values("contact__person")
            .annotate(stars=Sum("rating"), n=Count("pk"))
        )
        rated = {row["contact__person"]: row for row in rows}
        return {pk: [Tile(key="mean_rating", order=40, figure=_rating(rated.get(pk)))] for pk in ids}


def _rating(row: Mapping[str, Any] | None) -> Figure:
    if row is None:
        return Figure(label="Mean rating", value=None, unit="rating", note="No help was rated")
    return Figure(
        label="Mean rating",
        value=Decimal(row["stars"]) / row["n"],
        unit="rating",
        note=f"{row['n']} rating{'' if row['n'] == 1 else 's'}",
    )
