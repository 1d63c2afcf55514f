"""Forms that remember what they showed: what others wrote while one was open stays, unless it is changed there too."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.boundfield import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from gateway.history import THE_SYSTEM, history_of, is_tracked
from gateway.items import EARLIEST, LATEST
from gateway.screen import told

SOMEBODY = "Somebody"
TOLD = 1_000  # characters of a value that a refusal repeats


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not EARLIEST <= at < LATEST:
        raise ValueError("No instant of ours.")
    return at


# How what JSON does not know is read again, by the field that shows it; the first that fits.
_READERS: tuple[tuple[tuple[type[forms.Field], ...], Any], ...] = (
    ((forms.DateTimeField, forms.SplitDateTimeField), _instant),
    ((forms.DateField,), date.fromisoformat),
    ((forms.TimeField,), time.fromisoformat),
    ((forms.DecimalField,), Decimal),
)


class ShownField(BoundField):
    """A field that sends along what it shows, where its form remembers it; hidden, beside its widget."""

    form: "RemembersWhatItShowed"

    def __str__(self) -> SafeString:
        if not self.form.remembers(self.name):
            return super().__str__()
        return self.as_widget() + format_html(
            '<input type="hidden" name="{}" value="{}">', self.html_initial_name, self.shows
        )

    __html__ = __str__

    @cached_property
    def shows(self) -> str:
        """What a form that is made now shows here, as text that `showed` reads."""
        value = self.initial
        if isinstance(self.field, forms.ModelMultipleChoiceField):
            value = sorted(self.field.prepare_value(value or []))
        return json.dumps(value, default=_as_text, ensure_ascii=False, sort_keys=True)

    @cached_property
    def was_written_meanwhile(self) -> bool:
        """Whether the record holds something else than the form showed that is sent now."""
        return self._sent is not None and self._sent[0] != self.shows

    @cached_property
    def is_kept(self) -> bool:
        """Whether it stays as the record has it: nobody changed it in this form."""
        return self.form.is_bound and self.form.remembers(self.name) and not self._has_changed()

    @property
    def showed(self) -> Any:
        """What the form showed that is sent now; where it does not say so, what the record holds."""
        return self.initial if self._sent is None else self._sent[1]

    def value(self) -> Any:
        if self.was_written_meanwhile and self.is_kept:
            return self.field.prepare_value(self.initial)
        return super().value()

    def _has_changed(self) -> bool:
        if not self.form.remembers(self.name):
            return super()._has_changed()
        return bool(self.field.has_changed(self.showed, self.data))

    @cached_property
    def _sent(self) -> tuple[str, Any] | None:
        """What the sent form says that it showed: the text, and the value that it stands for."""
        if not (self.form.is_bound and self.form.remembers(self.name)):
            return None
        text = self.form.data.get(self.html_initial_name)
        try:
            return None if text is None else (text, self._read(json.loads(text)))
        except (ValueError, TypeError, ArithmeticError, RecursionError):  # not ours
            return None

    def _read(self, value: Any) -> Any:
        if isinstance(self.field, (forms.ModelMultipleChoiceField, forms.MultipleChoiceField)):
            return [str(one) for one in value or []]
        if value is None:
            return None
        return next((read(value) for kinds, read in _READERS if isinstance(self.field, kinds)), value)


class RemembersWhatItShowed(forms.BaseForm):
    """
    A form of a record that others may write while it is open.

    `changed_data` is what somebody changed in the form, whatever was written meanwhile; every other field that it
    remembers has the value of the record. Where somebody else changed the same field, it is refused once with what
    stands there now: the form that is shown then knows that, and writes over it when it is saved again.
    """

    bound_field_class: ClassVar = ShownField

    def remembers(self, name: str) -> bool:
        """Whether the form sends along what it shows in a field."""
        raise NotImplementedError

    @property
    def of_record(self) -> Model | None:
        """The record whose history says who wrote meanwhile."""
        return None

    @property
    def kept(self) -> list[str]:
        """The fields that others wrote meanwhile and that nobody changed here."""
        return [name for name, shown in self._shown() if shown.was_written_meanwhile and shown.is_kept]

    def _shown(self) -> Iterable[tuple[str, Any]]:
        return ((name, self[name]) for name in self.fields)

    def _clean_fields(self) -> None:
        """Read what was changed; what was not is not read again, and is as it was in the record to the microsecond."""
        kept = [shown.field for _, shown in self._shown() if shown.is_kept]
        meanwhile = [
            (name, shown) for name, shown in self._shown() if shown.was_written_meanwhile and not shown.is_kept
        ]
        for field in kept:
            field.disabled = True  # Django's own word for: take what the record holds
        super()._clean_fields()
        for field in kept:
            field.disabled = False
        for name, shown in meanwhile:
            if shown.field.has_changed(shown.initial, shown.data):
                self.add_error(name, self._refusal(name, shown))

    def _refusal(self, name: str, shown: ShownField) -> ValidationError:
        now = Truncator(_in_words(shown.field, shown.initial)).chars(TOLD)
        became = f"It is now: {now}" if now else "It is empty now."
        return ValidationError(
            f"{self._writer_of(name)} changed this while you had it open. {became} – Save again to put yours instead.",
            code="written_meanwhile",
        )

    def _writer_of(self, name: str) -> str:
        """Return who changed a field of the record last, as far as its history tells."""
        record = self.of_record
        if record is None or not is_tracked(type(record)):
            return SOMEBODY
        labels = {str(field.verbose_name) for field in record._meta.concrete_fields if field.name == name}
        entries = (entry for entry in history_of(record) if labels & {change.label for change in entry.changes})
        entry = next(entries, None)
        return SOMEBODY if entry is None or entry.who == THE_SYSTEM else entry.who


def _as_text(value: object) -> object:
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)


def _in_words(field: forms.Field, value: Any) -> str:
    """Return a value as people read it; nothing where there is none."""
    if isinstance(field, forms.BooleanField):
        return "yes" if value else "no"
    offered: Any = field  # queryset and choices are whatever a form gave
    if value in (None, "", [], {}):
        return ""
    if isinstance(field, forms.ModelMultipleChoiceField):
        return ", ".join(field.label_from_instance(one) for one in value)
    if isinstance(field, forms.ModelChoiceField):
        chosen = offered.queryset.model._default_manager.filter(**{field.to_field_name or "pk": value}).first()
        return field.label_from_instance(chosen) if chosen is not None else ""
    if isinstance(field, forms.ChoiceField):
        return str(next((label for code, label in offered.choices if str(code) == str(value)), value))
    if isinstance(value, (date, list, tuple)):
        return told(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else str(value)
