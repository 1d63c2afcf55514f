"""
The admin's base classes, for every app: the one place that names the admin theme's own classes.

`ModelAdmin` is what Kith's admins inherit: bounded lists, one deterministic order, history from the
database's own event tables, panels with figures, refusals that name the field.
"""

from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    FieldTextFilter,
    RadioFilter,
    TextFilter,
)
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import PaginationInlineFormSet as InlineFormSet
from unfold.widgets import UnfoldAdminSelectWidget as SelectWidget
from unfold.widgets import UnfoldAdminSingleDateWidget as DateWidget
from unfold.widgets import UnfoldAdminTextareaWidget as TextareaWidget
from unfold.widgets import UnfoldAdminTextInputWidget as TextWidget
from unfold.widgets import UnfoldBooleanSwitchWidget as SwitchWidget

from gateway.admin import list_headers, record_links
from gateway.admin.api_key import ApiKeyAdmin
from gateway.admin.base import ModelAdmin, OnlyLookedAt, ReadOnlyModelAdmin, StackedInline, TabularInline
from gateway.admin.cells import amount_cell, excerpt, number_cell, object_link
from gateway.admin.dialogs import dialog_answer, is_dialog, saved_answer
from gateway.admin.filters import AutocompleteSelectFilter, DaysFilter, SpanFilter, StandingFilter, YesNoFilter
from gateway.admin.finder import FinderInput
from gateway.admin.forms import ColleagueField, FactForm, FreeObjectField, MomentField, WritesWhatWasChanged
from gateway.admin.reasons import ReasonAction, restore_action
from gateway.admin.remembering import RemembersWhatItShowed
from gateway.admin.row_buttons import row_buttons

list_headers.install()
record_links.install()

__all__ = [
    "ActionVariant",
    "ApiKeyAdmin",
    "AutocompleteSelectFilter",
    "BooleanRadioFilter",
    "ChoicesDropdownFilter",
    "ColleagueField",
    "DateWidget",
    "DaysFilter",
    "DropdownFilter",
    "FactForm",
    "FieldTextFilter",
    "FinderInput",
    "FreeObjectField",
    "InlineFormSet",
    "ModelAdmin",
    "MomentField",
    "OnlyLookedAt",
    "RadioFilter",
    "ReadOnlyModelAdmin",
    "ReasonAction",
    "RemembersWhatItShowed",
    "SelectWidget",
    "StackedInline",
    "SpanFilter",
    "StandingFilter",
    "SwitchWidget",
    "TabularInline",
    "TextFilter",
    "TextWidget",
    "TextareaWidget",
    "WritesWhatWasChanged",
    "YesNoFilter",
    "action",
    "amount_cell",
    "dialog_answer",
    "display",
    "excerpt",
    "is_dialog",
    "number_cell",
    "object_link",
    "restore_action",
    "row_buttons",
    "saved_answer",
]
