"""Jobs in the admin: what runs, how far it is, what it reported."""

from django.contrib import admin

from gateway.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DaysFilter,
    ReadOnlyModelAdmin,
    display,
)
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
        ("Times", {"fields": (("created_at", "started_at", "finished_at"),)}),
        ("Report", {"fields": ("report",)}),
    )
    readonly_fields = ("shown_state", "progress")
    change_form_template = "jobs/admin/change_form.html"
    empty_state = "Nobody asked for long work yet: imports and recomputes show here while they run."

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
