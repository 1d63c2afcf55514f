"""
Response figures: whether people who asked something were replied to, how soon, and whether it was resolved.

What expects a reply and what is one is `community.replies`: the queue follows the same rule. The figures are
in cohort form: what was asked in the period, replied to and resolved by `now`. What has no reply yet is
counted beside the times, for it drops out of them and flatters them. What staff dismissed as needing no reply
and nobody replied to is not asked: it is counted by itself. Times are in seconds, by the calendar
and by the business hours of the channel; percentiles interpolate linearly between closest ranks.

Sources: R6, R12, R59 to R63. A first reply and a first answer are two figures: "I will look into it" is a
reply and no answer. An accepted answer and any reply are two figures too.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from django.contrib.auth import get_user_model

from community.models import BusinessHours, Channel, Colleague, Community, MemberRole
from crm.models import Contact
from crm.periods import Period, organisation_zone
from gateway.users import name_of_user
from metrics.reports.figures import Ratio, answer_rate, lead_answer_rate, resolution_rate, response_rate
from metrics.reports.names import names_of
from metrics.reports.query import InvalidQuery
from metrics.reports.response_figures import ONE, PLACES, WHOLE, Counted, Key, Times, count_responses
from metrics.reports.snapshot import one_snapshot

By = Literal["channel", "community", "staff", "replier"]

STAFF_KEY = re.compile(r"[up][0-9]{1,18}")
NO_BUSINESS_HOURS = "No business hours are defined, so every hour counts."


@dataclass(frozen=True, kw_only=True)
class ResponsesQuery:
    """
    One question to `responses_report`.

    `by` says what a row is: a channel, a community, a member of staff who replied, or anybody who replied.
    `start` and `end` are local days of the organisation, half-open, None is open: what was asked in them
    counts. `topic` keeps the asks of threads with exactly this topic, `channel` those on the channel of this slug.
    Replies count up to `now`. `staff`, the key of a row by staff, asks what that colleague did: a row and the total
    then hold their replies alone, as shares of everything that was asked there.
    """

    by: By
    now: datetime
    start: date | None = None
    end: date | None = None
    topic: str = ""
    channel: str = ""
    staff: str = ""

    def __post_init__(self) -> None:
        if self.staff and not STAFF_KEY.fullmatch(self.staff):
            raise InvalidQuery(
                f"'{self.staff}' is not the key of anybody."
                " Use u and the number of a user (u7), or p and that of a person (p7)."
            )
        if self.by not in get_args(By):
            raise InvalidQuery(f"'{self.by}' is no way to group. Use one of: {', '.join(get_args(By))}.")
        if self.now.tzinfo is None:
            raise ValueError("`now` must be an aware time.")

    @property
    def period(self) -> Period:
        """The period in the organisation's zone. Raises `PeriodEndsBeforeStart`."""
        return Period(self.start, self.end, organisation_zone())


