"""Taking facts out of the figures with a reason, and restoring them: void, retract, restore. Nothing is deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextInputWidget

from gateway.screen import told
from gateway.taking_out import Restoring, TakingOut

REFUSALS_SHOWN = 3  # sentences about rows that stay as they are
MOST_AT_ONCE = 100_000  # rows, taken out or restored in one transaction


class ReasonForm(forms.Form):
    """Why: one sentence that stays with the fact."""

    reason = forms.CharField(
        max_length=255,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text="One sentence. It stays with the record.",
    )


@dataclass(frozen=True, kw_only=True)
class ReasonAction:
    """
    An action that asks for a reason first: on a list for the rows ticked, on a page for that record.

    Rows that are so already are left alone. `consequence` tells the person what will happen.
    """

    name: str
    verb: str
    done: str
    consequence: str
    act: TakingOut | Restoring
    icon: str = "block"
    variant: str = "danger"


def restore_action(restoring: Restoring, *, consequence: str) -> ReasonAction:
    """Return the action that lets count again what was taken out."""
    return ReasonAction(
        name="restore",
        verb="Restore",
        done="Restored",
        consequence=consequence,
        act=restoring,
        icon="undo",
        variant="primary",
    )


class ReasonActionsMixin:
    """Gives a model admin its `reason_actions`: an entry in the list's menu and a button on the page."""

    reason_actions: Sequence[ReasonAction] = ()

    def get_urls(self) -> list[URLPattern]:
        meta = self.model._meta
        own = [
            path(
                f"<path:object_id>/{action.name}/",
                self.admin_site.admin_view(self._page_view(action)),
                name=f"{meta.app_label}_{meta.model_name}_{action.name}",
            )
            for action in self.reason_actions
        ]
        return own + super().get_urls()

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable, str, str]]:
        actions = super().get_actions(request)
        if self.has_change_permission(request):
            for action in self.reason_actions:
                label = f"{action.verb} the selected {self.model._meta.verbose_name_plural}"
                actions[f"{action.name}_selected"] = (self._list_action(action), f"{action.name}_selected", label)
        return actions

    def reason_buttons(self, request: HttpRequest, instance: Model | None) -> list[dict[str, str]]:
        """Return label, icon and address of each action that the person may take on this record."""
        if instance is None or not self.may_take_out(request, instance):
            return []
        meta = self.model._meta
        return [
            {
                "label": action.verb,
                "icon": action.icon,
                "url": reverse(f"admin:{meta.app_label}_{meta.model_name}_{action.name}", args=[instance.pk]),
            }
            for action in self.reason_actions
            if action.act.may_follow(instance)
        ]

    def why_out(self, instance: Model) -> str:
        """Return since when and why the record counts nowhere, such as “Voided 3 Mar 2026, 10:00: a test”; or ""."""
        for action in self.reason_actions:
            if isinstance(action.act, TakingOut) and action.act.is_out(instance):
                since, why = getattr(instance, action.act.when), getattr(instance, action.act.why)
                return f"{action.done} {told(since)}{f': {why}' if why else ''}"
        return ""

    def may_take_out(self, request: HttpRequest, instance: Model) -> bool:
        """Whether the person may do so to this record, be it out or not."""
        return super().has_change_permission(request, instance)

    def to_take_out(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Leave out the rows that `may_take_out` would refuse to somebody who may change the others."""
        return queryset

    def _list_action(self, action: ReasonAction) -> Callable:
        def run(_: object, request: HttpRequest, queryset: QuerySet[Model]) -> HttpResponse | None:
            if not self.has_change_permission(request):
                raise PermissionDenied
            queryset = self.to_take_out(request, queryset)
            ids = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
            if len(ids) > MOST_AT_ONCE:
                self.message_user(request, f"{MOST_AT_ONCE:,} at most at once: filter the list first.", messages.ERROR)
                return None
            form = ReasonForm(request.POST if "reason" in request.POST else None)
            if form.is_valid():
                self._perform(request, action, ids, form.cleaned_data["reason"])
                return None
            return self._ask(request, action, form, list(queryset[:10]), len(ids), f"{action.name}_selected", ids)

        return run

    def _page_view(self, action: ReasonAction) -> Callable:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            instance = self.get_object(request, object_id)
            if instance is None:
                raise Http404
            if not self.may_take_out(request, instance):
                raise PermissionDenied
            meta = self.model._meta
            here = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[instance.pk])
            if not action.act.may_follow(instance):
                self._say_refused(request, action, [instance.pk])
                return HttpResponseRedirect(here)
            form = ReasonForm(request.POST or None)
            if form.is_valid():
                self._perform(request, action, [instance.pk], form.cleaned_data["reason"])
                return HttpResponseRedirect(here)
            return self._ask(request, action, form, [instance], 1, "", [instance.pk])

        return view

    def _perform(self, request: HttpRequest, action: ReasonAction, ids: Sequence[int], reason: str) -> None:
        changed = action.act.many(ids, reason=reason, now=timezone.now())
        noun = self.model._meta.verbose_name if changed == 1 else self.model._meta.verbose_name_plural
        self.message_user(request, f"{action.done} {changed:,} {noun}.", messages.SUCCESS)
        self._say_refused(request, action, ids)

    def _say_refused(self, request: HttpRequest, action: ReasonAction, ids: Sequence[int]) -> None:
        refused = [refusal.message for _, refusal in sorted(action.act.refused(ids).items())]
        for sentence in refused[:REFUSALS_SHOWN]:
            self.message_user(request, sentence, messages.WARNING)
        if len(refused) > REFUSALS_SHOWN:
            more = len(refused) - REFUSALS_SHOWN
            self.message_user(request, f"The same holds for {more:,} more.", messages.WARNING)

    def _ask(
        self,
        request: HttpRequest,
        action: ReasonAction,
        form: ReasonForm,
        examples: Sequence[Model],
        count: int,
        list_action: str,
        ids: Sequence[int],
    ) -> HttpResponse:
        meta = self.model._meta
        noun = meta.verbose_name if count == 1 else meta.verbose_name_plural
        page, arguments = ("changelist", []) if list_action else ("change", ids)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{action.verb} {count:,} {noun}",
            "opts": meta,
            "back": reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=arguments),
            "form": form,
            "action": action,
            "examples": [str(example) for example in examples],
            "more": count - len(examples),
            "list_action": list_action,
            "ids": ",".join(map(str, ids)),
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "gateway/admin/reason.html", context)
