"""
The derived tables once more, row by row, each row with one text for its key.

Django's admin does not take models with a composite primary key. These models stand on the same
tables, have no table of their own, and are for reading alone: their key is the parts of the natural
key joined by colons, written by the database when it is asked for.
"""

from collections.abc import Sequence
from typing import Any, cast

from django.db import models
from django.db.models.expressions import Col
from django.utils.functional import cached_property

from metrics.models.cost_day import CostDay
from metrics.models.credit import Credit
from metrics.models.references import reference
from metrics.models.rollup import CampaignDay, ChannelDay, HelperDay, PersonDay


class KeyCol(Col):
    """The joined columns of a natural key, as text."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        quote = connection.ops.quote_name
        prefix = f"{quote(self.alias)}." if self.alias else ""
        columns = cast(KeyField, self.target).columns
        return "(" + " || ':' || ".join(f"{prefix}{quote(name)}::text" for name in columns) + ")", []


class KeyField(models.TextField):
    """A primary key that no column holds: `columns` joined by colons."""

    def __init__(self, *, columns: Sequence[str] = (), **kwargs: Any) -> None:
        self.columns = tuple(columns)
        super().__init__(**{**kwargs, "primary_key": True, "editable": False})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "columns": self.columns}

    def get_col(self, alias: str | None, output_field: models.Field | None = None) -> Col:
        return KeyCol(alias or "", self)

    @cached_property
    def cached_col(self) -> Col:
        return KeyCol(self.model._meta.db_table, self)


def rows_of(table: type[models.Model], *, name: str, noun: str, nouns: str) -> type[models.Model]:
    """Return a model named `name` that reads `table` with a key in one text."""
    key_fields: list[Any] = [table._meta.get_field(field) for field in cast(Any, table._meta.pk).field_names]

    def lookup(row: models.Model) -> str:
        return noun.capitalize() + " " + row.pk.replace(":", ", ")

    return type(
        name,
        (models.Model,),
        {
            "__module__": __name__,
            "__doc__": f"{table.__name__}, row by row, for reading.",
            "__str__": lookup,
            "reads": table,
            "key": KeyField(columns=[field.column for field in key_fields]),
            **{field.name: _again(field) for field in table._meta.concrete_fields},
            "Meta": type(
                "Meta",
                (),
                {
                    "app_label": "metrics",
                    "managed": False,
                    "db_table": table._meta.db_table,
                    "verbose_name": noun,
                    "verbose_name_plural": nouns,
                    "default_permissions": (),
                },
            ),
        },
    )


def _again(field: Any) -> models.Field:
    """Return a field like `field` for another model (a foreign key cannot be cloned while models load)."""
    return reference(field.remote_field.model, null=field.null) if field.is_relation else field.clone()


CreditRow: Any = rows_of(Credit, name="CreditRow", noun="credit", nouns="credits")
CostDayRow: Any = rows_of(CostDay, name="CostDayRow", noun="cost of a day", nouns="costs by day")
PersonDayRow: Any = rows_of(PersonDay, name="PersonDayRow", noun="buyer's day", nouns="buyers by day")
HelperDayRow: Any = rows_of(HelperDay, name="HelperDayRow", noun="helper's day", nouns="helpers by day")
CampaignDayRow: Any = rows_of(CampaignDay, name="CampaignDayRow", noun="campaign's day", nouns="campaigns by day")
ChannelDayRow: Any = rows_of(ChannelDay, name="ChannelDayRow", noun="channel's day", nouns="channels by day")
