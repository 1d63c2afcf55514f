"""What waits to be recomputed, and how far a full recompute is."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from gateway.admin import YesNoFilter
from metrics.admin.derived import DerivedAdmin
from metrics.models import Fingerprint, RecomputeChunk, StaleMark
from metrics.tasks import request_full_recompute


def may_recompute(request: HttpRequest) -> bool:
    """Whether somebody may start a recompute: it is a job, and whoever may add jobs may."""
    return request.user.has_perm("jobs.add_job")


class DoneFilter(YesNoFilter):
    title = "done"
    parameter_name = "done"
    yes = Q(done_at__isnull=False)


@admin.register(StaleMark)
class StaleMarkAdmin(DerivedAdmin):
    permission_name = "view_credit"
    list_before_template = "metrics/admin/recompute.html"
    list_display = (
        "marked_at",
        "contact_id",
        "member_id",
        "interaction_id",
        "conversion_id",
        "cost_id",
        "campaign_code",
        "currency",
        "since",
        "until",
        "attempts",
        "retry_at",
    )
    ordering = ("-pk",)
    empty_state = "Every figure follows from the facts: nothing waits to be recomputed."

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.recompute))
        return [path("recompute/", view, name="metrics_recompute"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        context = {**(extra_context or {}), "may_recompute": may_recompute(request)}
        return super().changelist_view(request, context)

    def recompute(self, request: HttpRequest) -> HttpResponse:
        """Start a full recompute and lead to its job, which shows how far it is."""
        if not may_recompute(request):
            raise PermissionDenied
        job = request_full_recompute(now=timezone.now(), requested_by=request.user.pk, requested_through="admin")
        return redirect("admin:jobs_job_change", job.pk)


@admin.register(RecomputeChunk)
class RecomputeChunkAdmin(DerivedAdmin):
    permission_name = "view_credit"
    list_display = ("job", "first_person", "last_person", "is_guests", "done_at", "attempts", "retry_at")
    list_select_related = ("job",)
    list_filter = (DoneFilter,)
    ordering = ("-pk",)
    empty_state = "No full recompute has run yet."


@admin.register(Fingerprint)
class FingerprintAdmin(DerivedAdmin):
    permission_name = "view_credit"
    list_display = ("key", "value")
    ordering = ("key",)
    empty_state = "It is written when the first full recompute ends."
