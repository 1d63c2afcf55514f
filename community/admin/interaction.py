"""Interactions: what happened. Never deleted here: retracted (spam, a test) and restored, with a reason."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from community.admin.private_texts import PrivateTexts
from community.extensions import interaction_actions, interaction_panels
from community.interaction_kinds import interaction_kinds, label_of
from community.models import Channel, Handling, Interaction
from community.private_texts import PRIVATE
from community.retracting import restoring, retracting
from crm.admin.erased import ErasedRefusingForm
from crm.models import Contact
from crm.personal_data.suppression import SourceName
from gateway.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    DaysFilter,
    DropdownFilter,
    ModelAdmin,
    OnlyLookedAt,
    ReasonAction,
    SelectWidget,
    StackedInline,
    YesNoFilter,
    display,
    excerpt,
    restore_action,
)
from gateway.users import name_of_user

NAMED_ALIKE = 50  # interactions of different channels with one external id that a search shows


def kind_choices() -> list[tuple[str, str]]:
    """Return every kind of interaction with its label, for forms and filters."""
    return [(kind.key, kind.label) for kind in interaction_kinds]


class KindFilter(DropdownFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return kind_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Interaction]) -> QuerySet[Interaction]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class RetractedFilter(YesNoFilter):
    title = "standing"
    parameter_name = "standing"
    yes = Q(retracted_at=None)
    yes_label = "Counts"
    no_label = "Retracted"


class InteractionForm(ErasedRefusingForm):
    """Something that happened: who acted, and whom it addressed."""

    kind = forms.ChoiceField(choices=kind_choices, widget=SelectWidget)

    class Meta:
        model = Interaction
        fields = (
            "kind",
            "direction",
            "occurred_at",
            "channel",
            "external_id",
            "member",
            "user",
            "to_member",
            "to_contact",
            "thread",
            "reply_to",
            "campaign",
            "text",
            "url",
            "language",
            "is_private",
            "utm_campaign",
            "utm_source",
            "utm_medium",
            "utm_term",
            "utm_content",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "occurred_at" in self.fields:  # absent on the page of somebody who may only look
            self.fields["occurred_at"].required = True

    def names(self) -> Iterator[tuple[Sequence[str], SourceName]]:
        yield ["external_id", "channel"], ("interaction", self.instance.channel_id, self.instance.external_id)

    def persons(self) -> Mapping[str, Contact | None]:
        accounts = {name: self.cleaned_data.get(name) for name in ("member", "to_member")}
        return {
            "to_contact": self.cleaned_data.get("to_contact"),
            **{name: account and account.contact for name, account in accounts.items()},
        }


class HandlingInline(OnlyLookedAt, StackedInline):
    """Who takes care of it; changed in the queue, where it can be undone."""

    model = Handling
    fields = (
        ("assignee", "assigned_at"),
        ("snoozed_at", "snoozed_until"),
        ("dismissed_at", "dismissed_by"),
        "dismiss_reason",
    )
    hide_title = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("community.view_interaction")


@admin.register(Interaction)
class InteractionAdmin(PrivateTexts, ModelAdmin):
    form = InteractionForm
    list_display = ("when", "shown_kind", "shown_text", "channel", "author", "addressee", "campaign", "standing")
    list_display_links = ("when", "shown_text")
    list_select_related = ("channel", "member", "user", "to_member", "to_contact", "campaign")
    list_filter = (
        KindFilter,
        ("channel", AutocompleteSelectFilter),
        ("campaign", AutocompleteSelectFilter),
        ("member", AutocompleteSelectFilter),
        ("to_member", AutocompleteSelectFilter),
        ("to_contact", AutocompleteSelectFilter),
        ("thread", AutocompleteSelectFilter),
        ("occurred_at", DaysFilter),
        RetractedFilter,
        ("is_private", BooleanRadioFilter),
    )
    search_fields = ("text", "external_id")
    search_help_text = "A part of the text, among the newest 20,000 of the list; or a whole external id"
    searches_newest = 20_000  # texts of any length: a million of them take seconds
    newest_by = "occurred_at"
    autocomplete_fields = ("channel", "member", "user", "to_member", "to_contact", "thread", "reply_to", "campaign")
    ordering = (F("occurred_at").desc(nulls_last=True), "-pk")
    sortable_by = ("when",)  # a million rows by kind or campaign take seconds: filters tell these apart
    fieldsets = (
        (None, {"fields": (("kind", "occurred_at"), "text", ("direction", "is_private"))}),
        ("Who", {"fields": (("member", "user"), ("to_member", "to_contact"))}),
        ("Where", {"fields": (("channel", "external_id"), ("thread", "reply_to"), "campaign")}),
        (
            "More",
            {
                "fields": (
                    ("url", "language"),
                    ("utm_campaign", "utm_source", "utm_medium"),
                    ("utm_term", "utm_content"),
                ),
                "classes": ["collapse"],
            },
        ),
    )
    inlines = (HandlingInline,)
    panels = interaction_panels
    page_actions = interaction_actions
    private_fields = ("text", "url")
    history_from_first_change = True
    reason_actions = (
        ReasonAction(
            name="retract",
            verb="Retract",
            done="Retracted",
            consequence="Spam and tests are retracted: it stays on record, but earns no credit and counts nowhere,"
            " until somebody restores it.",
            act=retracting,
        ),
        restore_action(
            restoring, consequence="It counts again in every figure, and earns credit and waits for a reply as before."
        ),
    )
    empty_state = "Nothing has happened yet: sync a channel through the API, or import a dump of your forum."

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """What was retracted or deleted is a record: to look at, not to change."""
        if obj is not None and (obj.retracted_at is not None or obj.deleted_at is not None):
            return False
        return super().has_change_permission(request, obj)

    def search(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Find an interaction by its whole external id, by index, or else by a part of the text."""
        called = {"channel__in": Channel.objects.values("pk"), "external_id": search_term.strip()}
        named = list(queryset.filter(**called).values_list("pk", flat=True)[:NAMED_ALIKE]) if search_term else []
        if named:
            return queryset.filter(pk__in=named), False
        return super().search(request, queryset, search_term)

    @display(description="When", ordering=F("occurred_at").asc(nulls_first=True))
    def when(self, interaction: Interaction) -> datetime | None:
        return interaction.occurred_at

    @display(description="Kind")
    def shown_kind(self, interaction: Interaction) -> str | None:
        return label_of(interaction.kind or "") or None

    @display(description="Text")
    def shown_text(self, interaction: Interaction) -> str:
        if interaction.deleted_at:
            return format_html('<span class="kith-unit">{}</span>', "deleted at its source")
        text = PRIVATE if interaction.is_hidden else excerpt(interaction.text)
        return format_html("<s>{}</s>", text) if interaction.retracted_at else text

    @display(description="By")
    def author(self, interaction: Interaction) -> str | None:
        return str(interaction.member or name_of_user(interaction.user)) or None

    @display(description="To")
    def addressee(self, interaction: Interaction) -> str | None:
        return str(interaction.to_member or interaction.to_contact or "") or None

    @display(description="Standing", label={"retracted": "danger", "named only": "warning"})
    def standing(self, interaction: Interaction) -> str | None:
        if interaction.retracted_at:
            return "retracted"
        return None if interaction.occurred_at else "named only"
