"""What crm itself knows of the timeline, one line each."""

from crm.models import Consent, Contact, ContactPoint, ContactRef, OutcomeMark
from crm.permissions import VIEW_ADDRESSES
from crm.timeline.changes import RecordChanges
from crm.timeline.conversions import ConversionEntries
from crm.timeline.notes import FollowUpEntries, NoteEntries
from crm.timeline.source import TimelineSource

SOURCES: list[TimelineSource] = [
    ConversionEntries(),
    NoteEntries(),
    FollowUpEntries(),
    RecordChanges("changes", Contact, "pgh_obj_id", "record", "crm.view_contact", merge_column="merged_into_id"),
    RecordChanges("address-changes", ContactPoint, "contact_id", "address", VIEW_ADDRESSES),
    RecordChanges("reference-changes", ContactRef, "contact_id", "reference", "crm.view_contactref"),
    RecordChanges("consent-changes", Consent, "contact_id", "consent", "crm.view_consent"),
    RecordChanges("mark-changes", OutcomeMark, "contact_id", "mark", "crm.view_outcomemark"),
]
