"""Merges that were made: who was joined with whom, when, by whom, and whether it was taken apart again."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.duplicates.joining import JOB_KIND as JOINING
from crm.models import Merge
from crm.motivation import taken_over_shown
from crm.permissions import MERGE, VIEW_ADDRESSES
from crm.search import NAMES
from crm.tasks import request_taking_apart
from gateway.admin import (
    AutocompleteSelectFilter,
    DaysFilter,
    ReadOnlyModelAdmin,
    YesNoFilter,
    display,
    object_link,
)
from gateway.errors import DomainError
from gateway.users import name_of_user
from jobs.models import Job

MERGES_SHOWN = 50  # of those that a job would be taken apart into


class JobApartForm(forms.Form):
    """Whether all of them are different people for good."""

    remember = forms.BooleanField(
        label="All of these are different people: never suggest any of them again",
        initial=False,
        required=False,
    )


class StandsFilter(YesNoFilter):
    title = "state"
    parameter_name = "stands"
    yes = Q(unmerged_at=None)
    yes_label = "Stands"
    no_label = "Taken apart"


@admin.register(Merge)
class MergeAdmin(ReadOnlyModelAdmin):
    list_display = ("merged_at", "shown_survivor", "shown_loser", "who", "reason", "unmerged_at", "undo")
    list_display_links = ("merged_at",)
    list_select_related = ("survivor", "loser", "merged_by")
    list_filter = (
        StandsFilter,
        ("survivor", AutocompleteSelectFilter),
        ("loser", AutocompleteSelectFilter),
        ("merged_at", DaysFilter),
    )
    search_fields = ("reason", *(f"{side}__{name}__reads" for side in ("survivor", "loser") for name in NAMES))
    search_help_text = "Why, or any part of a name, or of an address that you may see"
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": (("shown_survivor", "shown_loser"), ("merged_at", "who"), "reason", "decided")}),
        ("Taken apart", {"fields": (("unmerged_at", "unmerged_by"),)}),
    )
    readonly_fields = ("shown_survivor", "shown_loser", "who", "decided")
    empty_state = "Nobody was merged yet. Open a contact and merge it with another record of the same person."

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.job_apart_view)
        return [path("job/<int:pk>/apart/", view, name="crm_merge_job_apart"), *super().get_urls()]

    def job_apart_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show whom a job joined that still are one person, and take them all apart as one job."""
        if not (request.user.has_perm(MERGE) and request.user.has_perm("crm.view_contact")):
            raise PermissionDenied
        joining = Job.objects.filter(pk=pk, kind=JOINING).first()
        if joining is None:
            raise Http404
        form = JobApartForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                job = request_taking_apart(
                    pk,
                    are_different=form.cleaned_data["remember"],
                    now=timezone.now(),
                    requested_by=request.user.pk,
                    requested_through="admin",
                )
            except DomainError as refusal:
                messages.error(request, refusal.message)
                return redirect("admin:jobs_job_change", pk)
            messages.success(request, "Taking the job apart. Below is what went back, what stays, and why.")
            return redirect("admin:jobs_job_change", job.pk)
        standing = Merge.objects.standing().filter(job=joining)
        number = standing.count()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Take {number:,} merge{'' if number == 1 else 's'} apart",
            "opts": self.model._meta,
            "number": number,
            "merges": standing.select_related("survivor", "loser").order_by("-pk")[:MERGES_SHOWN],
            "more": max(0, number - MERGES_SHOWN),
            "is_over": joining.finished_at is not None,
            "form": form,
            "back": reverse("admin:jobs_job_change", args=[pk]),
        }
        return TemplateResponse(request, "crm/admin/job_apart.html", context)

    @display(description="Person")
    def shown_survivor(self, merge: Merge) -> SafeString | str:
        return object_link(merge.survivor)

    @display(description="Merged with")
    def shown_loser(self, merge: Merge) -> SafeString | str:
        return object_link(merge.loser)

    @display(description="By")
    def who(self, merge: Merge) -> str:
        """Return who merged them: a user, or the rule that did."""
        if merge.rule:
            return f"Rule: {merge.rule.replace('_', ' ')}"
        return name_of_user(merge.merged_by) or "–"

    @display(description="Taken over")
    def decided(self, merge: Merge) -> str:
        """Return what the merge decided, before and after, but what moves a person who does not agree to show it."""
        return json.dumps(taken_over_shown(merge), ensure_ascii=False, indent=4)

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        """Find by addresses only for those who may see them."""
        if request.user.has_perm(VIEW_ADDRESSES):
            return ("reason", "survivor__search_text__reads", "loser__search_text__reads")
        return super().get_search_fields(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        may_undo = request.user.has_perm(MERGE)
        return super().get_queryset(request).annotate(may_undo=Value(may_undo))

    @display(description="")
    def undo(self, merge: Merge) -> SafeString | str:
        """Lead to taking apart, where the merge stands and the person may."""
        if merge.unmerged_at is not None or not merge.may_undo:
            return ""
        address = reverse("admin:crm_contact_unmerge", args=[merge.loser_id])
        return format_html('<a href="{}" class="kith-link">Take apart…</a>', address)
