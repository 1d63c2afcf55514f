"""Threads: questions, tickets and topics, with the answer that was accepted or confirmed."""

from collections.abc import Iterator, Mapping, Sequence

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from community.admin.private_texts import PrivateTexts
from community.extensions import thread_actions, thread_panels
from community.models import Thread
from community.private_texts import PRIVATE, thread_is_private
from community.sync.accepted_answers import accepted_by, refresh_accepted_help
from crm.admin.erased import ErasedRefusingForm
from crm.models import Contact
from crm.personal_data.suppression import SourceName
from gateway.admin import AutocompleteSelectFilter, DaysFilter, ModelAdmin, YesNoFilter, display, excerpt


class AnsweredFilter(YesNoFilter):
    title = "answer"
    parameter_name = "answered"
    yes = Q(accepted_answer__isnull=False) | Q(confirmed_answer__isnull=False)
    yes_label = "Accepted or confirmed"
    no_label = "None yet"


class ThreadForm(ErasedRefusingForm):
    """A question, ticket or topic, and who opened it."""

    def names(self) -> Iterator[tuple[Sequence[str], SourceName]]:
        yield ["external_id", "channel"], ("thread", self.instance.channel_id, self.instance.external_id)

    def persons(self) -> Mapping[str, Contact | None]:
        opener = self.cleaned_data.get("opened_by")
        return {"opened_by": opener and opener.contact}


@admin.register(Thread)
class ThreadAdmin(PrivateTexts, ModelAdmin):
    form = ThreadForm
    list_display = ("shown_title", "channel", "topic", "opened_by", "opened_at", "is_answered", "source_state")
    list_display_links = ("shown_title",)
    list_select_related = ("channel", "opened_by")
    list_filter = (
        ("channel", AutocompleteSelectFilter),
        ("opened_by", AutocompleteSelectFilter),
        ("opened_at", DaysFilter),
        AnsweredFilter,
    )
    search_fields = ("title", "external_id")
    search_help_text = "Title or external id"
    autocomplete_fields = ("channel", "opened_by", "accepted_answer", "confirmed_answer", "confirmed_by")
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("title", ("channel", "external_id"), ("topic", "source_state"), "url")}),
        ("Opened", {"fields": (("opened_by", "opened_at"),)}),
        ("Answer", {"fields": ("accepted_answer", ("confirmed_answer", "confirmed_by"))}),
    )
    panels = thread_panels
    page_actions = thread_actions
    private_fields = ("title", "url")
    privacy = thread_is_private()
    history_from_first_change = True
    empty_state = "Threads appear with the questions and topics of a channel: sync it or import it."

    def save_model(self, request: HttpRequest, obj: Thread, form: forms.ModelForm, change: bool) -> None:
        """Accepting an answer makes it help; taking that back withdraws the help."""
        # Not what the form says was accepted: a client can have said otherwise since.
        answers = accepted_by(Thread.objects.filter(pk=obj.pk))
        super().save_model(request, obj, form, change)
        if obj.accepted_answer_id is not None:
            answers.add(obj.accepted_answer_id)
        refresh_accepted_help(answers, now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Thread) -> None:
        """What it accepted is help no longer."""
        self.delete_queryset(request, Thread.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        with transaction.atomic():
            answers = accepted_by(Thread.objects.filter(pk__in=queryset.values("pk")))
            super().delete_queryset(request, queryset)
            refresh_accepted_help(answers, now=timezone.now())

    @display(description="Title", ordering="title")
    def shown_title(self, thread: Thread) -> str:
        return PRIVATE if thread.is_hidden else excerpt(str(thread))

    @display(description="Answered", boolean=True)
    def is_answered(self, thread: Thread) -> bool:
        return thread.accepted_answer_id is not None or thread.confirmed_answer_id is not None
