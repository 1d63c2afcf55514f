"""Contacts: the list, the page, and its details."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from crm.admin.audience import AudienceMixin
from crm.admin.contact_filters import MergedFilter, StageFilter, TagFilter
from crm.admin.contact_page import ContactPageMixin, page_of
from crm.admin.contact_parts import ConsentInline, ContactPointInline, ContactRefInline, OutcomeMarkInline
from crm.admin.correcting import CorrectingMixin
from crm.admin.finding import FindingMixin
from crm.admin.merging import MergingMixin
from crm.admin.personal_data import PersonalDataMixin
from crm.admin.saying import SayingMixin
from crm.admin.signs import with_wish
from crm.admin.wishes import WishesMixin
from crm.extensions import contact_actions, contact_list_actions
from crm.models import Contact, ContactPoint
from crm.motivation import agrees_to_be_known
from crm.permissions import VIEW_ADDRESSES
from crm.search import refresh_search_text, search_contacts, search_people
from crm.stages import stage_label, stage_now
from crm.wishes import wishes_no_contact
from gateway.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    FactForm,
    FreeObjectField,
    ModelAdmin,
    display,
    row_buttons,
)
from gateway.users import name_of_user

MOTIVATION = "What moves this person"


class ContactForm(FactForm):
    class Meta:
        model = Contact
        fields = (
            "full_name",
            "preferred_name",
            "company",
            "owner",
            "stage",
            "tags",
            "do_not_contact",
            "motivation",
            "language",
            "country",
            "birth_year",
            "time_zone",
            "custom_fields",
        )
        field_classes: ClassVar = {"custom_fields": FreeObjectField}


@admin.register(Contact)
class ContactAdmin(
    ContactPageMixin,
    WishesMixin,
    CorrectingMixin,
    AudienceMixin,
    MergingMixin,
    SayingMixin,
    FindingMixin,
    PersonalDataMixin,
    ModelAdmin,
):
    form = ContactForm
    list_per_page = 25  # this list is opened most often, and searched while somebody is on the telephone
    list_display = ("shown_name", "shown_stage", "email", "company", "shown_owner", "shown_tags", "updated_at")
    list_select_related = ("company", "owner")
    list_annotations = {
        "email": Subquery(
            ContactPoint.objects.filter(contact=OuterRef("pk"), kind=ContactPoint.Kind.EMAIL)
            .order_by("pk")
            .values("raw")[:1]
        ),
        "stage_now": stage_now(),
        "leave_alone": wishes_no_contact(),
    }
    list_filter = (
        StageFilter,
        TagFilter,
        ("company", AutocompleteSelectFilter),
        ("owner", AutocompleteSelectFilter),
        ("do_not_contact", BooleanRadioFilter),
        MergedFilter,
    )
    search_fields = ("search_text",)
    search_help_text = "Any part of a name, or of an address that you may see"
    autocomplete_fields = ("company", "owner")
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {"fields": (("full_name", "preferred_name"), ("company", "owner"), ("stage", "do_not_contact"), "tags")},
        ),
        (MOTIVATION, {"fields": ("motivation",)}),
        (
            "More",
            {
                "fields": (("language", "time_zone"), ("country", "birth_year"), "custom_fields"),
                "classes": ["collapse"],
            },
        ),
    )
    inlines = (ContactPointInline, ContactRefInline, ConsentInline, OutcomeMarkInline)
    list_actions = contact_list_actions
    change_form_template = "crm/admin/contact/details.html"
    actions = ("export_addresses",)
    empty_state = (
        "Contacts come through the API, an import, or with the accounts that write in your channels. "
        "Add one by hand to try."
    )

    def search(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """
        Find contacts by any part of their name or addresses, by the index made for it.

        The list shows persons also for what stands on a record that was merged into theirs.
        """
        with_addresses = request.user.has_perm(VIEW_ADDRESSES)
        shows_records = request.GET.get(MergedFilter.parameter_name) in ("merged", "records")
        search = search_people if self.is_list(request) and not shows_records else search_contacts
        return search(queryset, search_term, with_addresses=with_addresses), False

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        columns = list(super().get_list_display(request))
        columns += row_buttons(contact_actions, may=request.user.has_perm)
        return columns if request.user.has_perm(VIEW_ADDRESSES) else [name for name in columns if name != "email"]

    def get_fieldsets(self, request: HttpRequest, obj: Contact | None = None) -> Any:
        """Leave out what moves a person who does not agree that it is shown: neither to be read nor to be written."""
        agrees = obj is not None and Contact.objects.filter(pk=obj.pk).filter(agrees_to_be_known()).exists()
        return [part for part in super().get_fieldsets(request, obj) if agrees or part[0] != MOTIVATION]

    def save_model(self, request: HttpRequest, obj: Contact, form: forms.ModelForm, change: bool) -> None:
        """Keep the wish not to be contacted from what sources say, where it is set here."""
        if "do_not_contact" in form.changed_data:
            obj.do_not_contact_noted_at = timezone.now() if obj.do_not_contact else None
        super().save_model(request, obj, form, change)

    def response_post_save_add(self, request: HttpRequest, obj: Contact) -> HttpResponse:
        """Lead to the page of the person who was added."""
        return HttpResponseRedirect(page_of(obj.pk))

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm, formsets: list[forms.BaseModelFormSet], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        refresh_search_text([form.instance.pk])

    @display(description="Name", ordering="full_name")
    def shown_name(self, contact: Contact) -> str:
        return with_wish(str(contact), leave_alone=contact.leave_alone)

    @display(description="Stage", label={"audience": "info", "lead": "warning", "customer": "success"})
    def shown_stage(self, contact: Contact) -> str:
        return stage_label(contact.stage_now)

    @display(description="E-mail")
    def email(self, contact: Contact) -> str | None:
        return contact.email

    @display(description="Owner", ordering="owner")
    def shown_owner(self, contact: Contact) -> str | None:
        return name_of_user(contact.owner) or None

    @display(description="Tags")
    def shown_tags(self, contact: Contact) -> str | None:
        return ", ".join(contact.tags) or None
