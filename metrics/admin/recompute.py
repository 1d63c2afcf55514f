"""What waits to be recomputed, and how far a full recompute is."""

from django.contrib import admin
from django.db.models import Q

from gateway.admin import YesNoFilter
from metrics.admin.derived import DerivedAdmin
from metrics.models import Fingerprint, RecomputeChunk, StaleMark


class DoneFilter(YesNoFilter):
    title = "done"
    parameter_name = "done"
    yes = Q(done_at__isnull=False)


@admin.register(StaleMark)
class StaleMarkAdmin(DerivedAdmin):
    permission_name = "view_credit"
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
    )
    ordering = ("-pk",)
    empty_state = "Every figure follows from the facts: nothing waits to be recomputed."


@admin.register(RecomputeChunk)
class RecomputeChunkAdmin(DerivedAdmin):
    permission_name = "view_credit"
    list_display = ("job", "first_person", "last_person", "is_guests", "done_at")
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
