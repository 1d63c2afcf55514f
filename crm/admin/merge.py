"""Merges that were made: who was joined with whom, when, by whom, and whether it was taken apart again."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.contact_points import VIEW_ADDRESSES
from crm.models import Merge
from crm.motivation import taken_over_shown
from crm.search import NAMES
from gateway.admin import (
    AutocompleteSelectFilter,
    DaysFilter,
    ReadOnlyModelAdmin,
    YesNoFilter,
    display,
    object_link,
)
from gateway.users import name_of_user


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
    empty_state = "Nobody was merged yet. Open a contact and join it with another record of the same person."

    @display(description="Person")
    def shown_survivor(self, merge: Merge) -> SafeString | str:
        return object_link(merge.survivor)

    @display(description="Joined with")
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
        may_undo = request.user.has_perm("crm.merge_contact")
        return super().get_queryset(request).annotate(may_undo=Value(may_undo))

    @display(description="")
    def undo(self, merge: Merge) -> SafeString | str:
        """Lead to taking apart, where the merge stands and the person may."""
        if merge.unmerged_at is not None or not merge.may_undo:
            return ""
        address = reverse("admin:crm_contact_unmerge", args=[merge.loser_id])
        return format_html('<a href="{}" class="kith-link">Take apart…</a>', address)
