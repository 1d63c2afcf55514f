"""Conversions: what people brought and took back. Never deleted: voided, and restored, with a reason."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from crm.admin.erased import ErasedRefusingForm
from crm.admin.money import money_cell
from crm.extensions import conversion_panels
from crm.models import Contact, Conversion, ConversionKind
from crm.models.conversion import IS_ORIGINAL
from crm.money import readable
from crm.personal_data.suppression import SourceName
from crm.sync.fields import money_problems
from crm.voiding import restoring, voiding
from gateway.admin import (
    AutocompleteSelectFilter,
    DaysFilter,
    ModelAdmin,
    ReasonAction,
    StandingFilter,
    YesNoFilter,
    display,
    object_link,
    restore_action,
)
from gateway.screen import DASH


class RefundFilter(YesNoFilter):
    title = "refund"
    parameter_name = "refund"
    yes = Q(refund_of_source__isnull=False)
    yes_label = "Refunds only"
    no_label = "No refunds"


class GuestFilter(YesNoFilter):
    title = "guest order"
    parameter_name = "guest"
    yes = Q(contact=None, refund_of_source=None)
    yes_label = "Nobody known"
    no_label = "A known contact"


REFUND = {"refund_of_source", "refund_of_external_id", "amount", "margin", "currency"}


class ConversionForm(ErasedRefusingForm):
    """What somebody brought. What an erased person brings later is nobody's: the contact stays empty."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_refund(cleaned)
        return cleaned

    def _check_refund(self, cleaned: dict[str, Any]) -> None:
        """Hold a refund to the currency of its original, where that is known, as `crm.sync.conversions` does."""
        original = {name: cleaned.get(f"refund_of_{name}") for name in ("source", "external_id")}
        if not all(original.values()) or not REFUND & set(self.changed_data):
            return
        currency = Conversion.objects.filter(**original).values_list("currency", flat=True).first()
        if currency is None:
            return
        if cleaned.get("currency") not in (None, "", currency):
            self.add_error("currency", f"A refund is in the currency of its original, which is {currency}.")
            return
        for amount in ("amount", "margin"):
            for problem in money_problems(cleaned | {"currency": currency}, amount=amount):
                self.add_error(amount, problem.message)

    def names(self) -> Iterator[tuple[Sequence[str], SourceName]]:
        yield ["external_id", "source"], ("conversion", self.instance.source, self.instance.external_id)


# What a refund takes from its original, whose row it names by source and external id.
_ORIGINAL = Conversion.objects.filter(IS_ORIGINAL).values(
    found=JSONObject(
        currency="currency",
        order_number="order_number",
        contact="contact_id",
        full_name="contact__full_name",
        known_as="contact__known_as",
    )
)


