"""
Resources: what a collection looks like to those who read it.

Writing is the business of `gateway.collections`; a resource says which columns make up a record,
how lists of them are filtered and ordered, and which rows a plain list leaves out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, ClassVar

import pydantic
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.http import Http404, QueryDict

from gateway.collections import Collection, collections
from gateway.filters import CollectionFilters
from gateway.items import Moment
from gateway.paging import Count, PageQuery, read_page
from gateway.panels import PermissionCheck

Json = dict[str, Any]


class Record(pydantic.BaseModel):
    """
    The shape of one record in an answer: the documentation is made from it, and the tests hold every answer to it.

    Answers themselves are built from the database's values without it, which is many times faster.
    """

    model_config = pydantic.ConfigDict(extra="forbid")


class ListQuery(PageQuery):
    """The query parameters that the list of every collection takes, beside its filters."""

    ordering: str | None = pydantic.Field(
        None, description="By what the records are ordered; a minus sign turns it round."
    )
    count: bool = pydantic.Field(False, description="Also count the records that match.")
    updated_since: Moment | None = pydantic.Field(
        None,
        description="Only what was written at or after this instant, tombstones and merged records included, "
        "ordered by `updated_at` unless said otherwise. Next time give the `go_on_from` of the answer.",
    )
    include_inactive: bool = pydantic.Field(
        False, description="Also give what no longer stands: merged, deleted, retracted, withdrawn or voided records."
    )


@dataclass(frozen=True)
class Act:
    """Something that can be done to a record beside changing it: `POST …/{id}/<name>/ {"reason": "…"}`."""

    name: str
    summary: str
    perform: Callable[..., object]


@dataclass(frozen=True)
class Withheld:
    """
    Fields that are null for a reader without a permission, in all records or in those where `where` is true.

    `where` names a boolean field of the record.
    """

    permission: str
    fields: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True)
class RecordPage:
    """Records of one page, the cursor of the next one, and the count and where to go on, if asked for."""

    results: list[Json]
    next_cursor: str | None
    count: Count | None
    go_on_from: datetime | None


class Resource:
    """
    Reads the records of one collection, any number of them in a constant number of queries.

    - `record` names the fields. A field is the model's column of the same name, unless `columns` says
      where else it is found (a path or an expression), or `filled` says that `fill` adds it.
    - `hidden` columns are read for `fill`, which takes them out again.
    - `orderings` are indexed together with id and never null.
    - `standing` says which rows a plain list gives.
    - `withheld` are fields that not every reader may see.
    """

    key: ClassVar[str]
    noun: ClassVar[str]
    record: ClassVar[type[Record]]
    filters: ClassVar[type[CollectionFilters]]
    columns: ClassVar[Mapping[str, str | Combinable]] = {}
    hidden: ClassVar[Mapping[str, str | Combinable]] = {}
    filled: ClassVar[frozenset[str]] = frozenset()
    orderings: ClassVar[Sequence[str]] = ("id", "updated_at")
    standing: ClassVar[Q] = Q()
    withheld: ClassVar[Sequence[Withheld]] = ()
    acts: ClassVar[Sequence[Act]] = ()

    @property
    def collection(self) -> Collection:
        """The writing side."""
        return collections[self.key]

    @property
    def model(self) -> type[models.Model]:
        return self.collection.model

    def fill(self, records: list[Json]) -> None:
        """Add to `records` what their columns do not hold, and shape what they do, in a fixed number of queries."""

    def successor_id(self, pk: int) -> int | None:
        """Return the id of the record into which `pk` was merged, or None."""
        return None

    def page(self, parameters: QueryDict, query: ListQuery, *, may: PermissionCheck) -> RecordPage:
        """Return the page of records that the query parameters ask for. Raises `InvalidInput`, `MissingScope`."""
        rows = self.filters.narrow(parameters, self.model._default_manager.all(), may=may)
        if query.updated_since is not None:
            rows = rows.filter(updated_at__gte=query.updated_since)
        elif not query.include_inactive:
            rows = rows.filter(self.standing)
        page = read_page(
            rows,
            self._paths,
            query=query,
            ordering=query.ordering or ("id" if query.updated_since is None else "updated_at"),
            orderings=self.orderings,
            count=query.count,
            changes=query.updated_since is not None,
        )
        return RecordPage(self._records(page.rows, may), page.next_cursor, page.count, page.go_on_from)

    def one(self, pk: int, *, may: PermissionCheck) -> Json:
        """Return one record. Raises `Http404`."""
        rows = self.model._default_manager.filter(pk=pk).values_list(*self._paths)
        records = self._records(list(rows), may)
        if not records:
            raise Http404
        return records[0]

    @cached_property
    def _names(self) -> list[str]:
        return [*(name for name in self.record.model_fields if name not in self.filled), *self.hidden]

    @cached_property
    def _paths(self) -> list[str | Combinable]:
        paths = {**self.columns, **self.hidden}
        return [paths.get(name, name) for name in self._names]

    def _records(self, rows: Sequence[tuple[Any, ...]], may: PermissionCheck) -> list[Json]:
        names = self._names
        records = [dict(zip(names, row, strict=True)) for row in rows]
        if records:
            self.fill(records)
        for part in self.withheld:
            if not may(part.permission):
                for record in records:
                    if not part.where or record[part.where]:
                        record |= dict.fromkeys(part.fields)
        return records


def plain(number: Decimal | None) -> str | None:
    """Return a decimal as text without an exponent and without needless zeros: 2.50 is "2.5"."""
    if number is None:
        return None
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@cache
def page_of(resource: Resource) -> type[pydantic.BaseModel]:
    """Return the shape of a page of records, for the documentation."""
    return pydantic.create_model(
        f"{resource.record.__name__}Page",
        __config__=pydantic.ConfigDict(extra="forbid"),
        results=(list[resource.record], ...),  # type: ignore[name-defined]
        next=(str | None, pydantic.Field(description="The address of the next page; null at the end.")),
        count=(Count | None, pydantic.Field(None, description="There only with `count=true`.")),
        go_on_from=(
            datetime | None,
            pydantic.Field(
                None,
                description="There only with `updated_since`: what to ask for next time, once `next` is null. "
                "Every page of one walk gives the same.",
            ),
        ),
    )
