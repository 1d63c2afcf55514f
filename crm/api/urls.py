"""Addresses of the collections of crm, and of exports."""

from django.urls import path

from crm.api.campaigns import Campaigns
from crm.api.companies import Companies
from crm.api.contact_page import contact_page_paths
from crm.api.contacts import Contacts
from crm.api.conversions import Conversions
from crm.api.duplicates import DuplicateDifferent, DuplicateList
from crm.api.exchange_rates import ExchangeRates
from crm.api.exports import ExportFile, ExportPerson
from crm.api.merging import ContactMerge, ContactMergePreview, ContactUnmerge
from crm.api.notes import FollowUps, Notes
from gateway.collection_views import resource_paths

urlpatterns = [
    *resource_paths(Companies()),
    *resource_paths(Contacts()),
    *contact_page_paths,
    *resource_paths(Notes()),
    *resource_paths(FollowUps()),
    *resource_paths(Campaigns()),
    *resource_paths(Conversions()),
    *resource_paths(ExchangeRates()),
    path("contacts/<int:pk>/merge/", ContactMerge.as_view(), name="contacts-merge"),
    path("contacts/<int:pk>/unmerge/", ContactUnmerge.as_view(), name="contacts-unmerge"),
    path("contacts/<int:pk>/merge-preview/", ContactMergePreview.as_view(), name="contacts-merge-preview"),
    path("duplicates/", DuplicateList.as_view(), name="duplicates-list"),
    path("duplicates/<int:pk>/not-the-same/", DuplicateDifferent.as_view(), name="duplicates-not-the-same"),
    path("contacts/<int:pk>/export/", ExportPerson.as_view(), name="contacts-export"),
    path("exports/<int:pk>/", ExportFile.as_view(), name="exports-file"),
]
