"""
What metrics stores: everything here is derived, and can be deleted and rebuilt from the facts by one command.

The tables have natural keys and neither ids nor timestamps, so that two ways of computing them can be
compared byte by byte. Their references to facts carry no constraint in the database: the facts above
are the truth, and a row about a fact that is gone is swept away by the next recompute.
"""

from metrics import triggers as triggers  # proxy models: Django has to know them for their triggers
from metrics.models.cost_day import CostDay
from metrics.models.credit import ConversionResult, Credit
from metrics.models.recompute import Fingerprint, RecomputeChunk, StaleMark
from metrics.models.rollup import CampaignDay, ChannelDay, HelperDay, PersonDay, TotalDay
from metrics.models.rows import CampaignDayRow, ChannelDayRow, CostDayRow, CreditRow, HelperDayRow, PersonDayRow

__all__ = [
    "CampaignDay",
    "CampaignDayRow",
    "ChannelDay",
    "ChannelDayRow",
    "ConversionResult",
    "CostDay",
    "CostDayRow",
    "Credit",
    "CreditRow",
    "Fingerprint",
    "HelperDay",
    "HelperDayRow",
    "PersonDay",
    "PersonDayRow",
    "RecomputeChunk",
    "StaleMark",
    "TotalDay",
]