@admin.register(Conversion)
class ConversionAdmin(ModelAdmin):
    form = ConversionForm
    list_display = (
        "occurred_at",
        "shown_kind",
        "shown_contact",
        "shown_amount",
        "shown_order_number",
        "reference",
        "standing",
    )
    list_select_related = ("contact", "kind")
    list_annotations: ClassVar = {"original": Subquery(_ORIGINAL)}
    list_filter = (
        ("kind", AutocompleteSelectFilter),
        ("contact", AutocompleteSelectFilter),
        ("occurred_at", DaysFilter),
        StandingFilter,
        RefundFilter,
        GuestFilter,
    )
    search_fields = ("order_number", "external_id")
    search_help_text = "Order number or external id"
    autocomplete_fields = ("contact", "kind")
    ordering = ("-occurred_at", "-pk")
    shown_as_listed = {"amount": "shown_amount", "margin": "shown_margin"}
    fieldsets = (
        (None, {"fields": (("contact", "kind"), ("occurred_at", "order_number"), ("amount", "currency"), "margin")}),
        (
            "A refund instead",
            {
                "fields": (("refund_of_source", "refund_of_external_id"),),
                "description": "A refund names its original and leaves contact and kind empty; its amount is positive.",
                "classes": ["collapse"],
            },
        ),
        ("Reference in the source", {"fields": (("source", "external_id"),), "classes": ["collapse"]}),
        (
            "Campaign link",
            {
                "fields": (("utm_campaign", "utm_source", "utm_medium"), ("utm_term", "utm_content")),
                "classes": ["collapse"],
            },
        ),
    )
    panels = conversion_panels
    reason_actions = (
        ReasonAction(
            name="void",
            verb="Void",
            done="Voided",
            consequence="It stays on record, but no figure counts it any more, and the credit it gave is taken back."
            " Sent again under its id it stays out, until somebody restores it.",
            act=voiding,
        ),
        restore_action(
            restoring,
            consequence="It counts again in every figure, gives credit as it did before, and its refunds are taken from"
            " it again. From then on its source may change it.",
        ),
    )
    empty_state = "Conversions come from your shop through the API or an import. Add one by hand to try."

    def reason_buttons(self, request: HttpRequest, instance: Model | None) -> list[dict[str, str]]:
        """Lead from what somebody bought to the refund of it."""
        buttons = super().reason_buttons(request, instance)
        if isinstance(instance, Conversion) and self._can_be_refunded(instance) and self.has_add_permission(request):
            url = reverse(
                "admin:crm_conversion_add",
                query={"refund_of_source": instance.source, "refund_of_external_id": instance.external_id},
            )
            buttons.insert(0, {"label": "Refund", "icon": "undo", "url": url})
        return buttons

    def _can_be_refunded(self, conversion: Conversion) -> bool:
        """A refund names its original by the reference, which one that was added by hand need not have."""
        return bool(conversion.source) and not conversion.refund_of_source and conversion.voided_at is None

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Sequence[tuple[Any, dict[str, Any]]]:
        """Ask for a refund what a refund has: it takes contact and kind from its original."""
        fieldsets = super().get_fieldsets(request, obj)
        original = obj is None and _named_original(request)
        if not original:
            return fieldsets
        description = f"It takes back a part or all of {original}, whose contact, kind and currency it has."
        fields = (("refund_of_source", "refund_of_external_id"), ("occurred_at", "amount"), "margin")
        by_title = dict(fieldsets)
        reference = "Reference in the source"
        return [("A refund", {"fields": fields, "description": description}), (reference, by_title[reference])]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a refund now: it is mostly written down when the money goes back. How much that is, nobody guesses."""
        refund = {"occurred_at": timezone.now(), "amount": None} if _named_original(request) else {}
        return refund | super().get_changeform_initial_data(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A voided conversion is a record: to look at, not to change."""
        if obj is not None and obj.voided_at is not None:
            return False
        return super().has_change_permission(request, obj)

    @display(description="Kind", ordering="kind")
    def shown_kind(self, conversion: Conversion) -> str:
        return "Refund" if conversion.refund_of_source else str(conversion.kind)

    @display(description="Contact")
    def shown_contact(self, conversion: Conversion) -> str:
        original = _original(conversion)
        if original.get("contact") is None:
            return object_link(conversion.contact)
        return object_link(
            Contact(pk=original["contact"], full_name=original["full_name"], known_as=original["known_as"])
        )

    @display(description="Amount", ordering="amount")
    def shown_amount(self, conversion: Conversion) -> str:
        amount = -conversion.amount if conversion.refund_of_source else conversion.amount
        return money_cell(amount, _currency(conversion), struck=conversion.voided_at is not None)

    @display(description="Margin")
    def shown_margin(self, conversion: Conversion) -> str:
        return money_cell(conversion.margin, _currency(conversion))

    @display(description="Order number", ordering="order_number")
    def shown_order_number(self, conversion: Conversion) -> str:
        number = _original(conversion).get("order_number")
        return conversion.order_number or (f"of {number}" if number else DASH)

    @display(description="Reference")
    def reference(self, conversion: Conversion) -> str | None:
        return f"{conversion.source}:{conversion.external_id}" if conversion.source else None

    @display(description="Standing", label={"voided": "danger"})
    def standing(self, conversion: Conversion) -> str | None:
        return "voided" if conversion.voided_at else None


def _named_original(request: HttpRequest) -> str | None:
    """Return what the original is called that the address of a new refund names, and what it brought."""
    source, external_id = (request.GET.get(f"refund_of_{name}") for name in ("source", "external_id"))
    original = Conversion.objects.filter(source=source, external_id=external_id, voided_at=None).first()
    if original is None or original.refund_of_source:
        return None
    called = f"order {original.order_number}" if original.order_number else str(original)
    return f"{called}, {readable(original.amount, original.currency)} {original.currency or ''}".rstrip()


def _currency(conversion: Any) -> str | None:
    """Return a conversion's currency, a refund's from what the list has read of its original."""
    if hasattr(conversion, "original"):
        return conversion.currency or _original(conversion).get("currency")
    return conversion.known_currency


def _original(conversion: Any) -> dict[str, Any]:
    """Return what the list has read of a refund's original; nothing on a page, and where it has not arrived yet."""
    return getattr(conversion, "original", None) or {}


@admin.register(ConversionKind)
class ConversionKindAdmin(ModelAdmin):
    list_display = ("label", "key", "has_value", "lookback_days")
    search_fields = ("label", "key")
    ordering = ("label", "key")
    fields = (("label", "key"), ("has_value", "lookback_days"))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[str]:
        return ("key",) if obj else ()
