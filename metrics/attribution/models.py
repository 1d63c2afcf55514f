"""
The attribution models, one line each.

Each model has a column in the ledger; what it computes stands in sql/credits.sql, beside the others,
since all are computed in one pass over a conversion's touches. Raise `version` when a model's result
changes: the fingerprint of the stored figures then differs, and a full recompute is queued.

Sources: the rule-based models as offered by Google Ads (API, AttributionModel), Matomo (FAQ 25500)
and Salesforce (multi-touch attribution).
"""

from dataclasses import dataclass

from gateway.registry import Registry


@dataclass(frozen=True, kw_only=True)
class AttributionModel:
    """
    A rule by which a conversion's value is split over its touches; `column` is its amount in the ledger.

    The share of one touch is `weight` / `total`: SQL over the ledger's own columns (position, touches,
    decay_weight, decay_total) that gives whole numbers. The weights of a conversion's touches sum to the total.
    """

    key: str
    label: str
    description: str
    version: int
    weight: str
    total: str

    @property
    def column(self) -> str:
        """The column of credits and roll-ups that holds this model's amount, in minor units."""
        return f"{self.key}_minor"


attribution_models: Registry[AttributionModel] = Registry(
    "attribution model",
    AttributionModel(
        key="first_touch",
        label="First touch",
        description="All to the oldest touch inside the lookback window.",
        version=1,
        weight="(position = 1)::integer",
        total="1",
    ),
    AttributionModel(
        key="last_touch",
        label="Last touch",
        description="All to the newest touch.",
        version=1,
        weight="(position = touches)::integer",
        total="1",
    ),
    AttributionModel(
        key="linear",
        label="Linear",
        description="The same to every touch.",
        version=1,
        weight="1",
        total="touches",
    ),
    AttributionModel(
        key="position_based",
        label="Position-based",
        description="40 % to the first touch, 40 % to the last, 20 % shared by those between; two touches: half each.",
        version=1,
        weight="CASE WHEN touches <= 2 THEN 1 WHEN position IN (1, touches) THEN 2 * (touches - 2) ELSE 1 END",
        total="CASE WHEN touches <= 2 THEN touches ELSE 5 * (touches - 2) END",
    ),
    AttributionModel(
        key="time_decay",
        label="Time decay",
        description="Weight halves with every 7 days before the newest touch.",
        version=1,
        weight="decay_weight",
        total="decay_total",
    ),
)
