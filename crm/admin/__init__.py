"""crm in the admin: one module per aggregate, registered by being imported here."""

from crm.admin.campaign import CampaignAdmin
from crm.admin.company import CompanyAdmin
from crm.admin.contact import ConsentAdmin, ContactAdmin, OutcomeMarkAdmin
from crm.admin.conversion import ConversionAdmin, ConversionKindAdmin
from crm.admin.exchange_rate import ExchangeRateAdmin

__all__ = [
    "CampaignAdmin",
    "CompanyAdmin",
    "ConsentAdmin",
    "ContactAdmin",
    "ConversionAdmin",
    "ConversionKindAdmin",
    "ExchangeRateAdmin",
    "OutcomeMarkAdmin",
]
