"""
What higher apps may add to crm's pages: the registries of panels, tiles, timeline entries and actions.

The start page is no page of crm's, but what stands on it comes from every app: its registry is here as well.

crm fills in what it knows itself and stands alone with no more than that. community and metrics
register theirs in `ready()`.
"""

from crm.duplicates.sources import DuplicateSource
from crm.merging.part import MergePreviewPart
from crm.personal_data.declarations import PersonalData
from crm.timeline.source import TimelineDetail, TimelineSource
from gateway.panels import PageAction, Panel, TileProvider
from gateway.registry import Registry

contact_panels: Registry[Panel] = Registry("contact panel")  # of a person: their ids are those of persons
campaign_panels: Registry[Panel] = Registry("campaign panel")
conversion_panels: Registry[Panel] = Registry("conversion panel")
contact_actions: Registry[PageAction] = Registry("contact action")
contact_list_actions: Registry[PageAction] = Registry("action of the list of contacts")  # their pages get no id
start_panels: Registry[Panel] = Registry("start page panel")  # of a user: their ids are those of users
contact_tiles: Registry[TileProvider] = Registry("contact tile provider")
timeline_sources: Registry[TimelineSource] = Registry("timeline source")
timeline_details: Registry[TimelineDetail] = Registry("timeline detail")
merge_previews: Registry[MergePreviewPart] = Registry("part of the merge preview")
duplicate_sources: Registry[DuplicateSource] = Registry("source of duplicates")

# What each model of each app holds about people: read by export and erasure. crm/personal_data/declarations.py
# says how a declaration is made; a test fails for a model or a text field without one.
personal_data: Registry[PersonalData] = Registry("declaration of personal data")
