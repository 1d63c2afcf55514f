"""
Reports: what people, campaigns, channels and communities brought, cost and did for others.

`roi_report` is the one door to ROI: the API, the admin, the demo and the `roi` command all call it. Response figures
have `responses_report`, figures about people `people_report`, what a few people brought `money_of_people`. The formulas
are in `figures`, one function each; docs/metrics.md explains every figure.
"""

from metrics.reports.figures import Ratio
from metrics.reports.query import ALL_MODELS, Cost, InvalidQuery, RoiQuery, Scope, View
from metrics.reports.report import (
    NOT_PROOF,
    Account,
    ModelFigures,
    NotConverted,
    PurposeFigure,
    RoiLine,
    RoiReport,
    RoiRow,
    SocialFigures,
)
from metrics.reports.roi import roi_report, rows_of

__all__ = [
    "ALL_MODELS",
    "NOT_PROOF",
    "Account",
    "Cost",
    "InvalidQuery",
    "ModelFigures",
    "NotConverted",
    "PurposeFigure",
    "Ratio",
    "RoiLine",
    "RoiQuery",
    "RoiReport",
    "RoiRow",
    "Scope",
    "SocialFigures",
    "View",
    "roi_report",
    "rows_of",
]
