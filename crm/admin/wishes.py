"""What somebody wishes of us, noted on their page in a dialog: not to be contacted, a consent given or taken back."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from crm.admin.contact_page import page_of, person_of
from crm.admin.quick_forms import button_answer, form_answer, remove_answer
from crm.models import Consent, Contact
from crm.motivation import consent_to_motivation
from crm.wishes import (
    consent_noted_by,
    do_not_contact_noted_by,
    lift_do_not_contact,
    note_consent,
    note_do_not_contact,
    note_withdrawal,
    purposes_in_use,
    standing_consents,
)
from gateway.admin import SelectWidget, TextWidget
from gateway.admin.dialogs import saved_answer
from gateway.errors import DomainError

MAY_NOTE = "crm.note_wishes"
LEAVE_ALONE, TAKE_BACK, AGREES, NO_LONGER = "leave alone", "take back", "agrees", "no longer"


class WishForm(forms.Form):
    """One wish. A consent that stands is taken back by choosing it; for a new one, purpose and way are told."""

    wish = forms.ChoiceField(label="What they wish", widget=SelectWidget(attrs={"autofocus": True}))
    purpose = forms.CharField(
        label="For what",
        required=False,
        max_length=50,
        help_text="Of a new consent: newsletter, research, testimonial …",
        widget=TextWidget(attrs={"list": "kith-purposes", "autocomplete": "off"}),
    )
    channel = forms.ChoiceField(
        label="By which way",
        required=False,
        choices=[("", "any"), ("email", "e-mail"), ("phone", "phone")],
        widget=SelectWidget,
    )
    source = forms.CharField(
        label="How we know",
        max_length=100,
        initial="told us",
        help_text="Stands with a consent, given or taken back: it is the evidence.",
        widget=TextWidget,
    )

    def __init__(self, data: Any, *, choices: Sequence[tuple[str, str]], consents: Sequence[Consent]) -> None:
        super().__init__(data)
        self.fields["wish"].choices = choices
        self.consents = {f"{NO_LONGER} {consent.pk}": consent for consent in consents}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("wish") == AGREES and not (cleaned.get("purpose") or self.has_error("purpose")):
            self.add_error("purpose", "Say what they agree to be contacted for.")
        if cleaned.get("wish", AGREES) != AGREES and cleaned.get("purpose"):
            self.add_error("wish", "You chose a consent below but another wish here. Choose one of them.")
        return cleaned


class WishesMixin:
    """Gives the contact's admin the page that notes a wish, and the one that lifts the wish not to be contacted."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:contact_id>/wishes/", view(self.wishes_view), name="crm_contact_wishes"),
            path("<int:contact_id>/wishes/lift/", view(self.lift_view), name="crm_contact_lift_wish"),
            *super().get_urls(),
        ]

    def wishes_view(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """The form for a wish, and the wish written down."""
        if not _may_note(request):
            raise PermissionDenied
        person = person_of(contact_id)
        consents = standing_consents(person.pk, now=timezone.now()) if request.user.has_perm("crm.view_consent") else []
        form = WishForm(request.POST or None, choices=_choices(request, person, consents), consents=consents)
        if form.is_valid():
            try:
                return _noted(request, person, form)
            except DomainError as refusal:
                form.add_error(None, refusal.message)
        return form_answer(
            request,
            form,
            contact=person,
            template="crm/admin/contact/wishes.html",
            title=f"What {person} wishes",
            verb="Note",
            purposes=sorted({*purposes_in_use(), consent_to_motivation()}),
        )

    def lift_view(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """Take the wish not to be contacted back, by POST: for whoever noted it, and who may change contacts."""
        person = person_of(contact_id)
        may = _may_note(request) and _may_lift(request, person)
        return button_answer(
            request,
            may,
            lambda: lift_do_not_contact(contact_id=person.pk, by_user_id=request.user.pk),
            _taken_back(person),
            person,
        )


class NotedConsents:
    """Gives the admin of consents the button that takes back what was noted by mistake."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.unnote)
        return [path("<int:pk>/unnote/", view, name="crm_consent_unnote"), *super().get_urls()]

    def unnote(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete a consent or a withdrawal that the user noted themselves; the history keeps what it said."""
        consent = Consent.objects.select_related("contact").filter(pk=pk).first()
        may = _may_note(request) and (
            consent is None
            or consent_noted_by(consent) == request.user.pk
            or self.has_delete_permission(request, consent)
        )
        return remove_answer(request, may, consent, f"Taken back: {consent}")


def _noted(request: HttpRequest, person: Contact, form: WishForm) -> HttpResponse:
    """Write down what was chosen, and offer to take it back."""
    told, now, back = form.cleaned_data, timezone.now(), page_of(person.pk)
    pk, by = person.pk, request.user.pk
    if told["wish"] == LEAVE_ALONE:
        if not note_do_not_contact(contact_id=pk, by_user_id=by, now=now):
            return saved_answer(request, "Somebody noted this before.", back=back)
        lift = reverse("admin:crm_contact_lift_wish", args=[pk])
        return saved_answer(request, f"Noted: {person} does not want to be contacted.", back=back, undo=lift)
    if told["wish"] == TAKE_BACK:
        lift_do_not_contact(contact_id=pk, by_user_id=by)
        return saved_answer(request, _taken_back(person), back=back)
    if told["wish"] == AGREES:
        consent = note_consent(
            contact_id=pk,
            purpose=told["purpose"],
            channel=told["channel"],
            source=told["source"],
            by_user_id=by,
            now=now,
        )
        says = "agrees to"
    else:
        former = form.consents[told["wish"]]
        consent = note_withdrawal(contact_id=pk, consent=former, source=told["source"], by_user_id=by, now=now)
        says = "no longer agrees to"
    undo = reverse("admin:crm_consent_unnote", args=[consent.pk])
    return saved_answer(request, f"Noted: {person} {says} {consent}.", back=back, undo=undo)


def _choices(request: HttpRequest, person: Contact, consents: Sequence[Consent]) -> list[tuple[str, str]]:
    """Return what can be noted: a wish that nobody noted yet, and the end of what stands."""
    choices = [] if person.do_not_contact_noted_at else [(LEAVE_ALONE, "Does not want to be contacted")]
    choices.append((AGREES, "Agrees to be contacted"))
    choices += [(f"{NO_LONGER} {consent.pk}", f"No longer agrees: {consent}") for consent in consents]
    if person.do_not_contact_noted_at and _may_lift(request, person):
        choices.append((TAKE_BACK, "Noted by mistake: does not want to be contacted"))
    return choices


def _taken_back(person: Contact) -> str:
    return f"Taken back: the note that {person} does not want to be contacted."


def _may_note(request: HttpRequest) -> bool:
    return request.user.has_perms(("crm.view_contact", MAY_NOTE))


def _may_lift(request: HttpRequest, person: Contact) -> bool:
    """Whether the user noted the wish, or may change contacts anyway."""
    return request.user.has_perm("crm.change_contact") or do_not_contact_noted_by(person) == request.user.pk
