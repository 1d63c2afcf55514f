from crm.models.campaign import Campaign
from crm.models.company import Company
from crm.models.contact import Consent, Contact, ContactPoint, ContactRef, OutcomeMark
from crm.models.conversion import Conversion, ConversionKind
from crm.models.exchange_rate import ExchangeRate

__all__ = [
    "Campaign",
    "Company",
    "Consent",
    "Contact",
    "ContactPoint",
    "ContactRef",
    "Conversion",
    "ConversionKind",
    "ExchangeRate",
    "OutcomeMark",
]
