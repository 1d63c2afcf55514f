"""Contacts with what hangs on them: addresses, references, consents, marks."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from crm.admin.audience import AudienceMixin
from crm.admin.contact_page import ContactPageMixin, page_of
from crm.admin.correcting import CorrectingMixin
from crm.admin.erased import ErasedRefusingForm
from crm.admin.finding import FindingMixin
from crm.admin.merging import MergingMixin
from crm.admin.personal_data import PersonalDataMixin
from crm.admin.saying import SayingMixin
from crm.admin.signs import with_wish
from crm.admin.wishes import NotedConsents, WishesMixin
from crm.contact_points import normalise
from crm.extensions import contact_actions, contact_list_actions
from crm.models import Consent, Contact, ContactPoint, ContactRef, OutcomeMark
from crm.motivation import agrees_to_be_known
from crm.permissions import VIEW_ADDRESSES
from crm.personal_data.suppression import SourceName
from crm.search import refresh_search_text, search_contacts
from crm.stages import at_stage, stage_label, stage_now
from crm.wishes import wishes_no_contact
from gateway.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DaysFilter,
    DropdownFilter,
    FactForm,
    FreeObjectField,
    InlineFormSet,
    ModelAdmin,
    RadioFilter,
    TabularInline,
    TextFilter,
    display,
    row_buttons,
)
from gateway.errors import DomainError

MOTIVATION = "What moves this person"
LONGEST_TAG = 50  # characters
ANYWAY = "anyway"  # names the box by which somebody new is added, although somebody has the address
FEW = 1_000  # contacts that a search finds, up to which they are looked for once and not for their number and page each


class MergedFilter(RadioFilter):
    """Persons are shown unless something else is asked for: a merged record is one of the records of its person."""

    title = "record"
    parameter_name = "merged"
    all_option: ClassVar = ["", "Persons"]

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [("merged", "Merged into another"), ("records", "All records")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "merged":
                return queryset.exclude(merged_into=None)
            case "records":
                return queryset
        return queryset.filter(merged_into=None)


class StageFilter(DropdownFilter):
    """The stage that people are at by now: whoever bought something is a customer, whatever the record says."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: object) -> Sequence[tuple[str, str]]:
        return [(stage.value, capfirst(stage.label)) for stage in Contact.Stage]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(at_stage(stage)) if (stage := self.value()) else queryset


class TagFilter(TextFilter):
    """Who has a tag, written as it stands on them: found by the index, and no list of all tags is made for it."""

    title = "tag"
    parameter_name = "tag"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        tag = (self.value() or "").strip()
        if not tag:
            return queryset
        if len(tag) > LONGEST_TAG:  # which PostgreSQL would cut off
            return queryset.none()
        return queryset.filter(tags__contains=[tag])


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


