from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Who our customers are and what they bring: contacts, companies, campaigns, conversions, money."""

    name = "crm"
    verbose_name = "CRM"