@dataclass(frozen=True, kw_only=True)
class ResponseRow:
    """
    The figures of a channel, a community, somebody who replied, or the whole.

    `asked`: asks of the period that need a reply or got one; `dismissed` are the others, which staff said need none.
    `replied` and `answered`: those asked with a first reply and a first answer, and `unreplied` those without any
    reply. `leads` and `raised` leave out nothing that was dismissed: it was received. `replies` and `answers`: how
    many were given. In the row of somebody who replied, `replied` counts the asks that they replied to,
    `first_replies` those where they were the first, the times are those of their own first reply or answer to each
    ask, and the rates are shares of everything that was asked or raised.

    `raised`: questions, one for each thread. `resolved`: those with an accepted or confirmed answer, by the
    asker, by a member or by staff. `repliers` and `answerers` are distinct known people.
    """

    key: int | str | None
    name: str
    asked: int = 0
    dismissed: int = 0
    replied: int = 0
    answered: int = 0
    replied_by_staff: int = 0
    leads: int = 0
    leads_replied: int = 0
    replies: int = 0
    answers: int = 0
    first_replies: int = 0
    repliers: int = 0
    answerers: int = 0
    first_reply: Times = Times()
    first_answer: Times = Times()
    first_staff_reply: Times = Times()
    raised: int = 0
    resolved: int = 0
    resolved_by_asker: int = 0
    resolved_by_member: int = 0
    resolved_by_staff: int = 0
    resolution: Times = Times()
    resolution_by_others: Times = Times()

    @property
    def unreplied(self) -> int:
        """Asks without any reply."""
        return self.asked - self.replied

    @property
    def unanswered(self) -> int:
        """Asks without an answer."""
        return self.asked - self.answered

    @property
    def response_rate(self) -> Ratio:
        """Asks replied to, of all that need a reply or got one."""
        return response_rate(replied=self.replied, asked=self.asked)

    @property
    def lead_answer_rate(self) -> Ratio:
        """Leads replied to, of all leads."""
        return lead_answer_rate(replied=self.leads_replied, leads=self.leads)

    @property
    def resolution_rate(self) -> Ratio:
        """Questions resolved, of all questions raised."""
        return resolution_rate(resolved=self.resolved, raised=self.raised)

    @property
    def questions_answered(self) -> int:
        """Questions whose accepted or confirmed answer is another person's."""
        return self.resolved_by_member + self.resolved_by_staff

    @property
    def answer_rate(self) -> Ratio:
        """Questions answered by others, of all questions raised."""
        return answer_rate(answered=self.questions_answered, raised=self.raised)


@dataclass(frozen=True)
class ResponsesReport:
    """The rows, most asked first, and the whole, counted anew and not summed. `note` explains the hours."""

    query: ResponsesQuery
    rows: list[ResponseRow]
    total: ResponseRow
    note: str


def responses_report(query: ResponsesQuery) -> ResponsesReport:
    """Answer `query` in a fixed number of queries (at most seven), in one snapshot of the database."""
    (report,) = responses_reports(query)
    return report


def responses_reports(*queries: ResponsesQuery) -> list[ResponsesReport]:
    """Answer several queries in one snapshot, those that differ only in `by` by one statement."""
    with one_snapshot():
        queries = tuple(replace(query, staff=_key_of_today(query.staff)) for query in queries)
        ways: dict[ResponsesQuery, set[str]] = {}
        for query in queries:
            ways.setdefault(_any_way(query), set()).add(query.by)
        counted = {asked: _counted(asked, by) for asked, by in ways.items()}
        return [_report(query, counted[_any_way(query)]) for query in queries]


def _any_way(query: ResponsesQuery) -> ResponsesQuery:
    """Return what `query` has in common with those that group the same asks in another way."""
    return replace(query, by="channel")


def _counted(query: ResponsesQuery, by: Collection[str]) -> Counted:
    period = query.period
    return count_responses(
        by=by,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        topic=query.topic,
        channel=query.channel,
        staff=_number(query.staff),
        now=query.now,
    )


def _number(staff: str) -> int | None:
    """Return the number by which replies are counted: the person's, or below zero that of a user who is nobody else."""
    return (-1 if staff.startswith("u") else 1) * int(staff[1:]) if staff else None


def _key_of_today(staff: str) -> str:
    """Return the key under which somebody's replies stand: that of the person, also of a login or a merged record."""
    if not staff:
        return ""
    number = int(staff[1:])
    if staff.startswith("u"):
        person = Colleague.objects.filter(user=number).values_list("contact__person_id", flat=True).first()
    else:
        person = Contact.objects.filter(pk=number).values_list("person_id", flat=True).first()
    return staff if person is None else f"p{person}"


