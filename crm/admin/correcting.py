"""Correcting a person's names and addresses on their page, in a dialog."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from crm.admin.contact_page import page_of, person_of
from crm.admin.quick_forms import form_answer
from crm.contact_points import LONGEST
from crm.corrections import Corrected, RefusedCorrection, correct_person, take_back_correction
from crm.models import Contact, ContactPoint, ContactRef
from crm.permissions import VIEW_ADDRESSES
from gateway.acting import act_named
from gateway.admin import TextWidget
from gateway.admin.dialogs import saved_answer
from gateway.errors import DomainError

MAY_CORRECT = "crm.correct_contact"
NAMES = {"full_name": 255, "preferred_name": 100}  # with how many characters there is room for
STORED, MORE = "address_", "more_"  # begin the names of fields: of a stored address by its id, of a new one by its kind


class CorrectionForm(forms.Form):
    """
    The names, and for those who may see them the addresses: each to be corrected, and one more of each kind.

    Only what somebody changed is told: each field remembers what it showed, so that nobody overwrites what a source
    wrote meanwhile.
    """

    def __init__(self, data: Any, *, person: Contact, points: Sequence[ContactPoint] | None) -> None:
        super().__init__(data)
        for name, longest in NAMES.items():
            self.fields[name] = _text(name.replace("_", " ").capitalize(), longest=longest, shown=getattr(person, name))
        self.fields["full_name"].widget.attrs["autofocus"] = True
        for point in points or ():
            self.fields[f"{STORED}{point.pk}"] = _text(
                point.get_kind_display().capitalize(), shown=point.raw, help_text="Empty, it is taken away."
            )
        for kind in ContactPoint.Kind if points is not None else ():
            self.fields[f"{MORE}{kind}"] = _text(f"Another {kind.label}")

    def told(self) -> dict[str, Any]:
        """Return what was changed, as `correct_person` takes it."""
        told = {name: self.cleaned_data[name] for name in self.changed_data}
        return {
            "names": {name: text for name, text in told.items() if name in NAMES},
            "addresses": {int(name.removeprefix(STORED)): raw for name, raw in told.items() if name.startswith(STORED)},
            "more": {name.removeprefix(MORE): raw for name, raw in told.items() if name.startswith(MORE)},
        }

    def refuse(self, refusal: RefusedCorrection) -> None:
        """Say beside its field what cannot be."""
        names = [refusal.field, f"{STORED}{refusal.field}", f"{MORE}{refusal.field}"]
        self.add_error(next((name for name in names if name in self.fields), None), refusal.message)


def _text(label: str, *, shown: str = "", longest: int = LONGEST, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=longest,
        initial=shown,
        show_hidden_initial=True,
        help_text=help_text,
        widget=TextWidget(attrs={"autocomplete": "off"}),
    )


class CorrectingMixin:
    """Gives the contact's admin the page on which names and addresses are corrected."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:contact_id>/correct/", view(self.correct_view), name="crm_contact_correct"),
            path(
                "<int:contact_id>/correct/undo/", view(require_POST(self.take_back_view)), name="crm_contact_uncorrect"
            ),
            *super().get_urls(),
        ]

    def correct_view(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """The form for names and addresses, and the correction made."""
        person = _person(request, contact_id)
        points = None
        if request.user.has_perm(VIEW_ADDRESSES):
            points = list(ContactPoint.objects.filter(contact__person=person).order_by("kind", "pk"))
        form = CorrectionForm(request.POST or None, person=person, points=points)
        if form.is_valid():
            try:
                done = correct_person(contact_id=person.pk, **form.told(), by_user_id=request.user.pk)
            except RefusedCorrection as refusal:
                form.refuse(refusal)
            else:
                return saved_answer(
                    request,
                    f"Corrected: {done.person}.",
                    back=page_of(done.person.pk),
                    undo=_undo(done) if form.changed_data else "",
                    edit=reverse("admin:crm_contact_correct", args=[done.person.pk]),
                )
        return form_answer(
            request,
            form,
            contact=person,
            template="crm/admin/contact/correct.html",
            title=f"Correct {person}",
            comes_from=sorted(set(ContactRef.objects.filter(contact__person=person).values_list("source", flat=True))),
        )

    def take_back_view(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """Take back what the reader corrected in one go: the `act` that the address names."""
        person = _person(request, contact_id)
        try:
            act = act_named(request.GET.get("act", ""))
            done = take_back_correction(act, contact_id=person.pk, by_user_id=request.user.pk)
        except DomainError as refusal:
            return saved_answer(request, refusal.message, back=page_of(person.pk))
        said = "" if done.is_whole else " What was changed since stays."
        return saved_answer(
            request,
            f"As before: {done.person}.{said}",
            back=page_of(done.person.pk),
            undo=_undo(done),
            undo_label="Redo",
        )


def _person(request: HttpRequest, contact_id: int) -> Contact:
    if not request.user.has_perms(("crm.view_contact", MAY_CORRECT)):
        raise PermissionDenied
    return person_of(contact_id)


def _undo(done: Corrected) -> str:
    here = reverse("admin:crm_contact_uncorrect", args=[done.person.pk])
    return f"{here}?{urlencode({'act': str(done.act)})}"
