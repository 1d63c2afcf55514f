"""What metrics may add to community's pages: the registries of panels."""

from gateway.panels import PageAction, Panel
from gateway.registry import Registry

community_panels: Registry[Panel] = Registry("community panel")
channel_panels: Registry[Panel] = Registry("channel panel")
member_panels: Registry[Panel] = Registry("member panel")
interaction_panels: Registry[Panel] = Registry("interaction panel")
interaction_actions: Registry[PageAction] = Registry("interaction action")
