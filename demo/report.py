"""
What the demo prints: what each campaign, community and person brought, and that nothing is missing.

Every figure comes from `roi_report`, which the API and the admin ask as well; nothing is computed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from demo.story import JoesStory, joes_story
from metrics.attribution.models import attribution_models
from metrics.reports import ALL_MODELS, RoiQuery, RoiReport, roi_report
from metrics.reports.report import SumCheck

TOP = 10  # people in each of the two lists


@dataclass(frozen=True)
class DemoReport:
    """The reports that the demo shows, over all time and with every model."""

    campaigns: RoiReport
    communities: RoiReport
    channels: RoiReport
    customers: RoiReport
    helpers: RoiReport
    joe: JoesStory | None

    @property
    def parts(self) -> Mapping[str, RoiReport]:
        """The five reports by what their rows are."""
        return {
            "campaigns": self.campaigns,
            "communities": self.communities,
            "channels": self.channels,
            "people as customers": self.customers,
            "people as helpers": self.helpers,
        }

    @property
    def checks(self) -> Mapping[str, Sequence[SumCheck]]:
        """Rows + lines against the total, for every report and every model."""
        return {name: report.sums for name, report in self.parts.items()}

    @property
    def is_sound(self) -> bool:
        """Whether every sum comes out."""
        return all(check.holds for checks in self.checks.values() for check in checks)


def demo_report(*, now: datetime) -> DemoReport:
    """Ask for everything that the demo shows. `now` decides which days of cost have come."""
    return DemoReport(
        campaigns=roi_report(RoiQuery(scope="campaigns", model=ALL_MODELS, now=now)),
        communities=roi_report(RoiQuery(scope="communities", model=ALL_MODELS, now=now)),
        channels=roi_report(RoiQuery(scope="channels", model=ALL_MODELS, now=now)),
        customers=roi_report(
            RoiQuery(scope="members", view="customer", model=ALL_MODELS, ordering="-revenue", limit=TOP, now=now)
        ),
        helpers=roi_report(RoiQuery(scope="members", view="helper", model=ALL_MODELS, limit=TOP, now=now)),
        joe=joes_story(),
    )


def as_plain(report: DemoReport) -> dict[str, object]:
    """Return the report as what JSON can hold: amounts as text, undefined as null."""
    return {
        "models": attribution_models.keys(),
        **{name.replace(" ", "_"): _plain(part) for name, part in report.parts.items()},
        "joe": report.joe.as_plain() if report.joe else None,
        "is_sound": report.is_sound,
    }


def _plain(report: RoiReport) -> dict[str, object]:
    return {
        "currency": report.currency,
        "rows": [
            {
                "code": row.code,
                "name": row.name,
                "revenue": None if row.revenue is None else str(row.revenue),
                "revenue_credited": {model: str(each.revenue_credited) for model, each in row.models.items()},
                "cost": str(row.cost),
                "roi": {model: _text(each.roi.value) for model, each in row.models.items()},
                "conversions_touched": row.conversions_touched,
                "people_helped": row.social.people_helped,
                "questions_answered": row.social.questions_answered,
                "mean_rating": _text(row.social.mean_rating.value),
                "ratings": row.social.mean_rating.n,
                "cost_per_person_helped": _text(row.social.cost_per_person_helped.value),
            }
            for row in [*report.rows, report.total]
        ],
        "lines": {
            line.key: {
                "revenue": {model: str(amount) for model, amount in line.revenue.items()},
                "cost": str(line.cost),
            }
            for line in report.lines.values()
        },
        "sums": [
            {
                "name": check.name,
                "rows": str(check.rows),
                "lines": str(check.lines),
                "total": str(check.total),
                "holds": check.holds,
            }
            for check in report.sums
        ],
    }


def _text(value: Decimal | None) -> str | None:
    """Return a ratio as the API writes it: four places, null when undefined."""
    return None if value is None else str(value.quantize(Decimal("0.0001")))
