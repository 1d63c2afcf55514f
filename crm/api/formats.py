"""How money and references look in answers."""

from decimal import Decimal
from typing import Annotated, Any

import pydantic

from crm.money import readable

Amount = Annotated[
    str, pydantic.Field(pattern=r"^\d+(\.\d+)?$", description="In major units, with the decimals of its currency.")
]

SignedAmount = Annotated[
    str, pydantic.Field(pattern=r"^-?\d+(\.\d+)?$", description="In major units, with the decimals of its currency.")
]


class RefRecord(pydantic.BaseModel):
    """What another system calls a record."""

    model_config = pydantic.ConfigDict(extra="forbid")

    source: str
    external_id: str


def money(amount: Decimal | None, currency: str | None) -> str | None:
    """
    Return an amount as text with the decimals of its currency: 40 EUR is "40.00", 40 JPY "40".

    One whose currency is not known has two decimals at least.
    """
    return None if amount is None else format(readable(amount, currency), "f")


def ref(source: Any, external_id: Any) -> dict[str, Any] | None:
    """Return a reference, or None where there is none."""
    return None if source is None else {"source": source, "external_id": external_id}
