"""The form behind every fact's page: it writes what was changed, and refusals stand beside the field they concern."""

import copy
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pydantic
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import BaseConstraint, CheckConstraint, F, Model, Q, UniqueConstraint
from django.db.models.expressions import BaseExpression
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from gateway.admin.remembering import RemembersWhatItShowed
from gateway.items import EARLIEST, LATEST, FreeObject, refusals
from gateway.payload import strict_json
from gateway.problems import MalformedJson
from gateway.screen import read_of
from gateway.users import name_of_user

OUT_OF_RANGE = "Give a time between the years 1900 and 2999."
_FREE_OBJECT = pydantic.TypeAdapter(FreeObject)


class WritesWhatWasChanged(RemembersWhatItShowed):
    """
    A model form that writes what was changed in it, and of the record nothing else.

    What a column holds that nobody changed is neither read from the form nor written, so that nothing is lost of what
    others write while the form is open, or while it is saved.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held = {} if self.instance._state.adding else _columns_of(self.instance)

    def remembers(self, name: str) -> bool:
        field = self.fields[name]
        return not self.instance._state.adding and not field.disabled and not field.widget.is_hidden

    @property
    def of_record(self) -> Model:
        return self.instance

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit=False)
        if commit:
            self.write()
            self._save_m2m()
        return saved

    def write(self) -> None:
        """Write the record: of one that stands already, the columns that became different."""
        if not self._held:
            self.instance.save()
            return
        now = _columns_of(self.instance)
        changed = {name for name, value in now.items() if name not in self._held or self._held[name] != value}
        if changed:
            touched = {
                field.attname for field in self.instance._meta.concrete_fields if getattr(field, "auto_now", False)
            }
            self.instance.save(update_fields=changed | touched)

    def _clean_fields(self) -> None:
        super()._clean_fields()
        columns = {field.name for field in self.instance._meta.concrete_fields if not field.is_relation}
        for name, shown in self._shown():
            if name in columns and name in self.cleaned_data and shown.is_kept:
                self.cleaned_data[name] = getattr(self.instance, name)  # as no widget rounds or strips it


class FactForm(WritesWhatWasChanged, forms.ModelForm):
    """
    A model form that shows each broken constraint at its field.

    Django puts the refusals of check constraints on top of the page, as if they concerned the whole
    form. Where a constraint names one field of the form, that field is what has to be mended. `stands_for`
    says which field of the form is shown for a column that the form has under another name.
    """

    stands_for: ClassVar[Mapping[str, str]] = {}

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> object:
        """Show 99.00 where the column holds 99.000, which half of Europe reads as a thousand times as much."""
        value = super().get_initial_for_field(field, field_name)
        columns = {column.name: column for column in self.instance._meta.concrete_fields}
        return read_of(self.instance, columns.get(field_name), value)

    def _update_errors(self, errors: ValidationError) -> None:
        refusals = errors.error_dict.pop(NON_FIELD_ERRORS, []) if hasattr(errors, "error_dict") else []
        constraints = {constraint.get_violation_error_message(): constraint for constraint in self._constraints()}
        for refusal in refusals:
            constraint = constraints.get(refusal.message)
            field = self._field_of(constraint) if constraint else None
            errors.error_dict.setdefault(field or NON_FIELD_ERRORS, []).append(refusal)
        super()._update_errors(errors)

    def _constraints(self) -> list[BaseConstraint]:
        return [constraint for _, constraints in self.instance.get_constraints() for constraint in constraints]

    def _field_of(self, constraint: BaseConstraint) -> str | None:
        columns = [self.stands_for.get(name, name) for name in _fields_named_by(constraint)]
        named = [name for name in columns if name in self.fields]
        if len(named) == 1:
            return named[0]
        changed = [name for name in named if name in self.changed_data]
        return changed[0] if len(changed) == 1 else None


def _columns_of(record: Model) -> dict[str, Any]:
    """Return what a record holds in each column that is known of it."""
    names = [
        field.attname
        for field in record._meta.concrete_fields
        if field not in record._meta.pk_fields and not field.generated
    ]
    return {name: copy.deepcopy(record.__dict__[name]) for name in names if name in record.__dict__}


class MomentField(forms.DateTimeField):
    """A time of the organisation's clock, in one text."""

    def to_python(self, value: Any) -> Any:
        given = parse_datetime(value.strip()) if isinstance(value, str) and value.strip()[:1].isdigit() else value
        if isinstance(given, datetime) and timezone.is_aware(given):
            return _in_range(given)
        with timezone.override(UTC):  # whose every hour there is once
            reading = super().to_python(value)
        return reading and moment_of(reading.replace(tzinfo=None))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it says something else than the widget shows, which may leave the seconds out."""
        shown = self.widget.format_value(self.prepare_value(initial))
        return data != shown and super().has_changed(initial, data)


class SplitMomentField(forms.SplitDateTimeField):
    """A time of the organisation's clock: its day, and its time of day."""

    def clean(self, value: Any) -> Any:
        """Take what a record holds as it is: two texts do not tell which of two hours, nor seconds to the last."""
        return value if isinstance(value, datetime) else super().clean(value)

    def compress(self, data_list: Any) -> Any:
        with timezone.override(UTC):
            reading = super().compress(data_list)
        return reading and moment_of(reading.replace(tzinfo=None))


