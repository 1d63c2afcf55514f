from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Who our customers are and what they bring: contacts, companies, campaigns, conversions, money."""

    name = "crm"
    verbose_name = "CRM"

    def ready(self) -> None:
        from crm.sync.campaigns import Campaigns
        from crm.sync.companies import Companies
        from crm.sync.contacts import Contacts
        from crm.sync.conversions import Conversions
        from crm.sync.exchange_rates import ExchangeRates
        from gateway.collections import collections

        for collection in (Companies, Contacts, Campaigns, Conversions, ExchangeRates):
            collections.register(collection())
