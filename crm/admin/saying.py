"""Saying on a contact's page that somebody else is the same person, for those who may not join them."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from crm.admin.contact_page import page_of
from crm.admin.merging import OtherContactForm
from crm.admin.quick_forms import form_answer
from crm.duplicates.saying import say_same, unsay
from crm.extensions import contact_actions
from crm.models import Contact
from crm.permissions import MERGE, VIEW_ADDRESSES
from gateway.admin.dialogs import saved_answer
from gateway.errors import DomainError
from gateway.panels import PageAction

MAY_SAY = "crm.suggest_duplicate"

contact_actions.register(
    PageAction(
        key="same_person",
        label="Same person as…",
        icon="call_merge",
        page="admin:crm_contact_same_person",
        permission=MAY_SAY,
        unless=MERGE,
        order=70,
        is_dialog=True,
        is_in_rows=False,
    )
)


class SamePersonForm(OtherContactForm):
    """Who else is this person."""

    def __init__(self, data: object, *, person: Contact, with_addresses: bool) -> None:
        super().__init__(data, person=person, with_addresses=with_addresses)
        self.fields["other_text"].label = "Who is the same person?"
        self.fields["other_text"].widget.attrs["autofocus"] = True
        self.fields["other"].widget = forms.HiddenInput()


class SayingMixin:
    """Gives the contact's admin the page on which somebody says that two people are one."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:contact_id>/same-person/", view(self.same_person_view), name="crm_contact_same_person"),
            path(
                "<int:contact_id>/same-person/<int:pair_id>/undo/",
                view(require_POST(self.unsay_view)),
                name="crm_contact_unsay",
            ),
            *super().get_urls(),
        ]

    def same_person_view(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """Ask who it is, and suggest the two to those who may join them."""
        person = _person(request, contact_id)
        data = request.POST if request.method == "POST" else None
        form = SamePersonForm(data, person=person, with_addresses=request.user.has_perm(VIEW_ADDRESSES))
        if form.is_valid():
            other = form.cleaned_data["other"]
            try:
                pair = say_same(person.pk, other, by_user_id=request.user.pk, now=timezone.now())
            except DomainError as refusal:
                form.add_error("other_text", refusal.message)
            else:
                undo = reverse("admin:crm_contact_unsay", args=[person.pk, pair.pk])
                said = f"Suggested: {person} and {Contact.objects.get(pk=other)} are one person."
                return saved_answer(request, said, back=page_of(person.pk), undo=undo)
        return form_answer(
            request,
            form,
            contact=person,
            template="crm/admin/contact/same_person.html",
            title=f"Same person as {person}",
            verb="Suggest",
        )

    def unsay_view(self, request: HttpRequest, contact_id: int, pair_id: int) -> HttpResponse:
        """Take back what the reader said of two people."""
        person = _person(request, contact_id)
        assert request.user.pk is not None  # whoever may say so has logged in
        taken_back = unsay(pair_id, by_user_id=request.user.pk)
        said = "Taken back: they are two people." if taken_back else "It was taken back before, or somebody decided."
        return saved_answer(request, said, back=page_of(person.pk))


def _person(request: HttpRequest, contact_id: int) -> Contact:
    if not request.user.has_perms(("crm.view_contact", MAY_SAY)):
        raise PermissionDenied
    person = Contact.objects.filter(contacts__pk=contact_id).first()
    if person is None:
        raise Http404("There is no such contact.")
    return person
