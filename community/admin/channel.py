"""Communities with their purpose, and the channels on which they live."""

from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest

from community.extensions import channel_panels, community_panels
from community.models import Channel, Community
from gateway.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    ModelAdmin,
    TabularInline,
    YesNoFilter,
    display,
    number_cell,
    object_link,
)


class ArchivedFilter(YesNoFilter):
    title = "archived"
    parameter_name = "archived"
    yes = Q(archived_at__isnull=False)


class ChannelInline(TabularInline):
    model = Channel
    fields = ("name", "slug", "platform")
    show_change_link = True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Community)
class CommunityAdmin(ModelAdmin):
    list_display = ("name", "slug", "shown_purpose_measure", "shown_target", "archived_at")
    list_filter = (("purpose_measure", ChoicesDropdownFilter), ArchivedFilter)
    search_fields = ("name", "slug")
    ordering = ("name", "pk")
    fields = (("name", "slug"), "purpose", ("purpose_measure", "target"), "archived_at")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (ChannelInline,)
    panels = community_panels
    panels_load_later = True
    empty_state = "A community is a place with a purpose. Add one, say what it is for, then add its channels."

    @display(description="Purpose is measured by", ordering="purpose_measure")
    def shown_purpose_measure(self, community: Community) -> str:
        return community.get_purpose_measure_display()

    @display(description="Target", ordering="target")
    def shown_target(self, community: Community) -> str:
        target = community.target
        return number_cell(
            None if target is None else Community.PurposeMeasure(community.purpose_measure).in_its_unit(target)
        )


@admin.register(Channel)
class ChannelAdmin(ModelAdmin):
    list_display = ("name", "slug", "platform", "shown_community", "archived_at")
    list_select_related = ("community",)
    list_filter = (("community", AutocompleteSelectFilter), ArchivedFilter)
    search_fields = ("name", "slug", "platform")
    autocomplete_fields = ("community", "business_hours")
    ordering = ("name", "pk")
    fields = (
        ("name", "slug"),
        ("platform", "community"),
        ("business_hours", "reply_target_minutes"),
        "archived_at",
    )
    prepopulated_fields = {"slug": ("name",)}
    panels = channel_panels
    panels_load_later = True
    empty_state = "A channel is one presence on one platform: a forum, an account, the phone. Add one to a community."

    @display(description="Community", ordering="community__name")
    def shown_community(self, channel: Channel) -> str:
        return object_link(channel.community)
