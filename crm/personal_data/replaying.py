"""
Repeating erasures after a restore: a backup still knows people who were erased since.

The list of erasures (KITH_ERASURE_LIST, or `manage.py list_erasures`) holds ids, instants and hashes. A record is
erased again only when its id **and** the instant it was made are those of the list, so that an id which the
restored database gave to somebody else is never touched. What was suppressed is suppressed again in any case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from crm.merging.merge import wait_for_merges
from crm.merging.unmerge import unmerge
from crm.models import Contact, Erasure
from crm.personal_data.deleted import put_back
from crm.personal_data.erasing import erase_contacts
from crm.personal_data.erasure_list import ErasureLine
from crm.personal_data.suppression import suppress, wait_for_writers


@dataclass
class Replayed:
    """What a replay did: records erased again, erasures of which nothing was there, suppressions added."""

    erasures: int = 0
    contacts: int = 0
    absent: int = 0
    suppressions: int = 0


def replay_erasures(lines: Iterable[ErasureLine], *, now: datetime) -> Replayed:
    """Erase again whom the list names and the database still knows. Each erasure is a transaction of its own."""
    done = Replayed()
    for line in lines:
        with transaction.atomic():
            wait_for_writers()
            wait_for_merges()
            made_at = dict(line.contacts)
            put_back(made_at)
            known = Contact.objects.filter(pk__in=made_at, erased_at=None).order_by("pk")
            contacts = [pk for pk, created_at in known.values_list("pk", "created_at") if created_at == made_at[pk]]
            erasure = None
            if contacts:
                _take_apart(contacts, now=now)
                erasure = Erasure(
                    person_id=contacts[0],
                    reason=Erasure.Reason.REPLAYED,
                    erased_at=now,
                    erased_through="replay",
                )
                erase_contacts(contacts, erasure=erasure, now=now)
                done.erasures += 1
                done.contacts += len(contacts)
            else:
                done.absent += 1
            done.suppressions += suppress(line.suppressions, erasure=erasure)
    return done


def _take_apart(contacts: Sequence[int], *, now: datetime) -> None:
    """Undo merges with records that were not the person's any more when they were erased: the backup has them still."""
    into_others = Q(pk__in=contacts, merged_into__isnull=False) & ~Q(merged_into__in=contacts)
    from_others = Q(merged_into__in=contacts) & ~Q(pk__in=contacts)
    for loser in Contact.objects.filter(into_others | from_others).order_by("pk").values_list("pk", flat=True):
        unmerge(loser_id=loser, now=now)
