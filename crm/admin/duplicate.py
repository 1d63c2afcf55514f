"""Possible duplicates: who may be one person, why, and what to do about it."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from crm.duplicates.decisions import decide_different, reopen
from crm.duplicates.evidence import why
from crm.duplicates.plan import JoiningPlan, PlannedPair, plan_of_joining
from crm.folding import fold
from crm.models import ChangedIdentity, Contact, DuplicateSuggestion
from crm.permissions import MERGE, VIEW_ADDRESSES
from crm.stages import stage_label, stage_now
from crm.tasks import request_joining, request_search
from gateway.admin import ChoicesDropdownFilter, ReadOnlyModelAdmin, display, number_cell
from gateway.errors import DomainError
from gateway.items import is_id
from gateway.panels import Column, Link, Row, Table
from gateway.staging import id_array

State = DuplicateSuggestion.State


@admin.register(DuplicateSuggestion)
class DuplicateSuggestionAdmin(ReadOnlyModelAdmin):
    list_display = ("score_count", "shown_first", "shown_second", "why", "shown_state", "decide")
    list_display_links = ("score_count",)
    list_select_related = ("first__person__company", "second__person__company", "said_by")
    list_filter = (("state", ChoicesDropdownFilter),)
    search_fields = ("first__search_text", "second__search_text")
    search_help_text = "Any part of a name, e-mail address or phone number"
    ordering = ("-score", "-pk")
    list_per_page = 25  # two people and what may be done with them in each row: fifty take half a second
    fieldsets = (
        (None, {"fields": (("shown_first", "shown_second"), ("score", "why"), ("shown_state", "found_at"), "decide")}),
        ("Decided", {"fields": (("decided_at", "decided_by"), "merge")}),
    )
    readonly_fields = ("shown_first", "shown_second", "why", "shown_state", "decide")
    list_before_template = "crm/admin/duplicates_before.html"
    empty_state = "Nobody seems to be here twice. What changes is compared within a minute."

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("join/", wrap(require_POST(self.join_view)), name="crm_duplicatesuggestion_join"),
            path("search/", wrap(require_POST(self.search_view)), name="crm_duplicatesuggestion_search"),
            *super().get_urls(),
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str]]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        if request.user.has_perm(MERGE):
            for name, run, label in (
                ("join_selected", _join_selected, "Merge the selected pairs…"),
                ("different_selected", _different_selected, "Not the same people"),
                ("reopen_selected", _reopen_selected, "Ask again about the selected pairs"),
            ):
                actions[name] = (run, name, label)
        return actions

    def search(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """
        Find pairs by either person; by addresses only for those who may see them.

        Each word is looked for in all contacts: of many words the longest few, which leave as good as nobody else.
        """
        column = "search_text__contains" if request.user.has_perm(VIEW_ADDRESSES) else "full_name__reads"
        for word in sorted(set(fold(search_term).split()), key=len, reverse=True)[:WORDS_SEARCHED]:
            found = Contact.objects.filter(**{column: word}).order_by().values("person_id")
            queryset = queryset.filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [id_array(pairs_of(found))]))
        return queryset, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not request.GET:
            request.GET = QueryDict("state__exact=open")  # what there is to do; other states are a choice
        context = {
            **(extra_context or {}),
            "may_merge": request.user.has_perm(MERGE),
            "waiting": ChangedIdentity.objects.values("contact_id")[:10_001].count(),
        }
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each row says what the reader may do and see of it: the admin is one for all who read at once."""
        suggestions = super().get_queryset(request).prefetch_related(*_ADDRESSES)
        return suggestions.annotate(
            first_stage=stage_now("first__person__"),
            second_stage=stage_now("second__person__"),
            shows_addresses=Value(request.user.has_perm(VIEW_ADDRESSES)),
            may_merge=Value(request.user.has_perm(MERGE)),
        )

    @display(description="Score", ordering="score")
    def score_count(self, suggestion: DuplicateSuggestion) -> SafeString:
        return number_cell(suggestion.score)

    @display(description="One")
    def shown_first(self, suggestion: DuplicateSuggestion) -> SafeString:
        return self._line(suggestion.first, suggestion.first_stage, with_addresses=suggestion.shows_addresses)

    @display(description="The other")
    def shown_second(self, suggestion: DuplicateSuggestion) -> SafeString:
        return self._line(suggestion.second, suggestion.second_stage, with_addresses=suggestion.shows_addresses)

    def _line(self, contact: Contact, stage: str, *, with_addresses: bool) -> SafeString:
        """Return a person in a line: name, stage, company, and the record's addresses for those who may see them."""
        person = contact.person or contact
        known = [stage_label(stage), person.company and person.company.name]
        if with_addresses:
            known += [point.raw for point in contact.points.all()][:2]
        return format_html(
            '<div><a href="{}" class="kith-link">{}</a><br><span class="kith-unit">{}</span></div>',
            reverse("admin:crm_contact_change", args=[person.pk]),
            person,
            " · ".join(str(part) for part in known if part),
        )

    @display(description="Why")
    def why(self, suggestion: DuplicateSuggestion) -> str:
        return why(suggestion)

    @display(
        description="State", ordering="state",
        label={State.OPEN.label: "warning", State.DIFFERENT.label: "info", State.MERGED.label: "success"},
    )  # fmt: skip
    def shown_state(self, suggestion: DuplicateSuggestion) -> str:
        return suggestion.get_state_display()

    @display(description="What to do")
    def decide(self, suggestion: DuplicateSuggestion) -> SafeString | str:
        """Lead to both side by side, where the pair is open and the person may join them."""
        if not suggestion.may_merge or suggestion.state != State.OPEN:
            return ""
        first, second = suggestion.first.person_id, suggestion.second.person_id
        address = reverse("admin:crm_contact_merge", args=[first])
        return format_html('<a href="{}?{}" class="kith-link">Compare…</a>', address, urlencode({"with": second or ""}))

    def context_of_joining(self, request: HttpRequest, plan: JoiningPlan) -> dict[str, Any]:
        """Return what the page between says of a plan: all of it counted, and shown in part."""
        shown = plan.pairs[:PAIRS_SHOWN]
        list_page = reverse("admin:crm_duplicatesuggestion_changelist")
        query = request.GET.urlencode()
        undoubted = plan.undoubted
        return {
            **self.admin_site.each_context(request),
            "title": f"Merge {_pairs(len(plan.pairs))}",
            "opts": self.model._meta,
            "plan": plan,
            "doubtful": len(plan.pairs) - len(undoubted),
            "table": Table(
                title="Pairs",
                columns=(
                    Column(label="Stays"), Column(label="Comes into them"), Column(label="Score", unit="count"),
                    Column(label="Why", unit="sentence"),
                ),
                rows=[_row(pair) for pair in shown],
                empty="",
                note=f"And {_pairs(len(plan.pairs) - len(shown), 'more')}." if len(plan.pairs) > len(shown) else "",
            ),
            "join": _ids(plan.pairs),
            "join_label": f"Merge {_pairs(len(plan.pairs))}",
            "join_undoubted": _ids(undoubted) if 0 < len(undoubted) < len(plan.pairs) else "",
            "undoubted_label": f"Merge only the {len(undoubted):,} without a mark",
            "back": f"{list_page}?{query}" if query else list_page,
        }  # fmt: skip

    def join_view(self, request: HttpRequest) -> HttpResponse:
        """Start the job that joins the pairs of the page between, and lead to it."""
        _check(request)
        given = request.POST.get("pairs", "").split(",")
        ids = [int(pk) for pk in given if is_id(pk)]
        if not ids:
            return redirect("admin:crm_duplicatesuggestion_changelist")
        try:
            job = request_joining(ids, now=timezone.now(), requested_by=request.user.pk, requested_through="admin")
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:crm_duplicatesuggestion_changelist")
        messages.success(request, f"Merging {_pairs(len(ids))}. Below is what became of each.")
        return redirect("admin:jobs_job_change", job.pk)

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """Compare everybody with everybody near, and lead to the job."""
        _check(request)
        job = request_search(now=timezone.now(), requested_by=request.user.pk, requested_through="admin")
        return redirect("admin:jobs_job_change", job.pk)