class ContactPointForm(ErasedRefusingForm):
    """An address as it came; the form in which addresses are compared follows from it."""

    class Meta:
        model = ContactPoint
        fields = ("kind", "raw", "verified_at", "verified_by")
        labels = {"raw": "address"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind, raw = cleaned.get("kind"), cleaned.get("raw")
        if kind and raw:
            try:
                self.instance.normalised = normalise(kind, raw)
            except DomainError as refusal:
                self.add_error("raw", refusal.message)
        return cleaned

    def names(self) -> Iterator[tuple[Sequence[str], SourceName]]:
        yield ["raw", "kind"], ("address", self.instance.normalised)


class ContactRefForm(ErasedRefusingForm):
    """What another system calls the contact."""

    class Meta:
        model = ContactRef
        fields = ("source", "external_id")

    def names(self) -> Iterator[tuple[Sequence[str], SourceName]]:
        yield ["external_id", "source"], ("contact", self.instance.source, self.instance.external_id)


class ContactPointFormSet(InlineFormSet):
    """
    The addresses of a contact: each stands there once, compared as addresses are.

    Of somebody new, an address that a person has already is asked about: it may be the same person. Whoever may not
    see addresses is asked nothing, as where help is recorded.
    """

    may_see = False

    def clean(self) -> None:
        self._refuse_the_same_twice()
        if self.may_see and self.instance._state.adding:
            self._ask_whose_they_are()

    def _ask_whose_they_are(self) -> None:
        asked = {
            form: form.instance.normalised
            for form in self.forms
            if form.instance.normalised and form not in self.deleted_forms and not form.errors
        }
        had = ContactPoint.objects.filter(normalised__in=asked.values()).select_related("contact__person")
        persons = {(point.kind, point.normalised): point.contact.person for point in had.order_by("-pk")}
        for form, address in asked.items():
            person, anyway = persons.get((form.instance.kind, address)), form.add_prefix(ANYWAY)
            if person is not None and anyway not in self.data:
                form.add_error("raw", _somebody_has_it(person, anyway))

    def _refuse_the_same_twice(self) -> None:
        seen = set()
        for form in self.forms:
            address = (form.instance.kind, form.instance.normalised)
            if form in self.deleted_forms or not form.instance.normalised:
                continue
            if address in seen:
                form.add_error("raw", "The contact has this address already.")
            seen.add(address)


def _somebody_has_it(person: Contact, anyway: str) -> SafeString:
    return format_html(
        '<a href="{}" class="text-link" target="_blank">{}</a> has this address already. Is it the same person? '
        '<label><input type="checkbox" name="{}"> Somebody else: add them all the same</label>',
        page_of(person.pk),
        person,
        anyway,
    )


class ContactPointInline(TabularInline):
    model = ContactPoint
    form = ContactPointForm
    formset = ContactPointFormSet
    fields = ("kind", "raw", "verified_at", "verified_by")
    verbose_name = "address"
    verbose_name_plural = "addresses"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> type[forms.BaseFormSet]:
        formset = super().get_formset(request, obj, **kwargs)
        return type(formset.__name__, (formset,), {"may_see": request.user.has_perm(VIEW_ADDRESSES)})


class ContactRefInline(TabularInline):
    model = ContactRef
    form = ContactRefForm
    fields = ("source", "external_id")
    verbose_name = "reference"
    verbose_name_plural = "references in other systems"


class ConsentInline(TabularInline):
    model = Consent
    fields = ("purpose", "channel", "granted_at", "withdrawn_at", "source")


class OutcomeMarkInline(TabularInline):
    model = OutcomeMark
    fields = ("outcome", "reached_at", "reason")
    verbose_name = "mark"
    verbose_name_plural = "marks"


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
    list_display = ("shown_name", "shown_stage", "email", "company", "owner", "shown_tags", "updated_at")
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

        Where it comes to few they are found here and now, once: for a list that is counted and shown. The list then
        shows persons also for what stands on a record that was merged into theirs.
        """
        with_addresses = request.user.has_perm(VIEW_ADDRESSES)
        shows_persons = self.is_list(request) and request.GET.get(MergedFilter.parameter_name) not in (
            "merged",
            "records",
        )
        within = Contact.objects.all() if shows_persons else queryset
        found = search_contacts(within, search_term, with_addresses=with_addresses)
        if found is within:
            return queryset, False
        shown = "person_id" if shows_persons else "pk"
        ids = list(found.order_by().values_list(shown, flat=True)[: FEW + 1])
        if len(ids) <= FEW:
            return queryset.filter(pk__in=ids), False
        return search_contacts(queryset, search_term, with_addresses=with_addresses) if shows_persons else found, False

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        columns = list(super().get_list_display(request))
        columns += row_buttons(contact_actions, may=request.user.has_perm)
        return columns if request.user.has_perm(VIEW_ADDRESSES) else [name for name in columns if name != "email"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Refuse an address that asks for a part of an e-mail address: what is searched by stands in `search_text`."""
        if lookup.startswith("search_text") and not (request and request.user.has_perm(VIEW_ADDRESSES)):
            return False
        return super().lookup_allowed(lookup, value, request)

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

    @display(description="Tags")
    def shown_tags(self, contact: Contact) -> str | None:
        return ", ".join(contact.tags) or None


@admin.register(Consent)
class ConsentAdmin(NotedConsents, ModelAdmin):
    form = ErasedRefusingForm
    list_display = ("shown_contact", "purpose", "channel", "granted_at", "withdrawn_at", "source")
    list_select_related = ("contact",)
    list_filter = (("contact", AutocompleteSelectFilter), ("granted_at", DaysFilter))
    search_fields = ("purpose", "source")
    autocomplete_fields = ("contact",)
    ordering = ("-pk",)
    fields = ("contact", ("purpose", "channel"), ("granted_at", "withdrawn_at"), "source")
    empty_state = "A consent is a person's yes to being contacted for a purpose. Add it on the contact's page."

    @display(description="Contact")
    def shown_contact(self, consent: Consent) -> str:
        return str(consent.contact)


@admin.register(OutcomeMark)
class OutcomeMarkAdmin(ModelAdmin):
    form = ErasedRefusingForm
    list_display = ("shown_contact", "outcome", "reached_at", "marked_by", "reason")
    list_select_related = ("contact", "marked_by")
    list_filter = (("outcome", ChoicesDropdownFilter), ("contact", AutocompleteSelectFilter))
    search_fields = ("reason",)
    autocomplete_fields = ("contact", "marked_by")
    ordering = ("-reached_at", "-pk")
    fields = ("contact", ("outcome", "reached_at"), "reason", "marked_by")
    empty_state = "Mark a contact as advocate, donor or supporter when somebody became one."

    @display(description="Contact")
    def shown_contact(self, mark: OutcomeMark) -> str:
        return str(mark.contact)
