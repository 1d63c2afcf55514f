from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pydantic
import pytest

from community.sources.item_fields import ItemFields, ValueKind


class Reference(pydantic.BaseModel):
    source: str
    external_id: str


class Company(pydantic.BaseModel):
    ref: Reference
    name: str | None = None


class Order(pydantic.BaseModel):
    external_id: str
    amount: Annotated[Decimal, pydantic.Field(ge=0)] | None = None
    occurred_at: datetime | None = None
    day: date | None = None
    minutes: int | None = None
    private: bool = False
    tags: list[str] = []
    contact: Reference | None = None
    company: Company | None = None
    to: str | Reference | None = None
    lines: list[Reference] = []
    custom_fields: dict[str, Any] | None = None


def test_item_fields_are_flat_with_their_kinds():
    kinds = {field.path: field.kind for field in ItemFields(Order)}

    assert kinds == {
        "external_id": ValueKind.TEXT,
        "amount": ValueKind.DECIMAL,
        "occurred_at": ValueKind.INSTANT,
        "day": ValueKind.DATE,
        "minutes": ValueKind.INTEGER,
        "private": ValueKind.BOOLEAN,
        "tags": ValueKind.LIST,
        "contact.source": ValueKind.TEXT,
        "contact.external_id": ValueKind.TEXT,
        "company.ref.source": ValueKind.TEXT,
        "company.ref.external_id": ValueKind.TEXT,
        "company.name": ValueKind.TEXT,
        "to.source": ValueKind.TEXT,
        "to.external_id": ValueKind.TEXT,
        "to": ValueKind.TEXT,
    }


def test_item_fields_know_what_an_item_needs():
    required = [field.path for field in ItemFields(Order) if field.is_required and not field.owner]

    assert required == ["external_id"]


@pytest.mark.parametrize(
    ("path", "is_known"),
    [("custom_fields.shoe size", True), ("custom_fields.", False), ("custom_fields.a.b", False), ("lines", False)],
)
def test_item_fields_take_any_name_in_an_open_dictionary_only(path, is_known):
    assert (ItemFields(Order).get(path) is not None) == is_known
