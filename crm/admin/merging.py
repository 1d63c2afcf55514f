"""Joining contacts in the admin: choose the other record, look at what will happen, do it, take it apart."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from crm.extensions import contact_actions
from crm.merging import Unmerged, merge, plan_of_unmerge, unmerge
from crm.merging.preview import MergePreview, preview
from crm.models import Contact, Merge
from gateway.admin import TextWidget
from gateway.errors import DomainError
from gateway.panels import PageAction

MERGE = "crm.merge_contact"

contact_actions.register(
    PageAction(
        key="merge",
        label="Join with another…",
        icon="call_merge",
        page="admin:crm_contact_merge",
        permission=MERGE,
        order=70,
    )
)


class OtherContactForm(forms.Form):
    """Which record is the same person."""

    other = forms.ModelChoiceField(
        Contact.objects.all(),
        label="The other record",
        help_text="Any part of a name, e-mail address or phone number.",
        widget=AutocompleteSelect(Merge._meta.get_field("loser"), admin.site),
    )


class MergeForm(forms.Form):
    """Whose value each field has from now on, and why the two are one."""

    reason = forms.CharField(
        label="How do you know?",
        max_length=255,
        required=False,
        widget=TextWidget(),
        help_text="One sentence, if you like. It stays with the merge.",
    )

    def __init__(self, shown: MergePreview, data: Any = None) -> None:
        super().__init__(data)
        labels = {"survivor": "this record", "loser": "the other", "both": "both"}
        for choice in shown.fields:
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
            path("<int:pk>/unmerge/", wrap(self.unmerge_view), name="crm_contact_unmerge"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead from a merged record to the person that it belongs to; what is entered, is entered there."""
        survivor = self._survivor_of(object_id)
        if survivor is None:
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        here = reverse("admin:crm_contact_unmerge", args=[object_id])
        link = format_html(' <a class="kith-link" href="{}">Take apart</a>', here) if _may_merge(request) else ""
        messages.info(request, format_html("Record {} was merged into this contact.{}", object_id, link))
        return HttpResponseRedirect(_page_of(survivor))

    def _survivor_of(self, object_id: str) -> int | None:
        if not object_id.isdigit():
            return None
        merged = Contact.objects.filter(pk=int(object_id), merged_into__isnull=False)
        return merged.values_list("person_id", flat=True).first()

    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the other record; with it (`?with=`), show what joining the two will do, and do it."""
        _check(request)
        other = request.GET.get("with", "")
        if not other.isdigit():
            return self._choose(request, pk)
        try:
            shown = preview(pk, int(other), may=request.user.has_perm, now=timezone.now())
            form = MergeForm(shown, request.POST or None)
            if request.method == "POST" and form.is_valid():
                return self._merge(request, shown, form)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return self._choose(request, pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Join {shown.survivor} and {shown.loser}",
            "opts": self.model._meta,
            "preview": shown,
            "rows": [
                (choice, form[f"field:{choice.key}"].value() or choice.default)
                for choice in shown.fields
                if choice.survivor or choice.loser
            ],
            "form": form,
            "swapped": _address_of_preview(shown.loser.pk, shown.survivor.pk),
            "back": _page_of(shown.survivor.pk),
        }
        return TemplateResponse(request, "crm/admin/merge_preview.html", context)

    def _choose(self, request: HttpRequest, pk: int) -> HttpResponse:
        contact = Contact.objects.filter(pk=pk).select_related("person").first()
        if contact is None:
            raise Http404
        form = OtherContactForm({"other": request.GET["other"]} if "other" in request.GET else None)
        if form.is_valid():
            return HttpResponseRedirect(_address_of_preview(pk, form.cleaned_data["other"].pk))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Join {contact} with another record",
            "opts": self.model._meta,
            "form": form,
            "media": self.media + form.media,
            "back": _page_of(pk),
        }
        return TemplateResponse(request, "crm/admin/merge_choose.html", context)

    def _merge(self, request: HttpRequest, shown: MergePreview, form: MergeForm) -> HttpResponse:
        merge(
            survivor_id=shown.survivor.pk,
            loser_id=shown.loser.pk,
            fields=form.choices(),
            by_user_id=request.user.pk,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
        apart = reverse("admin:crm_contact_unmerge", args=[shown.loser.pk])
        messages.success(
            request,
            format_html(
                '{} and {} are one person now. <a class="kith-link" href="{}">Take apart</a>',
                shown.survivor,
                shown.loser,
                apart,
            ),
        )
        return HttpResponseRedirect(_page_of(shown.survivor.pk))

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
            "back": _page_of(plan.survivor.pk),
        }
        return TemplateResponse(request, "crm/admin/unmerge.html", context)

    def _unmerged(self, request: HttpRequest, done: Unmerged) -> HttpResponse:
        kept = f" What was decided since stays: {', '.join(kept.label for kept in done.kept)}." if done.kept else ""
        messages.success(
            request,
            format_html(
                '{} stands alone again. <a class="kith-link" href="{}">See {}</a>{}',
                done.loser,
                _page_of(done.survivor.pk),
                done.survivor,
                kept,
            ),
        )
        return HttpResponseRedirect(_page_of(done.loser.pk))


def _may_merge(request: HttpRequest) -> bool:
    return request.user.has_perm(MERGE)


def _check(request: HttpRequest) -> None:
    if not (_may_merge(request) and request.user.has_perm("crm.view_contact")):
        raise PermissionDenied


def _page_of(contact_id: int) -> str:
    return reverse("admin:crm_contact_change", args=[contact_id])


def _address_of_preview(survivor_id: int, loser_id: int) -> str:
    return f"{reverse('admin:crm_contact_merge', args=[survivor_id])}?{urlencode({'with': loser_id})}"
