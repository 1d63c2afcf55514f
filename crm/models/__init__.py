from crm.models.campaign import Campaign
from crm.models.company import Company
from crm.models.consent import Consent
from crm.models.contact import Contact
from crm.models.contact_point import ContactPoint
from crm.models.contact_ref import ContactRef
from crm.models.conversion import Conversion, ConversionKind
from crm.models.duplicate import ChangedIdentity, DuplicateSuggestion
from crm.models.exchange_rate import ExchangeRate
from crm.models.merge import Merge
from crm.models.note import FollowUp, Note
from crm.models.outcome_mark import OutcomeMark
from crm.models.personal_data import Erasure, PersonExport, PersonExportDownload, PersonExportPart, Suppression

__all__ = [
    "Campaign",
    "ChangedIdentity",
    "Company",
    "Consent",
    "Contact",
    "ContactPoint",
    "ContactRef",
    "Conversion",
    "ConversionKind",
    "DuplicateSuggestion",
    "Erasure",
    "ExchangeRate",
    "FollowUp",
    "Merge",
    "Note",
    "OutcomeMark",
    "PersonExport",
    "PersonExportDownload",
    "PersonExportPart",
    "Suppression",
]
