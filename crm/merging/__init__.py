"""
One person, many records: joining contacts, and taking them apart again.

A merge is a pointer and rewrites no fact: interactions, conversions, addresses and references stay with the
record that they were written for and are read for the person. What is copied are chosen fields of the
survivor, and the `Merge` remembers what they were, so that taking apart restores both records exactly.
"""

from crm.merging.fields import Choice
from crm.merging.merge import (
    AlreadyOnePerson,
    InvalidMerge,
    NoSuchContact,
    PersonErased,
    merge,
    merge_shells,
)
from crm.merging.unmerge import NotMerged, Unmerged, plan_of_unmerge, unmerge

__all__ = [
    "AlreadyOnePerson",
    "Choice",
    "InvalidMerge",
    "NoSuchContact",
    "NotMerged",
    "PersonErased",
    "Unmerged",
    "merge",
    "merge_shells",
    "plan_of_unmerge",
    "unmerge",
]
