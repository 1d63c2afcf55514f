"""crm in the admin: one module per aggregate, registered by being imported here."""

from crm.admin.campaign import CampaignAdmin
from crm.admin.company import CompanyAdmin
from crm.admin.consent import ConsentAdmin
from crm.admin.contact import ContactAdmin
from crm.admin.conversion import ConversionAdmin, ConversionKindAdmin
from crm.admin.duplicate import DuplicateSuggestionAdmin
from crm.admin.exchange_rate import ExchangeRateAdmin
from crm.admin.merge import MergeAdmin
from crm.admin.note import FollowUpAdmin, NoteAdmin
from crm.admin.outcome_mark import OutcomeMarkAdmin
from crm.admin.personal_data import ErasureAdmin, PersonExportAdmin

__all__ = [
    "CampaignAdmin",
    "CompanyAdmin",
    "ConsentAdmin",
    "ContactAdmin",
    "ConversionAdmin",
    "ConversionKindAdmin",
    "DuplicateSuggestionAdmin",
    "ExchangeRateAdmin",
    "FollowUpAdmin",
    "MergeAdmin",
    "NoteAdmin",
    "OutcomeMarkAdmin",
    "ErasureAdmin",
    "PersonExportAdmin",
]
