"""What hangs on a contact in its form: addresses, references, consents, marks."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.admin.contact_page import page_of
from crm.admin.erased import ErasedRefusingForm
from crm.contact_points import normalise
from crm.models import Consent, Contact, ContactPoint, ContactRef, OutcomeMark
from crm.permissions import VIEW_ADDRESSES
from crm.personal_data.suppression import SourceName
from gateway.admin import (
    InlineFormSet,
    TabularInline,
)
from gateway.errors import DomainError

ANYWAY = "anyway"  # names the box by which somebody new is added, although somebody has the address


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
