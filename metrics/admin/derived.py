"""What the lists of derived rows share: nobody writes them, one permission each, keys of several parts."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model
from django.http import HttpRequest

from gateway.admin import ReadOnlyModelAdmin, number_cell
from metrics.attribution.models import attribution_models
from metrics.models.rows import KeyField
from metrics.panels.parts import money

NOT_COMPUTED = "Nothing is computed yet. Figures follow within seconds of the first facts; or start a recompute."


def minor_cell(field: str, description: str) -> Callable:
    """Return a column that shows a field of minor units as money; the page says once in which currency."""

    def cell(_: object, row: Model) -> str:
        return number_cell(money(getattr(row, field)))

    cell.short_description = description
    cell.admin_order_field = field
    cell.__name__ = f"shown_{field}_amount"
    return cell


class DerivedAdmin(ReadOnlyModelAdmin):
    """
    A list of derived rows.

    `permission_name` is the permission of metrics that opens it, such as `view_credit`; by default its own table's.
    """

    empty_state = NOT_COMPUTED
    permission_name: ClassVar[str] = ""
    list_before_template = "metrics/admin/currency.html"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        table: Any = getattr(self.model, "reads", self.model)
        return request.user.has_perm(f"metrics.{self.permission_name or f'view_{table._meta.model_name}'}")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """Find a row by the parts of its key, each in its own column, where the index is."""
        key = self.model._meta.pk
        if not isinstance(key, KeyField):
            return super().get_object(request, object_id, from_field)
        parts = object_id.split(":")
        if len(parts) != len(key.columns):
            return None
        try:
            return self.get_queryset(request).get(**dict(zip(key.columns, parts, strict=True)))
        except (self.model.DoesNotExist, ValueError, ValidationError, FieldDoesNotExist):
            return None


class CreditSumsAdmin(DerivedAdmin):
    """A daily sum of the ledger with one column per attribution model."""

    sum_columns: ClassVar[Sequence[str]] = tuple(f"{model.key}_amount" for model in attribution_models)


for _model in attribution_models:
    setattr(CreditSumsAdmin, f"{_model.key}_amount", minor_cell(_model.column, _model.label))
