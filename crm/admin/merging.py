"""Joining contacts in the admin: choose the other record, look at what will happen, do it, take it apart."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from crm.admin.contact_page import page_of
from crm.admin.finding import LONGEST
from crm.duplicates.decisions import decide_different_people
from crm.duplicates.panel import suggested_for
from crm.extensions import contact_actions, merge_previews
from crm.merging import Unmerged, merge, plan_of_unmerge, unmerge
from crm.merging.preview import SideBySide, loaded, permitted_parts, side_by_side
from crm.models import Contact
from crm.permissions import MERGE, VIEW_ADDRESSES
from crm.search import FoundPerson, find_people
from gateway.admin import FinderInput, TextWidget
from gateway.admin.later import LaterPart, later_answer
from gateway.errors import DomainError
from gateway.items import is_id
from gateway.panels import PageAction

contact_actions.register(
    PageAction(
        key="merge",
        label="Merge with another…",
        icon="call_merge",
        page="admin:crm_contact_merge",
        permission=MERGE,
        order=70,
    )
)


class OtherContactForm(forms.Form):
    """Which record is the same person."""

    other_text = forms.CharField(
        label="The other record",
        required=False,
        max_length=LONGEST,
        widget=FinderInput(page="admin:crm_contact_find", into="other", placeholder="Name, handle, e-mail or phone"),
    )
    other = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, person: Contact, with_addresses: bool) -> None:
        super().__init__(data)
        self.person, self.with_addresses = person, with_addresses
        self.people: list[FoundPerson] = []  # whom the text may mean, when it is not clear

    def clean(self) -> dict[str, Any]:
        """Find out which record is meant: chosen, or told in a text that is clear."""
        cleaned = super().clean() or self.cleaned_data
        text = cleaned.get("other_text", "").strip()
        if not cleaned.get("other") and text:
            found = find_people(text, limit=8, with_addresses=self.with_addresses)
            self.people = [one for one in found if one.id != self.person.pk]
            if len(self.people) == 1:
                cleaned["other"] = self.people[0].id
        if not cleaned.get("other"):
            self.add_error("other_text", self._what_is_missing(text))
        return cleaned

    def _what_is_missing(self, text: str) -> str:
        if self.people:
            return "This fits several people. Choose one."
        return "Nobody else found." if text else "Say which record: type a part of a name or an address."


class MergeForm(forms.Form):
    """Whose value each field has from now on, and why the two are one."""

    reason = forms.CharField(
        label="How do you know?",
        max_length=255,
        required=False,
        widget=TextWidget(),
        help_text="One sentence, if you like. It stays with the merge.",
    )

    def __init__(self, pair: SideBySide, data: Any = None) -> None:
        super().__init__(data)
        labels = {"survivor": "this record", "loser": "the other", "both": "both"}
        for choice in pair.fields:
            self.fields[f"field:{choice.key}"] = forms.ChoiceField(
                label=choice.label,
                choices=[(side, labels[side]) for side in choice.choices],
                initial=choice.default,
                required=False,
            )

    def choices(self) -> dict[str, Any]:
        """Return the side chosen for each field; one that was not on the page goes by its default."""
        return {
            name.removeprefix("field:"): side
            for name, side in self.cleaned_data.items()
            if name.startswith("field:") and side
        }


class UnmergeForm(forms.Form):
    """Whether the two are different people for good."""

    remember = forms.BooleanField(
        label="These are different people: never suggest them again",
        initial=True,
        required=False,
    )


class MergingMixin:
    """Gives the contact's admin its pages for joining and taking apart; a merged record leads to its survivor."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/merge/", wrap(self.merge_view), name="crm_contact_merge"),
            path("<int:pk>/merge/<int:other>/<slug:key>/", wrap(self.merge_part_view), name="crm_contact_merge_part"),
            path("<int:pk>/unmerge/", wrap(self.unmerge_view), name="crm_contact_unmerge"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead from a merged record to the person that it belongs to; what is entered, is entered there."""
        merged = self._merged(object_id)
        if merged is None:
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        here = reverse("admin:crm_contact_unmerge", args=[merged.pk])
        link = format_html(' <a class="kith-link" href="{}">Take apart</a>', here) if _may_merge(request) else ""
        said = format_html("“{}” (record {}) was merged: this is the record that goes on.{}", merged, merged.pk, link)
        messages.info(request, said)
        return HttpResponseRedirect(page_of(merged.person_id))

    def _merged(self, object_id: str) -> Contact | None:
        """Return the contact with this id if it was merged into another one."""
        if not is_id(object_id):
            return None
        return Contact.objects.filter(pk=int(object_id), merged_into__isnull=False).first()

    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the other record; with it (`?with=`), show what joining the two will do, and do it."""
        _check(request)
        other = request.GET.get("with", "")
        if not is_id(other):
            return self._choose(request, pk)
        try:
            pair = side_by_side(pk, int(other))
            if request.method == "POST" and "different" in request.POST:
                return self._different(request, pair)
            form = MergeForm(pair, request.POST or None)
            if request.method == "POST" and form.is_valid():
                return self._merge(request, pair, form)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return self._choose(request, pk)
        may = request.user.has_perm
        parts = permitted_parts(may)
        context = {
            **self.admin_site.each_context(request),
            "title": _title_of(pair),
            "opts": self.model._meta,
            "pair": pair,
            "rows": [
                (choice, form[f"field:{choice.key}"].value() or choice.default)
                for choice in pair.fields
                if choice.survivor or choice.loser
            ],
            "parts": loaded([part for part in parts if not part.takes_long], pair, may=may, now=timezone.now()),
            "later_parts": [
                LaterPart(title=part.title, url=_address_of_part(pair, part.key), id=f"panel-{part.key}")
                for part in parts
                if part.takes_long
            ],
            "form": form,
            "swapped": _address_of_preview(pair.loser.pk, pair.survivor.pk),
            "back": page_of(pair.survivor.pk),
        }
        return TemplateResponse(request, "crm/admin/merge_preview.html", context)

    def merge_part_view(self, request: HttpRequest, pk: int, other: int, key: str) -> HttpResponse:
        """Return one part of what joining this contact with the other would do."""
        _check(request)
        may = request.user.has_perm
        if key not in merge_previews:
            raise Http404
        part = merge_previews[key]
        if not may(part.permission):
            raise PermissionDenied
        try:
            pair = side_by_side(pk, other)
        except DomainError as refusal:
            raise Http404(refusal.message) from None
        ((_, content),) = loaded([part], pair, may=may, now=timezone.now())
        return later_answer(
            request,
            "gateway/admin/panel.html",
            {"panel": part, "content": content},
            title=f"{part.title}: {_title_of(pair)}",
            back=_address_of_preview(pair.survivor.pk, pair.loser.pk),
        )

    def _choose(self, request: HttpRequest, pk: int) -> HttpResponse:
        contact = Contact.objects.filter(pk=pk).select_related("person").first()
        if contact is None:
            raise Http404
        if contact.erased_at is not None:
            messages.error(request, "This person was erased: nobody can be merged with a pseudonym.")
            return HttpResponseRedirect(page_of(contact.pk))
        person = contact.person or contact
        form = OtherContactForm(
            request.GET if {"other", "other_text"} & request.GET.keys() else None,
            person=person,
            with_addresses=request.user.has_perm(VIEW_ADDRESSES),
        )
        if form.is_valid():
            return HttpResponseRedirect(_address_of_preview(person.pk, form.cleaned_data["other"]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Merge {person} with another record",
            "opts": self.model._meta,
            "form": form,
            "suggested": suggested_for(person.pk),
            "back": page_of(person.pk),
        }
        return TemplateResponse(request, "crm/admin/merge_choose.html", context)

    def _merge(self, request: HttpRequest, pair: SideBySide, form: MergeForm) -> HttpResponse:
        merge(
            survivor_id=pair.survivor.pk,
            loser_id=pair.loser.pk,
            fields=form.choices(),
            by_user_id=request.user.pk,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
        apart = reverse("admin:crm_contact_unmerge", args=[pair.loser.pk])
        messages.success(
            request,
            format_html(
                '{} and {} are one person now. <a class="kith-link" href="{}">Take apart</a>',
                pair.survivor,
                pair.loser,
                apart,
            ),
        )
        return HttpResponseRedirect(page_of(pair.survivor.pk))

    def _different(self, request: HttpRequest, pair: SideBySide) -> HttpResponse:
        one, other = pair.survivor, pair.loser
        decide_different_people(one.pk, other.pk, by_user_id=request.user.pk, now=timezone.now())
        said = f"Remembered: {one} and {other} are different people. They are not suggested again."
        messages.success(request, said)
        if request.user.has_perm("crm.view_duplicatesuggestion"):
            return HttpResponseRedirect(reverse("admin:crm_duplicatesuggestion_changelist"))
        return HttpResponseRedirect(page_of(one.pk))

    def unmerge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what goes back and what stays when this merged record is taken out again, and do it."""
        _check(request)
        form = UnmergeForm(request.POST or None)
        try:
            if request.method == "POST" and form.is_valid():
                done = unmerge(
                    loser_id=pk,
                    are_different=form.cleaned_data["remember"],
                    by_user_id=request.user.pk,
                    now=timezone.now(),
                )
                return self._unmerged(request, done)
            plan = plan_of_unmerge(pk)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(reverse("admin:crm_contact_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Take {plan.loser} apart from {plan.survivor}",
            "opts": self.model._meta,
            "plan": plan,
            "form": form,
            "back": page_of(plan.survivor.pk),
        }
        return TemplateResponse(request, "crm/admin/unmerge.html", context)

    def _unmerged(self, request: HttpRequest, done: Unmerged) -> HttpResponse:
        kept = f" What was decided since stays: {', '.join(kept.label for kept in done.kept)}." if done.kept else ""
        is_shared = done.wish_noted_at is not None or done.withdrawals
        wishes = " What was noted of their wishes meanwhile stays with both." if is_shared else ""
        messages.success(
            request,
            format_html(
                '{} stands alone again. <a class="kith-link" href="{}">See {}</a>{}{}',
                done.loser,
                page_of(done.survivor.pk),
                done.survivor,
                kept,
                wishes,
            ),
        )
        return HttpResponseRedirect(page_of(done.loser.pk))


def _may_merge(request: HttpRequest) -> bool:
    return request.user.has_perm(MERGE)


def _check(request: HttpRequest) -> None:
    if not (_may_merge(request) and request.user.has_perm("crm.view_contact")):
        raise PermissionDenied


def _address_of_preview(survivor_id: int, loser_id: int) -> str:
    return f"{reverse('admin:crm_contact_merge', args=[survivor_id])}?{urlencode({'with': loser_id})}"


def _address_of_part(pair: SideBySide, key: str) -> str:
    return reverse("admin:crm_contact_merge_part", args=[pair.survivor.pk, pair.loser.pk, key])


def _title_of(pair: SideBySide) -> str:
    return f"Merge {pair.survivor} and {pair.loser}"
