"""The base classes of every model admin in Kith."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import unfold.admin
import unfold.views
from django import forms
from django.contrib import messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import (
    CASCADE,
    PROTECT,
    DateTimeField,
    ForeignObjectRel,
    JSONField,
    Model,
    QuerySet,
    TextField,
)
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import OrderBy
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from gateway.admin.forms import FactForm, SplitMomentField, WritesWhatWasChanged, is_taken_by
from gateway.admin.page_panels import PanelsMixin
from gateway.admin.paginator import BoundedPaginator
from gateway.admin.reasons import ReasonActionsMixin
from gateway.admin.record_links import opened_by
from gateway.history import HistoryEntry, forms_of, history_of, is_tracked
from gateway.panels import PageAction, actions_for
from gateway.registry import Registry

LONGEST_SEARCH = 320  # characters of a text to look for: each word of it is compared with every row by itself
BY_KEY = frozenset({"id", "pk", "exact", "in"})  # what an address may say of a key
PRESERVED_FILTERS = "_changelist_filters"  # Django's name for the address of the list that a form was opened from
QUICK_RESULTS = 20  # matches of each model in the search over the whole admin


TIMES: dict[type[Any], dict[str, Any]] = {DateTimeField: {"form_class": SplitMomentField}}


class ListOfAll(unfold.views.ChangeList):
    """
    The list of every admin.

    One that is not filtered shows all there is: only a filtered one offers a way back to all.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_popup:
            self.title = capfirst(self.opts.verbose_name_plural)  # and not what to do in it: “Select … to view”

    def get_filters(self, request: HttpRequest) -> Any:
        """
        Refuse an address that asks for anything but what the list has filters for, and the keys of records.

        Django lets it ask for every column, for what was put beside the rows (the address that a list shows to some,
        the money that a person of the queue brought) and for rows that refer to them. Whoever is not shown it would
        find it out letter by letter, and a regular expression or a year of 15 digits is no question of a list.
        """
        found = super().get_filters(request)
        _, _, left_by_filters, *_ = found
        for lookup in left_by_filters:
            if not self._asks_for_records(*lookup.split(LOOKUP_SEP)):
                raise DisallowedModelAdminLookup(f"Filtering by {lookup} not allowed")
        return found

    def _asks_for_records(self, name: str, *how: str) -> bool:
        """Whether it is by the key of the rows or of what they refer to; or is no column, which Django passes over."""
        if name in self.root_queryset.query.annotations:
            return False
        try:
            field = self.lookup_opts.get_field(name)
        except FieldDoesNotExist:
            return True
        is_key = field is self.lookup_opts.pk or (field.is_relation and not isinstance(field, ForeignObjectRel))
        return is_key and set(how) <= BY_KEY

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class ModelAdmin(PanelsMixin, ReasonActionsMixin, unfold.admin.ModelAdmin):
    """
    A list and a form that stay fast at a million rows.

    Subclasses give `list_select_related`, `autocomplete_fields` and an `ordering` that ends in a
    unique column. `panels` is the registry of figures shown above the form, `panels_load_later` whether they come
    after it; `empty_state` says what to do when the list has nothing in it yet; `list_annotations` are computed for
    the list only. `history_in_part` says that the database keeps some of the fields, so that a page of history shows
    besides which others were changed by forms; `history_from_first_change` that it keeps all of them, but begins with
    the first change, so that a page of history shows besides what forms did before: who made the record.
    """

    form = FactForm
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    list_filter_submit = True
    empty_value_display = "–"
    ordering: ClassVar[Sequence[str | OrderBy]] = ("-pk",)
    change_list_template = "gateway/admin/change_list.html"
    change_form_template = "gateway/admin/change_form.html"
    object_history_template = "gateway/admin/history.html"
    delete_selected_confirmation_template = "gateway/admin/delete_selected.html"
    warn_unsaved_form = True
    formfield_overrides: ClassVar = {
        TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})},
        JSONField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})},
        ArrayField: {"widget": UnfoldAdminTextInputWidget},
        **TIMES,
    }

    page_actions: Registry[PageAction] | None = None
    list_actions: Registry[PageAction] | None = None
    empty_state = "Nothing here yet."
    list_annotations: ClassVar[dict[str, object]] = {}
    # Fields that a page which is there to look at shows as the list does, such as amounts with the cents they have.
    shown_as_listed: ClassVar[Mapping[str, str]] = {}
    searches_newest: ClassVar[int | None] = None
    newest_by = "pk"  # the field by which `ordering` begins
    history_in_part = False
    history_from_first_change = False

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ListOfAll]:
        return ListOfAll

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        actions = actions_for(self.list_actions, may=request.user.has_perm) if self.list_actions is not None else []
        return super().changelist_view(request, {"list_actions": actions, **(extra_context or {})})

    def response_action(self, request: HttpRequest, queryset: QuerySet[Model]) -> HttpResponse | None:
        """Take the keys of the chosen rows also joined by commas: of fields, Django takes a thousand from a form."""
        data = request.POST.copy()
        keys = ",".join(data.getlist(ACTION_CHECKBOX_NAME)).split(",")
        data.setlist(ACTION_CHECKBOX_NAME, [key for key in keys if key])
        request.POST = data  # type: ignore[assignment]
        return super().response_action(request, queryset)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        queryset = super().get_queryset(request)
        if self.list_annotations and self.is_list(request):
            queryset = queryset.annotate(**self.list_annotations)
        return queryset

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if len(search_term) > LONGEST_SEARCH:
            search_term = search_term[:LONGEST_SEARCH]
            if self.is_list(request):
                said = f"The search was too long: only its first {LONGEST_SEARCH} characters were looked for."
                self.message_user(request, said, messages.WARNING)
        found, may_have_duplicates = self.search(request, queryset, search_term)
        match = request.resolver_match
        if match is not None and match.url_name == "search":
            # The search over the whole admin reads every match into memory: give it the newest few.
            found = found.order_by("-pk")[:QUICK_RESULTS]
        return found, may_have_duplicates

    def search(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Narrow a list to a search; a subclass may have an index for it."""
        if search_term and self.searches_newest is not None:
            newest = queryset.order_by(*self.ordering).values_list(self.newest_by, flat=True)
            oldest = newest[self.searches_newest - 1 : self.searches_newest].first()
            queryset = queryset if oldest is None else queryset.filter(**{f"{self.newest_by}__gte": oldest})
        return super().get_search_results(request, queryset, search_term)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not self.shown_as_listed or self.has_change_permission(request, obj):
            return fieldsets
        return [(title, options | {"fields": self._as_listed(options["fields"])}) for title, options in fieldsets]

    def _as_listed(self, fields: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(
            self.shown_as_listed.get(field, field) if isinstance(field, str) else self._as_listed(field)
            for field in fields
        )

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, **kwargs)
        form.may_open = staticmethod(opened_by(request, self.admin_site))
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """
        Fill in of a new record what the address gives, and leave out what its field would refuse.

        The list that it was added from gives the records that it was filtered by: what is added to the costs of a
        campaign is a cost of that campaign.
        """
        given = _filtered_by(request) | super().get_changeform_initial_data(request)
        fields = self.get_form(request).base_fields
        return {name: value for name, value in given.items() if name in fields and is_taken_by(fields[name], value)}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not (change and isinstance(form, WritesWhatWasChanged)):
            super().save_model(request, obj, form, change)
            return
        form.write()
        self.tell_what_was_kept(request, form)

    def tell_what_was_kept(self, request: HttpRequest, form: WritesWhatWasChanged) -> None:
        """Say which fields others changed while the form that is saved was open."""
        if form.kept:
            labels = ", ".join(str(form[name].label) for name in form.kept)
            self.message_user(
                request, f"Others changed this while you had the page open, and their values were kept: {labels}."
            )

    def is_list(self, request: HttpRequest) -> bool:
        """Whether the request is for the list, which needs what forms and autocompletes do not."""
        match = request.resolver_match
        return match is not None and (match.url_name or "").endswith("_changelist")

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Model | None = None,
    ) -> HttpResponse:
        if obj is not None and not add:
            context["reason_buttons"] = self.reason_buttons(request, obj)
            context["out"] = self.why_out(obj)
            if self.page_actions is not None:
                context["page_actions"] = actions_for(self.page_actions, may=request.user.has_perm)
            if not context["errors"]:  # where it was refused, the form and what is wrong with it stand on top
                context |= self.panel_context(request, obj)
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        if not is_tracked(self.model):
            return super().history_view(request, object_id, extra_context)
        instance = self.get_object(request, unquote(object_id))
        if instance is None:
            return self._get_obj_does_not_exist_redirect(request, self.model._meta, object_id)
        if not self.has_view_or_change_permission(request, instance):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {instance}",
            "opts": self.model._meta,
            "object": instance,
            "entries": self._shown_history(request, instance),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)

    def hidden_fields(self, request: HttpRequest, obj: Model) -> Mapping[str, str]:
        """Return the fields that this reader may not see of a record, each with what is shown instead."""
        return {}

    def _shown_history(self, request: HttpRequest, instance: Model) -> list[HistoryEntry]:
        """Return the history with hidden fields changed beyond recognition, as they are on the page."""
        hidden = {
            str(self.model._meta.get_field(name).verbose_name): shown
            for name, shown in self.hidden_fields(request, instance).items()
        }
        kept = [
            replace(
                entry,
                changes=[
                    replace(change, before=change.before and hidden[change.label], after=hidden[change.label])
                    if change.label in hidden
                    else change
                    for change in entry.changes
                ],
            )
            for entry in history_of(instance)
        ]
        forms = forms_of(instance) if self.history_in_part or self.history_from_first_change else []
        if self.history_from_first_change and kept:
            forms = [entry for entry in forms if entry.kind == "created" or entry.at < kept[-1].at]
        return sorted([*kept, *forms], key=lambda entry: entry.at, reverse=True)

    def get_deleted_objects(
        self, objs: Iterable[Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """
        Say what a deletion takes along and what forbids it, by one EXISTS per relation.

        Django would load every row that refers to the object, of which there can be millions.
        """
        instances = list(objs)
        meta = self.model._meta
        may = all(self.has_delete_permission(request, instance) for instance in instances)
        needed = set() if may else {str(meta.verbose_name)}
        along: list[str] = []
        protected: list[str] = []
        for relation in meta.get_fields(include_hidden=True):
            if not (isinstance(relation, ForeignObjectRel) and relation.on_delete in (CASCADE, PROTECT)):
                continue
            if not relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": instances}).exists():
                continue
            (along if relation.on_delete is CASCADE else protected).append(
                f"{relation.related_model._meta.verbose_name_plural} that refer to it"
            )
        return [*map(str, instances), *along], {str(meta.verbose_name_plural): len(instances)}, needed, protected


def _filtered_by(request: HttpRequest) -> dict[str, str]:
    """Return by field which single record each, by its key, the list behind a form was filtered by."""
    chosen = QueryDict(request.GET.get(PRESERVED_FILTERS))
    ends = LOOKUP_SEP + "id__exact"
    return {name.removesuffix(ends): value for name, value in chosen.items() if name.endswith(ends)}


class OnlyLookedAt:
    """Nobody adds, changes or deletes a row here. For pages of a model, and for its rows on another's page."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyModelAdmin(OnlyLookedAt, ModelAdmin):
    """A list and a page to look at: for derived rows and for what only machines write."""

    warn_unsaved_form = False

    def render_change_form(self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any) -> HttpResponse:
        context["show_history"] = False  # nobody changes these rows: they have none
        return super().render_change_form(request, context, *args, **kwargs)


class LinkingInline:
    """Tells the forms of an inline which records the reader may open."""

    def get_formset(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> type[forms.BaseFormSet]:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.may_open = staticmethod(opened_by(request, self.admin_site))
        return formset


class TabularInline(LinkingInline, unfold.admin.TabularInline):
    """Rows of a part on the page of its whole."""

    form = FactForm
    formfield_overrides: ClassVar = TIMES
    extra = 0
    hide_title = True


class StackedInline(LinkingInline, unfold.admin.StackedInline):
    """Parts with longer fields on the page of their whole."""

    form = FactForm
    formfield_overrides: ClassVar = TIMES
    extra = 0