WORDS_SEARCHED = 8  # of those that somebody looks for, the longest
PAIRS_SHOWN = 50  # of those to be joined, the ones to look at first
_ADDRESSES = ("first__points", "second__points")


def pairs_of(persons: QuerySet[Any]) -> list[int]:
    """
    Return the ids of all pairs with a record of any of these persons, in one statement.

    Persons are found once for both sides of the pairs, and the pairs once for their number and their page.
    """
    sql, parameters = persons.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT id FROM (
                WITH record AS MATERIALIZED (SELECT c.id FROM crm_contact c WHERE c.person_id IN ({sql}))
                SELECT s.id FROM crm_duplicatesuggestion s
                WHERE s.first_id IN (SELECT id FROM record) OR s.second_id IN (SELECT id FROM record)
            ) pair
            """,
            parameters,
        )
        return [pk for (pk,) in cursor.fetchall()]


def _join_selected(
    options: DuplicateSuggestionAdmin, request: HttpRequest, queryset: QuerySet[DuplicateSuggestion]
) -> HttpResponse | None:
    """Show what joining these pairs would do; the page's own button does it."""
    _check(request)
    try:
        plan = plan_of_joining(list(queryset.order_by().values_list("pk", flat=True)))
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return None
    if not plan.pairs:
        messages.warning(request, "None of these is an open pair of two people: there is nothing to merge.")
        return None
    return TemplateResponse(request, "crm/admin/join_pairs.html", options.context_of_joining(request, plan))


def _different_selected(
    options: DuplicateSuggestionAdmin, request: HttpRequest, queryset: QuerySet[DuplicateSuggestion]
) -> None:
    _check(request)
    ids = list(queryset.values_list("pk", flat=True))
    done = decide_different(ids, by_user_id=request.user.pk, now=timezone.now())
    messages.success(request, f"Remembered for {done:,} pairs that they are different people.")


def _reopen_selected(
    options: DuplicateSuggestionAdmin, request: HttpRequest, queryset: QuerySet[DuplicateSuggestion]
) -> None:
    _check(request)
    done = reopen(list(queryset.values_list("pk", flat=True)))
    messages.success(request, f"{done:,} pairs are open again.")


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(MERGE):
        raise PermissionDenied


def _row(pair: PlannedPair) -> Row:
    people = (pair.survivor, pair.loser)
    return Row(
        values=(
            *(_told_apart(person) for person in people),
            pair.suggestion.score,
            why(pair.suggestion),
        ),
        links={
            **{place: Link(page="admin:crm_contact_change", args=(person.pk,)) for place, person in enumerate(people)},
            3: Link(page="admin:crm_contact_merge", args=(pair.survivor.pk,), query={"with": pair.loser.pk}),
        },
        signs={0: capfirst("; ".join(pair.doubts))} if pair.doubts else {},  # where a phone shows it
    )


def _told_apart(person: Contact) -> str:
    """Return a name with what tells it from the same name on the other side."""
    return f"{person} · {person.known_as or person.company or f'contact {person.pk}'}"


def _ids(pairs: Sequence[PlannedPair]) -> str:
    return ",".join(str(pair.suggestion.pk) for pair in pairs)


def _pairs(number: int, which: str = "") -> str:
    return f"{number:,}{which and ' '}{which} pair{'' if number == 1 else 's'}"
