"""
What higher apps may add to crm's pages: the registries of panels.

crm stands alone with all of them empty. community and metrics register theirs in `ready()`.
"""

from gateway.panels import Panel
from gateway.registry import Registry

contact_panels: Registry[Panel] = Registry("contact panel")
campaign_panels: Registry[Panel] = Registry("campaign panel")
conversion_panels: Registry[Panel] = Registry("conversion panel")