def moment_of(reading: datetime) -> datetime:
    """
    Return the instant of a reading of the organisation's clock, in UTC.

    In an hour that comes twice it is the first of the two; one in an hour that never comes is moved forward by the
    gap, as in files. Raises `ValidationError` where the API refuses a time.
    """
    if not EARLIEST.year <= reading.year < LATEST.year:
        raise ValidationError(OUT_OF_RANGE, code="out_of_range")
    return _in_range(reading.replace(tzinfo=timezone.get_current_timezone(), fold=0).astimezone(UTC))


def _in_range(moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:
        raise ValidationError(OUT_OF_RANGE, code="out_of_range")
    return moment


class _StrictReader(json.JSONDecoder):
    """Reads what the API reads: Python's own takes NaN, and fails on numbers and nesting beyond its limits."""

    def decode(self, text: str, *_: object) -> Any:
        try:
            return strict_json(text)
        except MalformedJson as refusal:
            raise json.JSONDecodeError(str(refusal), text, 0) from None


class FreeObjectField(forms.JSONField):
    """Names and values of a client's own, by the rules of the API; empty is no value at all, {}."""

    default_error_messages: ClassVar = {"invalid": 'Give names and values, such as {"plan": "gold"}.'}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "decoder": _StrictReader})

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        try:
            return _FREE_OBJECT.validate_python({} if found is None else found, strict=True)
        except pydantic.ValidationError as error:
            raise ValidationError([refusal.message for refusal in refusals(error)]) from None


class ColleagueField(forms.ModelChoiceField):
    """A choice of users by their names."""

    def label_from_instance(self, user: Any) -> str:
        return name_of_user(user)


def is_taken_by(field: forms.Field, value: object) -> bool:
    """Return whether `field` would take `value` as somebody's entry."""
    try:
        field.clean(value)
    except ValidationError:
        return False
    return True


def _fields_named_by(constraint: BaseConstraint) -> list[str]:
    """Return the fields that a constraint is about, each once."""
    if isinstance(constraint, UniqueConstraint):
        return list(constraint.fields)
    if isinstance(constraint, CheckConstraint):
        return list(dict.fromkeys(_fields_in(constraint.condition)))
    return []


def _fields_in(condition: object) -> list[str]:
    if isinstance(condition, tuple):
        return [condition[0].split("__")[0]]
    if isinstance(condition, F):
        return [condition.name.split("__")[0]]
    if isinstance(condition, Q):
        parts: Iterable[object] = condition.children
    else:
        parts = condition.get_source_expressions() if isinstance(condition, BaseExpression) else ()
    return [name for part in parts for name in _fields_in(part)]
