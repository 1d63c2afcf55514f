"""The queue: what was left on read, oldest first, and what to do about it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from community import handling
from community.admin.private_texts import PrivateTexts, mark_hidden
from community.interaction_kinds import asking_kinds, asking_staff_kinds, help_kinds, interaction_kinds
from community.models import Handling, Interaction, WaitingInteraction
from community.private_texts import PRIVATE
from community.waiting import business_seconds_waiting, unanswered_now, waiting_count
from crm.money import from_minor
from gateway.admin import (
    AutocompleteSelectFilter,
    DropdownFilter,
    RadioFilter,
    ReadOnlyModelAdmin,
    dialog_answer,
    display,
    excerpt,
    number_cell,
    saved_answer,
)
from gateway.errors import DomainError
from gateway.screen import DASH
from metrics.models import PersonDay
from metrics.reports.people import VIEW_VALUE

MAY_SEE = "community.view_interaction"
MAY_HANDLE = "community.change_handling"
COUNTED = 99  # what the menu tells apart
REASONS = ("Needs no reply", "Answered elsewhere", "Spam")


def waiting_badge(request: HttpRequest) -> str:
    """Return how many wait, for the menu; empty when nobody does or the reader may not know."""
    if not request.user.has_perm(MAY_SEE):
        return ""
    number = waiting_count(now=timezone.now(), up_to=COUNTED)
    return f"{COUNTED}+" if number > COUNTED else str(number or "")


class AskFilter(DropdownFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [(key, interaction_kinds[key].label) for key in [*asking_kinds(), *asking_staff_kinds()]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class HandledByFilter(RadioFilter):
    title = "taken care of by"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [("me", "Me"), ("nobody", "Nobody"), ("somebody", "Somebody")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "me":
                return queryset.filter(handling__assignee=request.user.pk)
            case "nobody":
                return queryset.filter(handling__assignee=None)
            case "somebody":
                return queryset.exclude(handling__assignee=None)
        return queryset


class StateFilter(RadioFilter):
    """What waits is shown unless something else is asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [("snoozed", "Snoozed"), ("dismissed", "Needs no reply")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        snoozed = Q(handling__snoozed_until__gt=timezone.now()) & Q(is_woken=False)
        match self.value():
            case "dismissed":
                return queryset.exclude(handling__dismissed_at=None)
            case "snoozed":
                return queryset.filter(snoozed, handling__dismissed_at=None)
        return queryset.filter(handling__dismissed_at=None).exclude(snoozed)


class NoForm(forms.Form):
    """Nothing to say: to confirm is enough."""


class AssignForm(forms.Form):
    user = forms.ModelChoiceField(get_user_model().objects.none(), label="Who takes care of it")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = get_user_model().objects.filter(is_active=True, is_staff=True).order_by("username")
        self.fields["user"].queryset = staff


class SnoozeForm(forms.Form):
    hours = forms.TypedChoiceField(
        label="Until",
        coerce=int,
        initial=24,
        choices=[(4, "in 4 hours"), (24, "tomorrow, at this time"), (72, "in 3 days"), (168, "in a week")],
        help_text="It comes back by itself, and at once when the person writes again.",
    )


class DismissForm(forms.Form):
    reason = forms.CharField(
        max_length=255,
        label="Why it needs no reply",
        initial=REASONS[0],
        widget=forms.TextInput(attrs={"list": "kith-reasons", "autofocus": True}),
    )


def _me(request: HttpRequest) -> int:
    """Return the id of who is logged in; the admin lets nobody else come this far."""
    return int(request.user.pk or 0)


def _claim(pk: int, request: HttpRequest, given: dict[str, Any], now: datetime) -> str:
    handling.claim([pk], user_id=_me(request), now=now)
    return "You take care of it."


def _assign(pk: int, request: HttpRequest, given: dict[str, Any], now: datetime) -> str:
    handling.assign([pk], user_id=given["user"].pk, now=now)
    return f"{given['user'].get_full_name() or given['user'].get_username()} takes care of it."


def _release(pk: int, request: HttpRequest, given: dict[str, Any], now: datetime) -> str:
    handling.release([pk])
    return "Nobody takes care of it now."


def _snooze(pk: int, request: HttpRequest, given: dict[str, Any], now: datetime) -> str:
    until = now + timedelta(hours=given["hours"])
    handling.snooze([pk], until=until, now=now)
    return f"Snoozed until {date_format(timezone.localtime(until), 'j M Y, H:i')}."


def _wake(pk: int, request: HttpRequest, given: dict[str, Any], now: datetime) -> str:
    handling.wake([pk])
    return "Back in the queue."


def _dismiss(pk: int, request: HttpRequest, given: dict[str, Any], now: datetime) -> str:
    handling.dismiss([pk], reason=given["reason"], user_id=request.user.pk, now=now)
    return "It needs no reply."


def _restore(pk: int, request: HttpRequest, given: dict[str, Any], now: datetime) -> str:
    handling.restore([pk])
    return "It waits again."


Perform = Callable[[int, HttpRequest, dict[str, Any], datetime], str]
HANDS_OVER = ("claim", "assign", "release")
# What can be done with one: its button, its form, how it is done, and what undoes it.
ACTS: dict[str, tuple[str, type[forms.Form], Perform, str]] = {
    "claim": ("Claim", NoForm, _claim, "release"),
    "assign": ("Assign", AssignForm, _assign, "release"),
    "release": ("Release", NoForm, _release, "assign"),
    "snooze": ("Snooze", SnoozeForm, _snooze, "wake"),
    "wake": ("Wake", NoForm, _wake, ""),
    "dismiss": ("Dismiss", DismissForm, _dismiss, "restore"),
    "restore": ("Restore", NoForm, _restore, ""),
}


@admin.register(WaitingInteraction)
class WaitingAdmin(PrivateTexts, ReadOnlyModelAdmin):
    list_before_template = "metrics/admin/left_on_read.html"
    list_display_links = None
    list_per_page = 25  # each has its buttons: fifty take half a second
    list_select_related = ("channel", "member__contact", "handling__assignee", "thread")
    list_filter = (StateFilter, HandledByFilter, AskFilter, ("channel", AutocompleteSelectFilter))
    search_fields = ("text", "member__handle")
    search_help_text = "A part of the text, or who asked"
    ordering = ("occurred_at", "pk")
    fields = (("kind", "occurred_at"), "text", ("channel", "member"), "thread")
    private_fields = ("text", "url")  # the page shows no address, but a list is asked by any column

    # Whoever may see interactions may see which of them wait; what is done with them is a fact of its own.
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_SEE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_SEE)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        if not self.is_list(request):
            return super().get_queryset(request)
        now = timezone.now()
        brought = PersonDay.objects.filter(person_id=OuterRef("member__contact__person_id")).values("person_id")
        rows = mark_hidden(unanswered_now(now=now), request, privacy=self.privacy)
        return rows.annotate(
            business_seconds=business_seconds_waiting(now=now),
            revenue_minor=Subquery(brought.values(minor=Sum("revenue_minor"))),
            credited_minor=Subquery(brought.values(minor=Sum("credited_minor"))),
        ).order_by(*self.ordering)

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        value = ("revenue",) if request.user.has_perm(VIEW_VALUE) else ()
        acts = ("acts",) if request.user.has_perm(MAY_HANDLE) else ()
        return ("waits", "what", "who", *value, "where", "taken_care_of_by", *acts)

    @property
    def empty_state(self) -> str:  # type: ignore[override]
        newest = Interaction.objects.counted().filter(kind__in=help_kinds()).order_by("-pk").first()
        if newest is None:
            return "Nobody waits."
        return f"Nobody waits. Last one answered {date_format(timezone.localtime(newest.occurred_at), 'j M Y, H:i')}."

    @display(description="Waits", ordering="occurred_at")
    def waits(self, row: Any) -> SafeString:
        target = row.channel.reply_target_minutes
        state = ""
        if target:
            share = row.business_seconds / (target * 60)
            state = "kith-late" if share > 1 else "kith-soon" if share > 0.5 else "kith-in-time"
        since = date_format(timezone.localtime(row.occurred_at), "j M Y, H:i")
        title = f"Since {since}. {in_words(row.business_seconds)} of business hours" + (
            f", to be replied to within {in_words(target * 60)}." if target else "."
        )
        waited = in_words((timezone.now() - row.occurred_at).total_seconds())
        return format_html('<span class="kith-wait {}" title="{}">{}</span>', state, title, waited)

    @display(description="What was said")
    def what(self, row: Any) -> SafeString:
        text = PRIVATE if row.is_hidden else excerpt(row.text or (row.thread.title if row.thread else ""))
        url = reverse("admin:community_interaction_change", args=[row.pk])
        return format_html('<a href="{}" class="kith-link">{}</a>', url, text if text != DASH else "(no text)")

    @display(description="Who")
    def who(self, row: Any) -> SafeString | str:
        if row.member is None:
            return "somebody unknown"
        url = reverse("admin:crm_contact_change", args=[row.person or row.member.contact_id])
        return format_html('<a href="{}" class="kith-link">{}</a>', url, str(row.member.contact))

    @display(description="Brought", ordering="revenue_minor")
    def revenue(self, row: Any) -> SafeString:
        if row.revenue_minor is None:
            return number_cell(None)
        currency = settings.KITH_CURRENCY
        return format_html(
            '<span title="{} credited to touches">{}</span>',
            from_minor(row.credited_minor or 0, currency),
            number_cell(from_minor(row.revenue_minor, currency)),
        )

    @display(description="Where", ordering="channel__name")
    def where(self, row: Any) -> str:
        return f"{row.channel}, {interaction_kinds[row.kind].label.lower()}"

    @display(description="Taken care of by")
    def taken_care_of_by(self, row: Any) -> str | None:
        held = getattr(row, "handling", None)
        if held is None:
            return None
        if held.dismissed_at:
            return f"Needs no reply: {held.dismiss_reason}"
        if held.snoozed_until and held.snoozed_until > timezone.now() and not row.is_woken:
            return f"Snoozed until {date_format(timezone.localtime(held.snoozed_until), 'j M, H:i')}"
        return str(held.assignee.get_full_name() or held.assignee) if held.assignee else None

    @display(description="Do")
    def acts(self, row: Any) -> SafeString:
        held = getattr(row, "handling", None)
        snoozed = held and held.snoozed_until and held.snoozed_until > timezone.now() and not row.is_woken
        if held and held.dismissed_at:
            names = ["restore"]
        elif snoozed:
            names = ["wake", "dismiss"]
        else:
            names = ["release" if held and held.assignee_id else "claim", "assign", "snooze", "dismiss"]
        return format_html(
            '<span class="kith-acts">{}{}</span>', _answer_link(row), format_html_join("", "{}", _links(row.pk, names))
        )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not request.user.has_perm(MAY_HANDLE):
            return {}

        def bulk(label: str, perform: Callable[[Sequence[int], HttpRequest], int]) -> tuple[Any, str, str]:
            name = label.lower().replace(" ", "_").replace(":", "")

            def run(_: object, request: HttpRequest, queryset: QuerySet[Any]) -> None:
                if not request.user.has_perm(MAY_HANDLE):
                    raise PermissionDenied
                try:
                    done = perform(list(queryset.order_by("pk").values_list("pk", flat=True)), request)
                except DomainError as refusal:
                    messages.error(request, refusal.message)
                else:
                    messages.success(request, f"{label}: {done:,} done.")

            return run, name, label

        now = timezone.now()
        offered = [
            bulk("Claim", lambda ids, request: handling.claim(ids, user_id=_me(request), now=now)),
            bulk("Release", lambda ids, request: handling.release(ids)),
            bulk(
                "Snooze until tomorrow",
                lambda ids, request: handling.snooze(ids, until=now + timedelta(days=1), now=now),
            ),
            bulk("Wake", lambda ids, request: handling.wake(ids)),
            *(bulk(f"Dismiss: {reason}", _dismissing(reason)) for reason in REASONS),
            bulk("Restore", lambda ids, request: handling.restore(ids)),
        ]
        return {name: (run, name, label) for run, name, label in offered}

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:object_id>/{act}/",
                self.admin_site.admin_view(self._act_view(act)),
                name=f"community_waitinginteraction_{act}",
            )
            for act in ACTS
        ]
        return [*own, *super().get_urls()]

    def _act_view(self, act: str) -> Callable[..., HttpResponse]:
        label, form_class, perform, _ = ACTS[act]

        def view(request: HttpRequest, object_id: int) -> HttpResponse:
            if not request.user.has_perm(MAY_HANDLE) or not request.user.has_perm(MAY_SEE):
                raise PermissionDenied
            row = Interaction.objects.filter(pk=object_id).select_related("member__contact", "channel").first()
            if row is None:
                raise Http404
            # What an undo says stands in its address.
            form = form_class({**request.GET.dict(), **request.POST.dict()} if request.method == "POST" else None)
            undone_by = _undo_address(row.pk, act)
            refusal = ""
            if request.method == "POST" and form.is_valid():
                try:
                    message = perform(row.pk, request, form.cleaned_data, timezone.now())
                except DomainError as refused:
                    refusal = refused.message
                else:
                    back = reverse("admin:community_waitinginteraction_changelist")
                    return saved_answer(request, message, back=back, undo=undone_by)
            context = {
                "title": f"{label}: {row.member.contact if row.member else 'somebody unknown'} on {row.channel}",
                "verb": label,
                "form": form,
                "refusal": refusal,
                "reasons": REASONS,
                "back": reverse("admin:community_waitinginteraction_changelist"),
            }
            answer = dialog_answer(request, "metrics/admin/handle.html", context)
            # A button without a form of its own (claim) is shown in the dialog why it was refused.
            answer["HX-Retarget"], answer["HX-Reswap"] = "#kith-dialog", "innerHTML"
            return answer

        return view


