"""What can be done with what waits: the buttons of the queue, what they ask, and how it is done, to one or to many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.validators import MaxValueValidator
from django.http import HttpRequest

from community import handling
from community.models import Handling
from crm.periods import local_day, organisation_zone
from gateway.admin import ColleagueField
from gateway.screen import told
from gateway.users import name_of_user

REASONS = ("Needs no reply", "Answered elsewhere", "Spam")
MORNING = time(8)  # when what was snoozed until a day comes back
NAMED = 5  # messages that colleagues take care of
NEAR = [MaxValueValidator(date(2200, 1, 1))]

Given = Mapping[str, Any]  # what a form was told


class NoForm(forms.Form):
    """Nothing to say: to confirm is enough."""


class AssignForm(forms.Form):
    user = ColleagueField(get_user_model().objects.none(), label="Who takes care of it")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = get_user_model().objects.filter(is_active=True, is_staff=True).order_by("username")
        self.fields["user"].queryset = staff


class SnoozeForm(forms.Form):
    """Until when: one of a few times, or a day of one's own, which goes before."""

    until = forms.ChoiceField(
        label="Until",
        initial="tomorrow",
        choices=[
            ("hours", "in 4 hours"),
            ("tomorrow", "tomorrow morning, 8:00"),
            ("next_week", "Monday morning, 8:00"),
        ],
        help_text="It comes back by itself, and at once when the person writes again.",
    )
    day = forms.DateField(
        label="Or until a day, 8:00",
        required=False,
        validators=NEAR,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


def snoozed_until(given: Given, *, now: datetime) -> datetime:
    """Return the time that a `SnoozeForm` names, seen from `now`: mornings are those of the organisation's zone."""
    zone = organisation_zone()
    today = local_day(now, zone)
    if given["day"]:
        return datetime.combine(given["day"], MORNING, zone)
    match given["until"]:
        case "tomorrow":
            return datetime.combine(today + timedelta(days=1), MORNING, zone)
        case "next_week":
            return datetime.combine(today + timedelta(days=7 - today.weekday()), MORNING, zone)
    return now + timedelta(hours=4)


class DismissForm(forms.Form):
    reason = forms.CharField(
        max_length=255,
        label="Why it needs no reply",
        initial=REASONS[0],
        widget=forms.TextInput(attrs={"list": "kith-reasons", "autofocus": True}),
    )


def me(request: HttpRequest) -> int:
    """Return the id of who is logged in; the admin lets nobody else come this far."""
    return int(request.user.pk or 0)


@dataclass(frozen=True, kw_only=True)
class Act:
    """
    What can be done with one interaction or with many: its button, its form, how it is done, and what is said then.

    `perform` returns for how many that was new; `perform_many` does it to many where that is done otherwise, and
    returns beside it what is to be said of the others. `one` and `many` are the words for it, in which {who} and
    {until} are what was given. `undone_by` names the act that takes it back of one. Where none does, for none knows
    until when it was snoozed, the history takes it back, as it does of many.
    """

    label: str
    perform: Callable[[Sequence[int], HttpRequest, Given, datetime], int]
    one: str
    many: str
    form: type[forms.Form] = NoForm
    undone_by: str = ""
    perform_many: Callable[[Sequence[int], HttpRequest, Given, datetime], tuple[int, str]] | None = None

    def to_many(self, ids: Sequence[int], request: HttpRequest, given: Given, now: datetime) -> tuple[int, str]:
        """Do it to all of them; return for how many that was new, and what is to be said of the others."""
        if self.perform_many is not None:
            return self.perform_many(ids, request, given, now)
        return self.perform(ids, request, given, now), ""

    def words(self, given: Given, now: datetime) -> dict[str, str]:
        """Return what the words for it may name."""
        words = {}
        if "user" in given:
            words["who"] = name_of_user(given["user"])
        if "until" in given:
            words["until"] = told(snoozed_until(given, now=now))
        return words


def _claim_many(ids: Sequence[int], request: HttpRequest, given: Given, now: datetime) -> tuple[int, str]:
    """Claim what is free, and name what colleagues have."""
    claimed = handling.claim_free(ids, user_id=me(request), now=now)
    named = [
        f"{_whose(held)} ({name_of_user(held.assignee)}, since {handling.claimed_at(held)})"
        for held in claimed.taken[:NAMED]
    ]
    if len(claimed.taken) > NAMED:
        named.append(f"and {len(claimed.taken) - NAMED:,} more")
    return claimed.new, f"Others take care of: {'; '.join(named)}." if named else ""


def _whose(held: Handling) -> str:
    asked = held.interaction
    return f"{asked.member.contact.person if asked.member else 'somebody unknown'} on {asked.channel}"


HANDS_OVER = ("claim", "assign", "release")
ACTS: dict[str, Act] = {
    "claim": Act(
        label="Claim",
        perform=lambda ids, request, given, now: handling.claim(ids, user_id=me(request), now=now),
        one="You take care of it.",
        many="Claimed",
        undone_by="release",
        perform_many=_claim_many,
    ),
    "assign": Act(
        label="Assign",
        form=AssignForm,
        perform=lambda ids, request, given, now: handling.assign(ids, user_id=given["user"].pk, now=now),
        one="{who} takes care of it.",
        many="Assigned to {who}",
        undone_by="release",
    ),
    "release": Act(
        label="Release",
        perform=lambda ids, request, given, now: handling.release(ids),
        one="Nobody takes care of it now.",
        many="Released",
        undone_by="assign",
    ),
    "snooze": Act(
        label="Snooze",
        form=SnoozeForm,
        perform=lambda ids, request, given, now: handling.snooze(ids, until=snoozed_until(given, now=now), now=now),
        one="Snoozed until {until}.",
        many="Snoozed until {until}",
        undone_by="wake",
    ),
    "wake": Act(
        label="Wake",
        perform=lambda ids, request, given, now: handling.wake(ids),
        one="Back in the queue.",
        many="Back in the queue",
    ),
    "dismiss": Act(
        label="Dismiss",
        form=DismissForm,
        perform=lambda ids, request, given, now: handling.dismiss(
            ids, reason=given["reason"], user_id=me(request), now=now
        ),
        one="It needs no reply.",
        many="Dismissed",
        undone_by="restore",
    ),
    "restore": Act(
        label="Restore",
        perform=lambda ids, request, given, now: handling.restore(ids),
        one="It waits again.",
        many="Restored",
    ),
}


@dataclass(frozen=True)
class BulkAct:
    """An entry in the menu of actions: an act on all rows that were chosen, with what need not be asked."""

    key: str
    label: str
    act: Act
    given: Given = field(default_factory=dict)


BULK_ACTS = [
    BulkAct("claim", "Claim", ACTS["claim"]),
    BulkAct("assign", "Assign to…", ACTS["assign"]),
    BulkAct("release", "Release", ACTS["release"]),
    BulkAct("snooze", "Snooze until…", ACTS["snooze"]),
    BulkAct("wake", "Wake", ACTS["wake"]),
    *(
        BulkAct(
            f"dismiss_{reason.lower().replace(' ', '_')}", f"Dismiss: {reason}", ACTS["dismiss"], {"reason": reason}
        )
        for reason in REASONS
    ),
    BulkAct("restore", "Restore", ACTS["restore"]),
]
