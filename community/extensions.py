"""What may be added to community's pages: the registries of panels and actions."""

from gateway.panels import PageAction, Panel
from gateway.registry import Registry

community_panels: Registry[Panel] = Registry("community panel")
channel_panels: Registry[Panel] = Registry("channel panel")
member_panels: Registry[Panel] = Registry("member panel")
interaction_panels: Registry[Panel] = Registry("interaction panel")
interaction_actions: Registry[PageAction] = Registry("interaction action")
thread_panels: Registry[Panel] = Registry("thread panel")
thread_actions: Registry[PageAction] = Registry("thread action")
