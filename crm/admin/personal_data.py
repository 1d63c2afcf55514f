"""A person's data on the contact's pages: giving it out and erasing it, and the record of both."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from crm.admin.contact_page import page_of, person_of
from crm.models import Contact, Erasure, PersonExport, PersonExportDownload
from crm.personal_data.erasing import erase_person, is_same_name, plan_erasure
from crm.personal_data.erasure_report import ErasureReport
from crm.personal_data.export_file import file_response
from crm.personal_data.export_jobs import KEPT, NoSuchExport, open_export
from crm.personal_data.tasks import ask_for_export
from gateway.admin import DaysFilter, OnlyLookedAt, ReadOnlyModelAdmin, TabularInline, display, object_link
from gateway.admin.later import LaterPart, later_answer
from gateway.errors import DomainError

EXPORT, ERASE = "crm.export_personal_data", "crm.erase_contact"
PLAN = "What erasing would do"


class ErasureForm(forms.Form):
    """Why, and the person's name typed once more: erasing cannot be undone."""

    reason = forms.ChoiceField(
        choices=[choice for choice in Erasure.Reason.choices if choice[0] != Erasure.Reason.REPLAYED],
        widget=UnfoldAdminSelectWidget,
        help_text="It stays with the record of the erasure.",
    )
    name = forms.CharField(
        label="Type the name to confirm",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = name
        # The theme writes help texts into the page as they are, and names are what people call themselves.
        self.fields["name"].help_text = format_html("Exactly as it stands here: {}", name)

    def clean_name(self) -> str:
        typed = self.cleaned_data["name"]
        if not is_same_name(typed, self.expected):
            raise forms.ValidationError(f"This is not the name. Type it exactly as it stands here: {self.expected}")
        return typed


class PersonalDataMixin:
    """Gives the contact's admin the pages to export and to erase a person; an erased one is only to look at."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:contact_id>/export/", view(self.export_view), name="crm_contact_export"),
            path("exports/<int:job_id>/", view(require_safe(self.file_view)), name="crm_contact_export_file"),
            path("<int:contact_id>/erase/", view(self.erase_view), name="crm_contact_erase"),
            path("<int:contact_id>/erase/plan/", view(self.erasure_plan_view), name="crm_contact_erase_plan"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, Contact) and obj.erased_at is not None:
            return False
        return super().has_change_permission(request, obj)

    def export_view(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """Say what an export is; asked for, lead to its job, which shows how far it is and where the file is."""
        contact = self._person(request, contact_id, permission=EXPORT)
        if request.method == "POST":
            job = ask_for_export(contact_id=contact.pk, requested_by=request.user.pk, through="admin")
            return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[job.pk]))
        context = self._context(request, contact, f"Export the data of {contact}")
        return TemplateResponse(
            request, "crm/admin/export_person.html", {**context, "hours": int(KEPT.total_seconds() // 3600)}
        )

    def file_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """Give the file to the one who asked for it, for a day."""
        if not request.user.has_perm(EXPORT):
            raise PermissionDenied
        try:
            export, pieces = open_export(job_id, now=timezone.now(), user=request.user.pk)
        except NoSuchExport as refusal:
            raise Http404(refusal.message) from None
        except DomainError as refusal:
            self.message_user(request, refusal.message, messages.WARNING)
            return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[job_id]))
        return file_response(export, pieces)

    def erase_view(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """Ask why, and for the name, beside what an erasure would do; with both, do it and show what is left."""
        contact = self._person(request, contact_id, permission=ERASE)
        here = page_of(contact.pk)
        form = ErasureForm(request.POST or None, name=str(contact))
        if form.is_valid():
            try:
                erase_person(
                    contact_id=contact.pk,
                    reason=form.cleaned_data["reason"],
                    now=timezone.now(),
                    erased_by=request.user.pk,
                    through="admin",
                )
            except DomainError as refusal:
                self.message_user(request, refusal.message, messages.ERROR)
            else:
                said = "The person was erased. What they did and brought stays under a pseudonym; no figure moved."
                self.message_user(request, said, messages.SUCCESS)
            return HttpResponseRedirect(here)
        context = self._context(request, contact, f"Erase {contact}")
        plan = LaterPart(title=PLAN, url=reverse("admin:crm_contact_erase_plan", args=[contact.pk]))
        return TemplateResponse(request, "crm/admin/erase_person.html", {**context, "form": form, "plan": plan})

    def erasure_plan_view(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """Return what an erasure would do: to count it, every text there is must be looked through."""
        contact = self._person(request, contact_id, permission=ERASE)
        report = plan_erasure(contact.pk)
        return later_answer(
            request,
            "crm/admin/erasure_plan.html",
            {"report": report, "heading": PLAN, **_laid_out(report)},
            title=f"Erase {contact}",
            back=reverse("admin:crm_contact_erase", args=[contact.pk]),
        )

    def _person(self, request: HttpRequest, contact_id: int, *, permission: str) -> Contact:
        """Return the person of this contact, for who may see contacts and has the permission."""
        if not (request.user.has_perm("crm.view_contact") and request.user.has_perm(permission)):
            raise PermissionDenied
        return person_of(contact_id)

    def _context(self, request: HttpRequest, contact: Contact, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": Contact._meta,
            "contact": contact,
            "back": page_of(contact.pk),
        }


def _laid_out(report: ErasureReport) -> dict[str, Any]:
    """Return the tables of a report by what becomes of them: records first, their history summed up."""
    facts = [table for table in report.tables if not table.is_history]
    return {
        "deleted": [table for table in facts if table.fate == "deleted"],
        "emptied": [table for table in facts if table.fate == "emptied"],
        "kept": [table for table in facts if table.fate == "kept"],
        "history": sum(table.rows for table in report.tables if table.is_history),
        "mentioned": sum(report.mentions.values()),
        "remaining": [(one, reverse(f"admin:crm_{one.what}_change", args=[one.id])) for one in report.remaining],
    }


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyModelAdmin):
    list_display = ("erased_at", "shown_person", "reason", "erased_by", "erased_through")
    list_select_related = ("person", "erased_by")
    list_filter = (("erased_at", DaysFilter),)
    ordering = ("-pk",)
    fields = (("shown_person", "erased_at"), ("reason", "erased_by", "erased_through"), "rows")
    readonly_fields = ("shown_person",)
    empty_state = "Nobody was erased. When a person asks for it, open their contact and choose Erase."

    @display(description="Pseudonym", ordering="person")
    def shown_person(self, erasure: Erasure) -> object:
        return object_link(erasure.person)


class DownloadInline(OnlyLookedAt, TabularInline):
    """Who fetched the file, and when."""

    model = PersonExportDownload
    fields = ("downloaded_at", "user", "key")
    verbose_name_plural = "downloads"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PersonExportDownload]:
        return super().get_queryset(request).select_related("user", "key")


@admin.register(PersonExport)
class PersonExportAdmin(ReadOnlyModelAdmin):
    list_display = (
        "created_at",
        "shown_person",
        "requested_by",
        "requested_key",
        "through",
        "expires_at",
        "downloaded",
    )
    list_select_related = ("job", "person", "requested_by", "requested_key")
    ordering = ("-pk",)
    fields = (
        ("shown_person", "created_at"),
        ("requested_by", "requested_key", "through"),
        ("expires_at", "purged_at", "size"),
    )
    readonly_fields = ("shown_person", "through")
    list_annotations = {"downloaded": Count("downloads")}
    inlines = (DownloadInline,)
    empty_state = "Nobody's data was exported. When a person asks for it, open their contact and choose Export."

    @display(description="Person", ordering="person")
    def shown_person(self, export: PersonExport) -> object:
        return object_link(export.person)

    @display(description="Through", ordering="job__requested_through")
    def through(self, export: PersonExport) -> str:
        return export.job.requested_through

    @display(description="Downloads")
    def downloaded(self, export: PersonExport) -> int:
        return export.downloaded
