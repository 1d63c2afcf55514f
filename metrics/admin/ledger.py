"""The ledger: one row per touch of a conversion, with what each model credits to it and for which sentence."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from community.admin.private_texts import mark_hidden
from community.private_texts import PRIVATE
from gateway.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DaysFilter,
    display,
    excerpt,
    object_link,
)
from metrics.admin.derived import CreditSumsAdmin, DerivedAdmin, minor_cell
from metrics.models import ConversionResult
from metrics.models.rows import CreditRow


@admin.register(CreditRow)
class CreditRowAdmin(CreditSumsAdmin):
    list_display = (
        "day",
        "shown_conversion",
        "shown_person",
        "touch",
        "shown_text",
        "shown_actor",
        *CreditSumsAdmin.sum_columns,
    )
    list_display_links = ("day",)
    list_select_related = ("conversion", "interaction", "person", "actor_member", "campaign", "channel")
    list_filter = (
        ("campaign", AutocompleteSelectFilter),
        ("conversion", AutocompleteSelectFilter),
        ("person", AutocompleteSelectFilter),
        ("actor_member", AutocompleteSelectFilter),
        ("channel", AutocompleteSelectFilter),
        ("channel__community", AutocompleteSelectFilter),
        ("actor_kind", ChoicesDropdownFilter),
        ("day", DaysFilter),
        ("is_help", BooleanRadioFilter),
        ("is_refund", BooleanRadioFilter),
    )
    ordering = ("-day", "-conversion", "position")
    sortable_by = ()
    fieldsets = (
        ("What was credited", {"fields": (("shown_conversion", "shown_person"), ("day", "is_refund"))}),
        (
            "For what",
            {"fields": ("shown_interaction", "whole_text", ("shown_actor", "is_help"), ("campaign", "channel"))},
        ),
        ("How much", {"fields": (("touch", "decay"), *CreditSumsAdmin.sum_columns)}),
    )
    list_fullwidth = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[CreditRow]:
        return mark_hidden(super().get_queryset(request), request, privacy="interaction__is_private")

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        own = ("shown_conversion", "shown_person", "shown_interaction", "whole_text", "shown_actor", "touch", "decay")
        return (*own, *self.sum_columns)

    @display(description="Conversion")
    def shown_conversion(self, row: CreditRow) -> str:
        return object_link(row.conversion)

    @display(description="Bought by")
    def shown_person(self, row: CreditRow) -> str:
        return object_link(row.person)

    @display(description="Touch")
    def touch(self, row: CreditRow) -> str:
        return f"{row.position} of {row.touches}"

    @display(description="Weight under time decay")
    def decay(self, row: CreditRow) -> str:
        return f"{row.decay_weight:,} of {row.decay_total:,}"

    @display(description="For")
    def shown_text(self, row: CreditRow) -> str:
        if row.interaction is None:
            said = "its own campaign link"
        else:
            text = PRIVATE if row.is_hidden else excerpt(row.interaction.text or str(row.interaction), characters=60)
            said = object_link(row.interaction, text=text)
        return format_html('{}<div class="kith-unit">{}</div>', said, row.campaign) if row.campaign else said

    @display(description="Interaction")
    def shown_interaction(self, row: CreditRow) -> str:
        return object_link(row.interaction)

    @display(description="Text")
    def whole_text(self, row: CreditRow) -> str:
        if row.is_hidden:
            return PRIVATE
        return row.interaction.text if row.interaction else "The conversion's own campaign link: nobody wrote anything."

    @display(description="By")
    def shown_actor(self, row: CreditRow) -> str:
        if row.actor_member is None or row.actor_kind == row.reads.ActorKind.SELF:
            return row.get_actor_kind_display()
        return object_link(row.actor_member, text=str(row.actor_member))


@admin.register(ConversionResult)
class ConversionResultAdmin(DerivedAdmin):
    list_display = (
        "shown_conversion",
        "day",
        "kind",
        "shown_person",
        "shown_line",
        "value_amount",
        "unattributed_amount",
        "touches",
        "is_help_touched",
        "is_refund",
    )
    list_display_links = None
    list_select_related = ("conversion", "kind", "person")
    list_filter = (
        ("line", ChoicesDropdownFilter),
        ("kind", AutocompleteSelectFilter),
        ("person", AutocompleteSelectFilter),
        ("day", DaysFilter),
        ("is_help_touched", BooleanRadioFilter),
        ("is_refund", BooleanRadioFilter),
        ("is_fully_refunded", BooleanRadioFilter),
    )
    ordering = ("-day", "-conversion")

    value_amount = minor_cell("value_minor", "Value")
    unattributed_amount = minor_cell("unattributed_minor", "Unattributed")

    @display(description="Conversion")
    def shown_conversion(self, result: ConversionResult) -> str:
        return object_link(result.conversion)

    @display(description="Bought by")
    def shown_person(self, result: ConversionResult) -> str:
        return object_link(result.person)

    @display(description="Line", label={"credited": "success", "unattributed": "warning", "not converted": "danger"})
    def shown_line(self, result: ConversionResult) -> str:
        return result.get_line_display()
