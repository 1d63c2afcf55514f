from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """What it all earned: stale marks, credits, roll-ups, ROI. Everything here can be rebuilt from the facts."""

    name = "metrics"

    def ready(self) -> None:
        """Put metrics' panels, tiles and timeline entries on the pages of the apps below."""
        from crm.extensions import contact_tiles, merge_previews, personal_data, timeline_details, timeline_sources
        from gateway.scopes import GivenScope, PermissionScope, given_scopes, permission_scopes
        from metrics.merge_preview import FiguresTogether
        from metrics.panels import register_panels
        from metrics.personal_data import DECLARED
        from metrics.reports.people import VIEW_VALUE
        from metrics.tiles import MoneyTiles
        from metrics.timeline import CampaignTouches, CreditsOfConversions

        register_panels()
        contact_tiles.register(MoneyTiles())
        timeline_sources.register(CampaignTouches())
        timeline_details.register(CreditsOfConversions())
        merge_previews.register(FiguresTogether())
        permission_scopes.register(PermissionScope("metrics.view_credit", "credits:read", "credits and figures"))
        permission_scopes.register(PermissionScope(VIEW_VALUE, "credits:read", "what a person brought"))
        for given in (
            GivenScope("roi:read", ("metrics.view_credit",)),
            GivenScope("people:read", ("metrics.view_credit",)),
            GivenScope("responses:read", ("metrics.view_credit",)),
            GivenScope("waiting:read", ("community.view_interaction", "crm.view_contact")),
            GivenScope("waiting:write", ("community.view_interaction", "community.change_handling")),
            GivenScope("recompute:write", ("jobs.add_job",)),
            GivenScope("jobs:read", ("jobs.view_job",)),
        ):
            given_scopes.register(given)
        for declaration in DECLARED:
            personal_data.register(declaration)
