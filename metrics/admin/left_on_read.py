"""The queue: what was left on read, oldest first, and what to do about it."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from community import handling
from community.admin.private_texts import PrivateTexts, mark_hidden
from community.interaction_kinds import asking_kinds, asking_staff_kinds, interaction_kinds
from community.models import Handling, Interaction, WaitingInteraction
from community.private_texts import PRIVATE
from community.waiting import business_seconds_waiting, search_asks, unanswered_now, waiting_count
from crm.admin.contact_page import page_of
from crm.admin.signs import with_wish
from crm.money import in_reporting_currency
from crm.wishes import wishes_no_contact
from gateway.acting import act_named, noted_by
from gateway.admin import (
    AutocompleteSelectFilter,
    DropdownFilter,
    RadioFilter,
    ReadOnlyModelAdmin,
    amount_cell,
    dialog_answer,
    display,
    excerpt,
    number_cell,
    saved_answer,
)
from gateway.errors import DomainError
from gateway.screen import DASH, told
from gateway.users import name_of_user
from metrics.admin.waiting_acts import ACTS, BULK_ACTS, HANDS_OVER, REASONS, BulkAct, NoForm, me
from metrics.reports.people import VIEW_VALUE, brought_minor

MAY_SEE = "community.view_interaction"
MAY_HANDLE = "community.change_handling"
QUEUE = "admin:community_waitinginteraction_changelist"
UNDO = "admin:community_waitinginteraction_undo"
COUNTED = 99  # what the menu tells apart
DIGITS = 18  # of an id, at most


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
    all_option = ("", "Waits")

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


# Above eight tables, those that a search joins included, PostgreSQL joins them in the order of the statement, which
# begins with all interactions instead of with the few that wait.
READ_APART = ("member__contact__person", "thread")


@admin.register(WaitingInteraction)
class WaitingAdmin(PrivateTexts, ReadOnlyModelAdmin):
    list_before_template = "metrics/admin/left_on_read.html"
    list_display_links = None
    list_per_page = 25  # each has its buttons: fifty take half a second
    list_select_related = ("channel", "member__contact", "handling__assignee")
    list_filter = (StateFilter, HandledByFilter, AskFilter, ("channel", AutocompleteSelectFilter))
    search_fields = ("text", "member__handle__reads")
    search_help_text = "Words of the text, or of a name or handle of who asked"
    ordering = ("occurred_at", "pk")
    fields = (("kind", "occurred_at"), "text", ("channel", "member"), "thread")
    empty_state = "Nobody is waiting."
    private_fields = ("text",)

    # Whoever may see interactions may see which of them wait; what is done with them is a fact of its own.
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_SEE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_SEE)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        if not self.is_list(request):
            return super().get_queryset(request)
        now = timezone.now()
        rows = mark_hidden(unanswered_now(now=now), request, privacy=self.privacy)
        return (
            rows.annotate(
                business_seconds=business_seconds_waiting(now=now),
                revenue_minor=brought_minor("revenue_minor", person="member__contact__person_id"),
                credited_minor=brought_minor("credited_minor", person="member__contact__person_id"),
                leave_alone=wishes_no_contact("member__contact__person"),
            )
            .order_by(*self.ordering)
            .prefetch_related(*READ_APART)
        )

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        value = ("revenue",) if request.user.has_perm(VIEW_VALUE) else ()
        acts = ("acts",) if request.user.has_perm(MAY_HANDLE) else ()
        return ("waits", "what", "who", *value, "where", "taken_care_of_by", *acts)

    @display(description="Waits", ordering="occurred_at")
    def waits(self, row: Any) -> SafeString:
        target = row.channel.reply_target_minutes
        state = ""
        if target:
            share = row.business_seconds / (target * 60)
            state = "kith-late" if share > 1 else "kith-soon" if share > 0.5 else "kith-in-time"
        title = f"Since {told(row.occurred_at)}. {in_words(row.business_seconds)} of business hours" + (
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
        person = row.member.contact.person
        url = page_of(person.pk)
        link = format_html('<a href="{}" class="kith-link">{}</a>', url, str(person))
        return with_wish(link, leave_alone=row.leave_alone)

    @display(description="Brought", ordering=F("revenue_minor").asc(nulls_first=True))
    def revenue(self, row: Any) -> SafeString:
        if row.revenue_minor is None:
            return number_cell(None)
        return format_html(
            '<span title="{} credited to touches">{}</span>',
            in_reporting_currency(row.credited_minor),
            amount_cell(in_reporting_currency(row.revenue_minor), settings.KITH_CURRENCY),
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
        return name_of_user(held.assignee) or None

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
            '<span class="kith-acts" data-kith-row="{}">{}{}</span>',
            row.pk,
            _answer_link(row),
            format_html_join("", "{}", _links(row.pk, names)),
        )

    def search(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        return search_asks(queryset, search_term, may=request.user.has_perm), False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not request.user.has_perm(MAY_HANDLE):
            return {}
        return {bulk.key: (_many(bulk), bulk.key, bulk.label) for bulk in BULK_ACTS}

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:object_id>/{act}/",
                self.admin_site.admin_view(self._act_view(act)),
                name=f"community_waitinginteraction_{act}",
            )
            for act in ACTS
        ]
        undo = path("undo/", self.admin_site.admin_view(_undo_many), name="community_waitinginteraction_undo")
        return [undo, *own, *super().get_urls()]

    def _act_view(self, name: str) -> Callable[..., HttpResponse]:
        act = ACTS[name]

        def view(request: HttpRequest, object_id: int) -> HttpResponse:
            _check(request)
            row = Interaction.objects.filter(pk=object_id).select_related("member__contact", "channel").first()
            if row is None:
                raise Http404
            # What an undo says stands in its address.
            form = act.form({**request.GET.dict(), **request.POST.dict()} if request.method == "POST" else None)
            undone_by = _undo_address(row.pk, name)
            refusal = ""
            if request.method == "POST" and form.is_valid():
                now = timezone.now()
                try:
                    done = act.perform([row.pk], request, form.cleaned_data, now)
                except DomainError as refused:
                    refusal = refused.message
                else:
                    message = act.one.format(**act.words(form.cleaned_data, now))
                    if done and not undone_by:
                        undone_by = f"{reverse(UNDO)}?{urlencode({'act': str(noted_by())})}"
                    return saved_answer(request, message, back=reverse(QUEUE), undo=undone_by)
            context = {
                "title": f"{act.label}: {row.member.contact if row.member else 'somebody unknown'} on {row.channel}",
                "verb": act.label,
                "form": form,
                "refusal": refusal,
                "reasons": REASONS,
                "back": reverse(QUEUE),
            }
            answer = dialog_answer(request, "metrics/admin/handle.html", context)
            # A button without a form of its own (claim) is shown in the dialog why it was refused.
            answer["HX-Retarget"], answer["HX-Reswap"] = "#kith-dialog", "innerHTML"
            return answer

        return view


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(MAY_HANDLE) or not request.user.has_perm(MAY_SEE):
        raise PermissionDenied


def _many(bulk: BulkAct) -> Callable[..., HttpResponse]:
    """Return the action of a list that does it to all rows chosen, and asks first where there is something to ask."""
    act = bulk.act

    def run(_: object, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        _check(request)
        # Once asked, the rows chosen are named: the list may have gone on.
        chosen = request.POST.get("chosen")
        if chosen is None:
            ids = list(queryset.order_by("pk").values_list("pk", flat=True))
        else:
            ids = [int(pk) for pk in chosen.split(",") if pk.isdecimal() and len(pk) <= DIGITS]
        given, form, refusal = bulk.given, None, ""
        if act.form is not NoForm and not given:
            form = act.form(None if chosen is None else request.POST)
            given = form.cleaned_data if form.is_valid() else {}
        if form is None or form.is_valid():
            now = timezone.now()
            try:
                done, of_others = act.to_many(ids, request, given, now)
            except DomainError as refused:
                refusal = refused.message
            else:
                message = f"{act.many.format(**act.words(given, now))}: {done:,}. {of_others}".rstrip()
                named = urlencode({"act": str(noted_by()), "list": request.GET.urlencode()})
                undo = f"{reverse(UNDO)}?{named}" if done else ""
                return saved_answer(request, message, back=request.get_full_path(), undo=undo)
        if form is None:
            messages.error(request, f"{refusal} Nothing was changed.")
            return HttpResponseRedirect(request.get_full_path())
        context = {
            "title": f"{act.label} {len(ids):,} message{'' if len(ids) == 1 else 's'} left on read",
            "verb": act.label,
            "form": form,
            "refusal": refusal,
            "action": bulk.key,
            "chosen": ",".join(map(str, ids)),
            "first": ids[0] if ids else 0,
            "back": request.get_full_path(),
        }
        return dialog_answer(request, "metrics/admin/handle.html", context)

    return run


def _undo_many(request: HttpRequest) -> HttpResponse:
    """
    Take back what the reader did to many in one go: the `act` that the address names, and back to the `list` as it was.

    The message after the act offers it by POST; whoever opens the address by itself is asked first.
    """
    _check(request)
    refusal, filters = "", QueryDict(request.GET.get("list", "")).urlencode()
    back = f"{reverse(QUEUE)}?{filters}" if filters else reverse(QUEUE)
    if request.method == "POST":
        try:
            done = handling.take_back(act_named(request.GET.get("act", "")), user_id=me(request))
        except DomainError as refused:
            refusal = refused.message
        else:
            return saved_answer(request, f"Undone for {done:,}.", back=back)
    context = {"title": "Undo", "verb": "Undo", "form": NoForm(), "refusal": refusal, "back": back}
    return dialog_answer(request, "metrics/admin/handle.html", context)


def _undo_address(pk: int, name: str) -> str:
    """Return the address that will take an act back, asked before it is done; empty where no other act does."""
    undo = ACTS[name].undone_by
    if name in HANDS_OVER:  # back to whoever had it
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
        act = ACTS[name]
        if act.form is NoForm:  # nothing to ask: done at once
            how = format_html('hx-post="{}" hx-include="[name=csrfmiddlewaretoken]" hx-swap="none"', url)
        else:
            how = format_html('hx-get="{}" hx-target="#kith-dialog"', url)
        links.append((format_html('<a href="{}" {} class="kith-do">{}</a>', url, how, act.label),))
    return links


def in_words(seconds: float) -> str:
    """Return a span of time in its two largest units: “3 d 4 h”, “2 h 5 min”, “7 min”."""
    minutes = int(seconds // 60)
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days:,} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
