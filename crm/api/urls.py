"""Addresses of the collections of crm."""

from crm.api.campaigns import Campaigns
from crm.api.companies import Companies
from crm.api.contacts import Contacts
from crm.api.conversions import Conversions
from crm.api.exchange_rates import ExchangeRates
from gateway.collection_views import resource_paths

urlpatterns = [
    *resource_paths(Companies()),
    *resource_paths(Contacts()),
    *resource_paths(Campaigns()),
    *resource_paths(Conversions()),
    *resource_paths(ExchangeRates()),
]
