"""Notes and follow-ups from a contact's page: short forms in its dialog, and buttons that answer with a toast."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from crm.admin.contact_page import page_of
from crm.admin.erased import WHOLE_FORM, ErasedRefusingForm
from crm.follow_ups import mark_done, reopen
from crm.models import Consent, Contact, FollowUp, Note
from crm.periods import local_day, organisation_zone
from gateway.admin import ColleagueField, SelectWidget, SwitchWidget, TextareaWidget, TextWidget
from gateway.admin.dialogs import dialog_answer, saved_answer

TEMPLATE = "crm/admin/contact/form.html"
SLIP = timedelta(hours=1)  # for which whoever wrote a note or planned a follow-up may take it back


class AboutPersonForm(ErasedRefusingForm):
    """About the person on whose page it is opened."""

    def persons(self) -> Mapping[str, Contact | None]:
        return {WHOLE_FORM: self.instance.contact}


class NoteForm(AboutPersonForm):
    class Meta:
        model = Note
        fields = ("text", "is_pinned")
        labels = {"text": "What is worth knowing", "is_pinned": "Pin to the top"}
        widgets = {
            "text": TextareaWidget(attrs={"rows": 5, "autofocus": True}),
            "is_pinned": SwitchWidget(),
        }


class FollowUpForm(AboutPersonForm):
    assigned_to = ColleagueField(
        queryset=get_user_model().objects.filter(is_active=True).order_by("first_name", "last_name", "username"),
        required=False,
        label="Who",
        empty_label="Nobody yet",
        widget=SelectWidget,
    )

    class Meta:
        model = FollowUp
        fields = ("what", "due_on", "assigned_to")
        labels = {"what": "What is to be done", "due_on": "By"}
        help_texts = {"due_on": ""}
        widgets = {
            "what": TextWidget(attrs={"autofocus": True}),
            "due_on": TextWidget(attrs={"type": "date"}),
        }


class QuickNotes:
    """The pages by which notes are written, edited and deleted from a contact's page."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("write/<int:contact_id>/", view(self.write), name="crm_note_write"),
            path("<int:pk>/edit/", view(self.edit), name="crm_note_edit"),
            path("<int:pk>/remove/", view(self.remove), name="crm_note_remove"),
            *super().get_urls(),
        ]

    def write(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """A new note about a contact, by the user, now."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        contact = get_object_or_404(Contact, pk=contact_id)
        note = Note(contact=contact, author_id=request.user.pk, written_at=timezone.now())
        form = NoteForm(request.POST or None, instance=note)
        if form.is_valid():
            form.save()
            undo = reverse("admin:crm_note_remove", args=[note.pk])
            return saved_answer(request, "Note saved.", back=page_of(contact.person_id), undo=undo)
        return form_answer(request, form, title=f"Note about {contact}", contact=contact)

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The text of a note, and whether it is pinned; its author and time stay."""
        note = get_object_or_404(Note.objects.select_related("contact"), pk=pk)
        if not self.has_change_permission(request, note):
            raise PermissionDenied
        form = NoteForm(request.POST or None, instance=note)
        if form.is_valid():
            form.save()
            return saved_answer(request, "Note saved.", back=page_of(note.contact.person_id))
        removal = {}
        if self._may_remove(request, note):
            removal = {
                "remove_url": reverse("admin:crm_note_remove", args=[pk]),
                "remove_label": "Delete this note",
                "remove_question": "Delete this note? Only its history stays.",
            }
        return form_answer(request, form, title=f"Note about {note.contact}", contact=note.contact, **removal)

    def remove(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete a note; the history keeps what it said."""
        note = Note.objects.select_related("contact").filter(pk=pk).first()
        return remove_answer(request, self._may_remove(request, note), note, "Note deleted.")

    def _may_remove(self, request: HttpRequest, note: Note | None) -> bool:
        """Whether the user may delete any note, or wrote this one a short while ago."""
        if self.has_delete_permission(request, note):
            return True
        return self.has_add_permission(request) and (note is None or _is_own(note, note.author_id, request))


class QuickFollowUps:
    """The pages by which follow-ups are planned, edited, done and deleted from a contact's page."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("plan/<int:contact_id>/", view(self.plan), name="crm_followup_plan"),
            path("<int:pk>/edit/", view(self.edit), name="crm_followup_edit"),
            path("<int:pk>/done/", view(self.done), name="crm_followup_done"),
            path("<int:pk>/reopen/", view(self.reopen), name="crm_followup_reopen"),
            path("<int:pk>/remove/", view(self.remove), name="crm_followup_remove"),
            *super().get_urls(),
        ]

    def plan(self, request: HttpRequest, contact_id: int) -> HttpResponse:
        """Something to do for a contact: by default for the user, today."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        contact, now = get_object_or_404(Contact, pk=contact_id), timezone.now()
        task = FollowUp(contact=contact, recorded_by_id=request.user.pk, recorded_at=now)
        initial = {"due_on": local_day(now, organisation_zone()), "assigned_to": request.user.pk}
        form = FollowUpForm(request.POST or None, instance=task, initial=initial)
        if form.is_valid():
            form.save()
            undo = reverse("admin:crm_followup_remove", args=[task.pk])
            return saved_answer(request, "Follow-up planned.", back=page_of(contact.person_id), undo=undo)
        title, warning = f"Follow-up for {contact}", _warning(contact)
        return form_answer(request, form, title=title, contact=contact, verb="Plan", warning=warning)

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is to be done, by when and by whom."""
        task = self._task(pk)
        if not self.has_change_permission(request, task):
            raise PermissionDenied
        form = FollowUpForm(request.POST or None, instance=task)
        if form.is_valid():
            form.save()
            return saved_answer(request, "Follow-up saved.", back=page_of(task.contact.person_id))
        removal = {}
        if self._may_remove(request, task):
            removal = {
                "remove_url": reverse("admin:crm_followup_remove", args=[pk]),
                "remove_label": "Delete this follow-up",
                "remove_question": "Delete this follow-up? To say that it was done, tick it instead.",
            }
        title, warning = f"Follow-up for {task.contact}", _warning(task.contact)
        return form_answer(request, form, title=title, contact=task.contact, warning=warning, **removal)

    def done(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mark a follow-up as done by the user, now; the toast offers to open it again."""
        task = self._task(pk)
        return button_answer(
            request,
            self.has_change_permission(request, task),
            lambda: mark_done([pk], by_id=request.user.pk, now=timezone.now()),
            f"Done: {task.what}",
            task.contact,
            undo=reverse("admin:crm_followup_reopen", args=[pk]),
        )

    def reopen(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Open a follow-up again."""
        task = self._task(pk)
        may = self.has_change_permission(request, task)
        return button_answer(
            request, may, lambda: reopen([pk], now=timezone.now()), f"Open again: {task.what}", task.contact
        )

    def remove(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete a follow-up; the history keeps what it said."""
        task = FollowUp.objects.select_related("contact").filter(pk=pk).first()
        return remove_answer(request, self._may_remove(request, task), task, "Follow-up deleted.")

    def _may_remove(self, request: HttpRequest, task: FollowUp | None) -> bool:
        """Whether the user may delete any follow-up, or planned this one a short while ago."""
        if self.has_delete_permission(request, task):
            return True
        return self.has_add_permission(request) and (task is None or _is_own(task, task.recorded_by_id, request))

    def _task(self, pk: int) -> FollowUp:
        return get_object_or_404(FollowUp.objects.select_related("contact"), pk=pk)


def _is_own(row: Note | FollowUp, by_id: int | None, request: HttpRequest) -> bool:
    """Whether the user wrote a row here, so lately that taking it back is mending a slip."""
    return row.source is None and by_id == request.user.pk and timezone.now() - row.created_at <= SLIP


def _warning(contact: Contact) -> str:
    """Return what whoever plans to turn to a person is told first; empty where they wish nothing."""
    wishes = Contact.objects.filter(person=contact.person_id, do_not_contact=True).exists()
    return f"{contact} does not want to be contacted." if wishes else ""


def form_answer(
    request: HttpRequest, form: forms.BaseForm, *, contact: Contact, template: str = TEMPLATE, **context: object
) -> HttpResponse:
    """Answer with a short form about a contact."""
    return dialog_answer(request, template, {"form": form, "back": page_of(contact.person_id), **context})


def remove_answer(request: HttpRequest, may: bool, row: Note | FollowUp | Consent | None, message: str) -> HttpResponse:
    """Delete a row by POST. One that somebody else deleted meanwhile is gone as wished."""
    if row is not None:
        return button_answer(request, may, row.delete, message, row.contact)
    if not may:
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return saved_answer(request, "It was deleted before.", back=reverse("admin:crm_contact_changelist"))


def button_answer(
    request: HttpRequest, may: bool, act: Callable[[], object], message: str, contact: Contact, *, undo: str = ""
) -> HttpResponse:
    """Do something that a button asks for: by POST alone, and only if the user may."""
    if not may:
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    act()
    return saved_answer(request, message, back=page_of(contact.person_id), undo=undo)
