"""Jobs in the admin: what runs, how far it is, what it reported."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from gateway.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DaysFilter,
    ReadOnlyModelAdmin,
    display,
)
from jobs.extensions import JobReport, job_reports
from jobs.models import Job

STATE_COLOURS = {
    Job.State.QUEUED.label: "info",
    Job.State.RUNNING.label: "primary",
    Job.State.SUCCEEDED.label: "success",
    Job.State.PARTIAL.label: "warning",
    Job.State.FAILED.label: "danger",
}


@admin.register(Job)
class JobAdmin(ReadOnlyModelAdmin):
    list_display = (
        "shown_kind",
        "shown_state",
        "progress",
        "requested_by",
        "requested_through",
        "created_at",
        "finished_at",
    )
    list_select_related = ("requested_by",)
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("requested_by", AutocompleteSelectFilter),
        ("created_at", DaysFilter),
    )
    search_fields = ("kind", "error")
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": (("kind", "shown_state"), "progress", "error")}),
        ("Asked for", {"fields": (("requested_by", "requested_through"), "parameters")}),
        ("Times", {"fields": (("created_at", "started_at", "finished_at"), ("attempts", "retry_at"))}),
        ("Report", {"fields": ("report",)}),
    )
    readonly_fields = ("shown_state", "progress")
    change_form_template = "jobs/admin/change_form.html"
    empty_state = "Nobody asked for long work yet: recomputes, exports and searches for duplicates show here."

    def get_fieldsets(self, request: HttpRequest, obj: Job | None = None) -> Any:
        """Leave out what a report says in words."""
        if obj is None or _report_of(obj, request) is None:
            return self.fieldsets
        about, asked, times, _ = self.fieldsets
        return (about, (asked[0], {"fields": (("requested_by", "requested_through"),)}), times)

    def panel_context(self, request: HttpRequest, instance: Model) -> dict[str, Any]:
        """Return the job's report in words, and what may be done about it."""
        assert isinstance(instance, Job)
        report = _report_of(instance, request)
        if report is None:
            return {}
        may = request.user.has_perm
        return {
            "panels": [(report, report.load(instance, now=timezone.now(), may=may))],
            "page_actions": report.actions(instance, may=may),
        }

    @display(description="Job", ordering="kind")
    def shown_kind(self, job: Job) -> str:
        return job.kind.replace("_", " ").capitalize()

    @display(description="State", ordering="state", label=STATE_COLOURS)
    def shown_state(self, job: Job) -> str:
        return job.get_state_display()

    @display(description="Progress")
    def progress(self, job: Job) -> str:
        """Return how far the job is, such as “1,200 of 4,000 chunks (30 %)”."""
        if job.total is None:
            return f"{job.done:,} {job.unit}"
        share = f" ({100 * job.done // job.total} %)" if job.total else ""
        return f"{job.done:,} of {job.total:,} {job.unit}{share}"


def _report_of(job: Job, request: HttpRequest) -> JobReport | None:
    """Return the report of this kind of job, if there is one and the reader may see it."""
    if job.kind not in job_reports:
        return None
    report = job_reports[job.kind]
    return report if request.user.has_perm(report.permission) else None
