"""Members: accounts on channels, with their dated roles."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from community.extensions import member_panels
from community.models import Member, MemberRole
from crm.admin.erased import ErasedRefusingForm
from crm.personal_data.suppression import SourceName
from gateway.admin import (
    AutocompleteSelectFilter,
    DaysFilter,
    ModelAdmin,
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


class MemberForm(ErasedRefusingForm):
    """An account, and whose it is."""

    class Meta:
        model = Member
        fields = ("channel", "contact", "handle", "external_id", "followers", "joined_at")

    def names(self) -> Iterator[tuple[Sequence[str], SourceName]]:
        yield ["external_id", "channel"], ("member", self.instance.channel_id, self.instance.external_id)
        yield ["handle", "channel"], ("handle", self.instance.channel_id, self.instance.handle)

    def save(self, commit: bool = True) -> Any:
        """An external id that staff wrote is not made up any more: no other account takes this one over."""
        if "external_id" in self.changed_data:
            self.instance.is_named_here = False
        return super().save(commit)


@admin.register(Member)
class MemberAdmin(ModelAdmin):
    form = MemberForm
    list_display = ("shown_handle", "channel", "shown_contact", "shown_followers", "joined_at")
    list_display_links = ("shown_handle",)
    list_select_related = ("channel", "contact")
    list_filter = (
        ("channel", AutocompleteSelectFilter),
        ("contact", AutocompleteSelectFilter),
        ("joined_at", DaysFilter),
    )
    search_fields = ("handle__reads", "external_id")
    search_help_text = "Handle or external id"
    autocomplete_fields = ("channel", "contact")
    ordering = ("-pk",)
    fields = (("channel", "contact"), ("handle", "external_id"), ("followers", "joined_at"))
    inlines = (MemberRoleInline,)
    panels = member_panels
    history_in_part = True
    empty_state = "Members appear with what they write: sync a channel or import it."

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The account of an erased person is a pseudonym: to look at, not to change."""
        if isinstance(obj, Member) and obj.contact.erased_at is not None:
            return False
        return super().has_change_permission(request, obj)

    @display(description="Account", ordering="handle")
    def shown_handle(self, member: Member) -> str:
        return str(member)

    @display(description="Contact")
    def shown_contact(self, member: Member) -> str:
        return object_link(member.contact)

    @display(description="Followers", ordering="followers")
    def shown_followers(self, member: Member) -> str:
        return number_cell(member.followers)
