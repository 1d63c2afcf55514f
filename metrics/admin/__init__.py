"""metrics in the admin: derived rows to look at, none to change, and the button that recomputes them."""

from metrics.admin.ledger import ConversionResultAdmin, CreditRowAdmin
from metrics.admin.left_on_read import WaitingAdmin
from metrics.admin.recompute import FingerprintAdmin, RecomputeChunkAdmin, StaleMarkAdmin
from metrics.admin.rollups import (
    CampaignDayAdmin,
    ChannelDayAdmin,
    CostDayAdmin,
    HelperDayAdmin,
    PersonDayAdmin,
    TotalDayAdmin,
)

__all__ = [
    "CampaignDayAdmin",
    "ChannelDayAdmin",
    "ConversionResultAdmin",
    "CostDayAdmin",
    "CreditRowAdmin",
    "FingerprintAdmin",
    "HelperDayAdmin",
    "PersonDayAdmin",
    "RecomputeChunkAdmin",
    "StaleMarkAdmin",
    "TotalDayAdmin",
    "WaitingAdmin",
]