def _report(query: ResponsesQuery, counted: Counted) -> ResponsesReport:
    total = ResponseRow(key=None, name="All", **counted[WHOLE].get(None, {}))
    figures = counted[query.by]
    if query.by in PLACES:
        names = _place_names(query.by)
        rows = [ResponseRow(key=key, name=names.get(key, str(key)), **values) for key, values in figures.items()]
    else:
        names = _replier_names(figures)
        rows = [_replier_row(key, name, figures[key], total) for key, name in names.items()]
    if query.staff:
        rows, total = _of_one(query, counted, rows=rows, total=total)
    rows.sort(key=lambda row: (-row.asked, -row.replied, -row.replies, row.name, str(row.key)))
    return ResponsesReport(query, rows, total, _note())


def _of_one(
    query: ResponsesQuery, counted: Counted, *, rows: Sequence[ResponseRow], total: ResponseRow
) -> tuple[list[ResponseRow], ResponseRow]:
    """Return rows and total of one member of staff: the places where they replied, or them alone."""
    did = counted[f"{ONE} {WHOLE}"].get(None, {})
    own = _replier_row(None, total.name, did, total)
    if query.by in PLACES:
        there = counted[f"{ONE} {query.by}"]
        return [_replier_row(row.key, row.name, there[row.key], row) for row in rows if row.key in there], own
    return [replace(own, key=query.staff, name=_replier_names([query.staff])[query.staff])] if did else [], own


def _replier_row(key: Key, name: str, figures: Mapping[str, Any], total: ResponseRow) -> ResponseRow:
    """Return the row of somebody who replied: what they did, as shares of everything that was asked and raised."""
    whole = {"asked": total.asked, "dismissed": total.dismissed, "leads": total.leads, "raised": total.raised}
    return ResponseRow(key=key, name=name, **{**figures, **whole})


def _place_names(by: By) -> dict[Key, str]:
    return dict((Channel if by == "channel" else Community)._default_manager.values_list("pk", "name"))


def _replier_names(keys: Collection[Key]) -> dict[Key, str]:
    """
    Return what to call each replier: a user by name, a person by name or handle, or by the name of a login of theirs.

    Where nobody has told Kith that a login and an account are one colleague, both replied and are called the same,
    the login says so.
    """
    users, people = ({int(str(key)[1:]): key for key in keys if str(key)[0] == letter} for letter in "up")
    called = names_of("members", list(people))
    names: dict[Key, str] = {key: called[pk].name for pk, key in people.items()}
    logins = Colleague.objects.filter(contact__person__in=people).order_by("-user_id").select_related("user", "contact")
    for login in logins:
        if login.user.get_full_name():
            names[people[login.contact.person_id or login.contact_id]] = login.user.get_full_name()
    taken = set(names.values())
    for user in get_user_model().objects.filter(pk__in=users):
        name = name_of_user(user)
        names[users[user.pk]] = f"{name} (login)" if name in taken else name
    return names


def staff_choices() -> dict[str, str]:
    """
    Return everybody whose replies can be staff's, by the key of their row, in the order of their names.

    Accounts that were staff's at any time, and users, active or not: what they did stays. Four queries.
    """
    people = set(
        MemberRole.objects.filter(role=MemberRole.Role.STAFF).values_list("member__contact__person", flat=True)
    )
    people |= set(Colleague.objects.values_list("contact__person", flat=True))
    users = get_user_model().objects.filter(is_staff=True, colleague=None).values_list("pk", flat=True)
    names = _replier_names([*(f"p{pk}" for pk in people), *(f"u{pk}" for pk in users)])
    return {str(key): name for key, name in sorted(names.items(), key=lambda one: (one[1].casefold(), str(one[0])))}


def _note() -> str:
    return "" if BusinessHours.objects.filter(openings__isnull=False).exists() else NO_BUSINESS_HOURS


def hours_of(seconds: float | None) -> Decimal | None:
    """Return seconds as hours, unrounded; None stays None."""
    return None if seconds is None else Decimal(repr(seconds)) / 3600
