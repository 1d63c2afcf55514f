"""What the reports and the ledger answer: the shapes that the documentation shows and the tests hold answers to."""

from datetime import date, datetime
from typing import Literal

import pydantic


class Shape(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")


class RatioRecord(Shape):
    """What a ratio was made of; `reason` says why it is null, `n` how many observations stand behind it."""

    numerator: str
    denominator: str
    n: int
    reason: str | None


class ModelRatios(Shape):
    roi: RatioRecord
    roas: RatioRecord
    cost_per_conversion: RatioRecord


class RowRatios(ModelRatios):
    mean_rating: RatioRecord
    cost_per_person_helped: RatioRecord


class ModelRecord(Shape):
    """The figures of a row that depend on the attribution model. Ratios are fractions: "1.0000" is 100 %."""

    revenue_credited: str
    conversions_credited: str = pydantic.Field(description="The sum of shares: it adds up over rows.")
    roi: str | None = pydantic.Field(description="(revenue credited - cost) / cost")
    roas: str | None = pydantic.Field(description="revenue credited / cost")
    cost_per_conversion: str | None


class ModelWithRatios(ModelRecord):
    ratios: ModelRatios


class PurposeRatios(Shape):
    measured: RatioRecord
    attainment: RatioRecord


class PurposeRecord(Shape):
    """A community's purpose, what its measure came to, and that over its target."""

    purpose: str
    measure: str
    measured: str | None
    target: str | None
    attainment: str | None
    ratios: PurposeRatios


class AccountRecord(Shape):
    member_id: int
    channel: str
    external_id: str
    handle: str


class RoiRowRecord(ModelRecord):
    """
    One campaign, channel, community, person or month; or the total.

    The figures that depend on the model are those of `lead_model`; `models` has every one where all
    were asked for. Counts of people, questions and touched conversions are distinct and do not add up.
    """

    id: int | None
    code: str
    name: str
    revenue: str | None = pydantic.Field(description="All revenue of a buyer, of a month, or in total.")
    assisted_revenue: str = pydantic.Field(description="Whole value of conversions with help among their touches.")
    conversions_touched: int
    conversions_fully_refunded: int
    cost: str
    people_helped: int
    questions_answered: int
    mean_rating: str | None
    cost_per_person_helped: str | None
    ratios: RowRatios
    credits: str | None = pydantic.Field(None, description="Where the credits behind the row are; not for the total.")
    models: dict[str, ModelWithRatios] | None = pydantic.Field(None, description="There only with `model=all`.")
    purpose: PurposeRecord | None = pydantic.Field(None, description="There only for communities.")
    accounts: list[AccountRecord] | None = pydantic.Field(None, description="There only for people.")


class LineRecord(Shape):
    """Revenue and cost that belong to no row."""

    label: str
    revenue: str
    cost: str
    models: dict[str, str] | None = pydantic.Field(None, description="Revenue per model, with `model=all`.")


class NotConvertedRecord(Shape):
    """Money without an exchange rate, in its own currency: outside every sum until a rate arrives."""

    currency: str | None = pydantic.Field(
        description="Null for refunds without a currency whose order has not arrived, or was voided."
    )
    conversions: int
    revenue: str
    costs: int
    cost: str
    first_day: date = pydantic.Field(alias="from")
    last_day: date = pydantic.Field(alias="until")


class LinesRecord(Shape):
    """What belongs to no row. Rows + lines = total: revenue for every model, and cost."""

    no_campaign: LineRecord | None = None
    no_channel: LineRecord | None = None
    no_person: LineRecord | None = pydantic.Field(None, description="Credited on guest orders.")
    buyers_themselves: LineRecord | None = pydantic.Field(None, alias="self")
    staff: LineRecord | None = None
    unknown: LineRecord | None = None
    unattributed: LineRecord
    staff_purchases: LineRecord
    not_assigned: LineRecord | None = pydantic.Field(None, description="Cost that is not booked on this scope.")
    unallocated: LineRecord | None = pydantic.Field(None, description="Cost to be shared, without a basis on its day.")
    rounding: LineRecord | None = None
    other_rows: LineRecord | None = pydantic.Field(None, description="The rows that are not on this page.")
    not_converted: list[NotConvertedRecord]


class RoiRecord(Shape):
    """A report. `is_behind` says that facts or settings changed since its figures were computed."""

    model: str
    lead_model: str
    start: date | None = pydantic.Field(alias="from")
    end: date | None = pydantic.Field(alias="to")
    view: Literal["customer", "helper"] | None = pydantic.Field(alias="as")
    cost_basis: Literal["direct", "loaded"]
    currency: str
    note: str
    is_behind: bool
    behind_reason: str | None
    count: int = pydantic.Field(description="How many rows there are on all pages.")
    next: str | None = pydantic.Field(description="The address of the next page; null at the end.")
    rows: list[RoiRowRecord]
    lines: LinesRecord
    total: RoiRowRecord


class CreditConversionRecord(Shape):
    id: int
    source: str | None
    external_id: str | None
    kind: str | None
    order_number: str
    occurred_at: datetime
    amount: str = pydantic.Field(description="As the source gave it, positive for a refund too.")
    currency: str | None
    is_refund: bool
    contact_id: int | None
    contact_name: str


class CreditInteractionRecord(Shape):
    id: int
    channel: str
    external_id: str
    kind: str
    occurred_at: datetime
    text: str | None = pydantic.Field(
        description="What was said; null when it was said in private and the key lacks `private-interactions:read`."
    )
    url: str | None = pydantic.Field(description="Where; null as the text is.")
    is_private: bool
    is_deleted: bool
    thread_id: int | None
    thread_title: str | None = pydantic.Field(description="Empty without a thread or a title; null as the text is.")


class ShareRecord(Shape):
    share: str = pydantic.Field(description="The exact share of the conversion, such as 1/3.")
    share_decimal: str = pydantic.Field(description="The share with six decimals.")
    amount: str = pydantic.Field(description="The credit in the reporting currency, negative for a refund.")


class CreditRecord(Shape):
    """
    One touch of one conversion, and what each model credits to it.

    Without an interaction, the conversion's own UTM code is the touch. Under time decay the share is
    `decay_weight` of `decay_total`.
    """

    conversion: CreditConversionRecord
    interaction: CreditInteractionRecord | None
    position: int = pydantic.Field(description="1 is the oldest touch.")
    touches: int
    day: date = pydantic.Field(description="The local day on which it counts.")
    is_refund: bool
    is_help: bool
    actor_kind: Literal["member", "self", "staff", "unknown"]
    actor_member_id: int | None
    actor_person_id: int | None
    actor: str
    campaign: str | None
    channel: str | None
    decay_weight: int
    decay_total: int
    models: dict[str, ShareRecord]


class RecomputeRequest(Shape):
    """Nothing has to be said: everything is recomputed."""


class CreditPageRecord(Shape):
    results: list[CreditRecord]
    next: str | None = pydantic.Field(description="The address of the next page; null at the end.")
    currency: str
    note: str