def _dismissing(reason: str) -> Callable[[Sequence[int], HttpRequest], int]:
    return lambda ids, request: handling.dismiss(ids, reason=reason, user_id=request.user.pk, now=timezone.now())


def _undo_address(pk: int, act: str) -> str:
    """Return the address that will take `act` back, asked before it is done; empty where nothing does."""
    undo = ACTS[act][3]
    if act in HANDS_OVER:  # back to whoever had it
        held_by = Handling.objects.filter(interaction=pk).values_list("assignee", flat=True).first()
        if held_by is not None:
            return f"{reverse('admin:community_waitinginteraction_assign', args=[pk])}?user={held_by}"
        undo = "release"
    return reverse(f"admin:community_waitinginteraction_{undo}", args=[pk]) if undo else ""


def _answer_link(row: Any) -> SafeString:
    """Return the button that records the answer as help, with what it answers filled in."""
    url = reverse("admin:community_interaction_record_help", args=[row.pk])
    return format_html(
        '<a href="{0}" hx-get="{0}" hx-target="#kith-dialog" class="kith-do kith-do-main">Answer</a>', url
    )


def _links(pk: int, names: Sequence[str]) -> list[tuple[SafeString]]:
    links = []
    for name in names:
        url = reverse(f"admin:community_waitinginteraction_{name}", args=[pk])
        label, form_class, _, _ = ACTS[name]
        if form_class is NoForm:  # nothing to ask: done at once
            how = format_html('hx-post="{}" hx-include="[name=csrfmiddlewaretoken]" hx-swap="none"', url)
        else:
            how = format_html('hx-get="{}" hx-target="#kith-dialog"', url)
        links.append((format_html('<a href="{}" {} class="kith-do">{}</a>', url, how, label),))
    return links


def in_words(seconds: float) -> str:
    """Return a span of time in its two largest units: “3 d 4 h”, “2 h 5 min”, “7 min”."""
    minutes = int(seconds // 60)
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days:,} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
