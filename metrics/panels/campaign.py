"""What a campaign cost, earned and did for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.panels import Figure, Link, PanelContent, PermissionCheck
from metrics.panels.beside import beside_campaigns
from metrics.panels.months import campaign_months
from metrics.panels.parts import behind_notes, business_figures, ledger_link, models_table, social_figures
from metrics.reports import ALL_MODELS, RoiQuery, rows_of


@dataclass(frozen=True)
class CampaignFigures:
    key: str = "figures"
    title: str = "Cost and return"
    order: int = 10
    permission: str = "metrics.view_credit"
    description: str = "Cost, credited revenue under each model, ROI, and what was done for people; all time."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        rows = rows_of(RoiQuery(scope="campaigns", ids=ids, model=ALL_MODELS, now=now))
        charts = campaign_months(ids)
        behind, beside = behind_notes(), beside_campaigns(ids, now=now)
        contents = {}
        for pk in ids:
            row, notes = rows.get(pk), (*beside.get(pk, ()), *behind)
            if row is None:
                contents[pk] = PanelContent(notes=("It has cost nothing and earned nothing so far.", *notes))
                continue
            credits = ledger_link(campaign=pk)
            figures = [_with_link(figure, "Cost", _costs_of(pk)) for figure in business_figures(row, credits=credits)]
            contents[pk] = PanelContent(
                figures=(*figures, *social_figures(row)),
                charts=(charts[pk],) if pk in charts else (),
                tables=(models_table(row, credits=credits),),
                notes=notes,
            )
        return contents


def _costs_of(pk: int) -> Link:
    return Link(page="admin:community_cost_changelist", query={"campaign__id__exact": pk})


def _with_link(figure: Figure, label: str, link: Link) -> Figure:
    if figure.label != label:
        return figure
    return Figure(label=label, value=figure.value, unit=figure.unit, note=figure.note, link=link)
