"""Members: accounts on channels, with their dated roles."""

from django.contrib import admin

from community.extensions import member_panels
from community.models import Member, MemberRole
from gateway.admin import (
    AutocompleteSelectFilter,
    ModelAdmin,
    RangeDateTimeFilter,
    TabularInline,
    display,
    number_cell,
    object_link,
)


class MemberRoleInline(TabularInline):
    model = MemberRole
    fields = ("role", "since")
    verbose_name = "role"
    verbose_name_plural = "roles, each from an instant on"


@admin.register(Member)
class MemberAdmin(ModelAdmin):
    list_display = ("shown_handle", "channel", "shown_contact", "shown_followers", "joined_at")
    list_display_links = ("shown_handle",)
    list_select_related = ("channel", "contact")
    list_filter = (
        ("channel", AutocompleteSelectFilter),
        ("contact", AutocompleteSelectFilter),
        ("joined_at", RangeDateTimeFilter),
    )
    search_fields = ("handle", "external_id")
    search_help_text = "Handle or external id"
    autocomplete_fields = ("channel", "contact")
    ordering = ("-pk",)
    fields = (("channel", "contact"), ("handle", "external_id"), ("followers", "joined_at"))
    inlines = (MemberRoleInline,)
    panels = member_panels
    empty_state = "Members appear with what they write: sync a channel or import it."

    @display(description="Account", ordering="handle")
    def shown_handle(self, member: Member) -> str:
        return str(member)

    @display(description="Contact")
    def shown_contact(self, member: Member) -> str:
        return object_link(member.contact)

    @display(description="Followers", ordering="followers")
    def shown_followers(self, member: Member) -> str:
        return number_cell(member.followers)
