"""The form behind every fact's page: refusals of the model's constraints stand beside the field they concern."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import BaseConstraint, CheckConstraint, F, Q, UniqueConstraint
from django.db.models.expressions import BaseExpression

from gateway.screen import trimmed


class FactForm(forms.ModelForm):
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
        return trimmed(value) if isinstance(value, Decimal) else value

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
