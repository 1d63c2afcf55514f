"""
Erasing a person: the names go, the figures stay.

One transaction does all of it, so nobody is ever half erased:

1. wait for batches that looked names up before (see suppression.py) and for merges, lock the person's records;
2. find every row about the person by the declared ways, and everything the person is known by;
3. treat the rows as declared, delete those that are nothing but identity;
4. rewrite history the same way: the one path in Kith that may;
5. take back what merges carried to records that are somebody else's by now;
6. blot the person's name out of other people's words and of all headings, end sessions that mention it;
7. note the erasure, without a word about whose it was, and suppress what the person was known by.

Interactions, credits, conversions and totals stay where they are, under a pseudonym: no figure reads
what goes, and a campaign's UTM code, which one does, stays.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from crm.merging.merge import wait_for_merges
from crm.models import Contact, Erasure
from crm.personal_data.blotting import Traces, blot_out
from crm.personal_data.carried import carried_from, take_back
from crm.personal_data.erasure_list import add_to_list
from crm.personal_data.erasure_report import ErasureReport, report_of
from crm.personal_data.known_by import known_by, suppressed_names
from crm.personal_data.rows import PersonRows, contacts_of_person
from crm.personal_data.schema import personal_models, tracked_model
from crm.personal_data.sessions import end_sessions_that_mention
from crm.personal_data.suppression import digest_of, suppress, wait_for_writers
from crm.personal_data.treating import delete_identities, rename_everywhere, rewrite_history, treat
from gateway.errors import DomainError

logger = logging.getLogger(__name__)


class AlreadyErased(DomainError):
    """The person was erased before."""

    code = "already_erased"
    status = 409


def is_same_name(typed: str, name: str) -> bool:
    """Whether a name was typed as it stands; how many spaces there are between its words does not count."""
    return typed.split() == name.split()


def plan_erasure(contact_id: int) -> ErasureReport:
    """Return what erasing this contact's person would do, and change nothing. Raises `NotFound`."""
    contacts = contacts_of_person(contact_id)
    rows = PersonRows(contacts)
    rows.look_up()
    known = known_by(rows)
    return report_of(rows, known, Traces.made_of(known.by_sort), carried_from(contacts))


def erase_person(
    *, contact_id: int, reason: str, now: datetime, erased_by: int | None = None, through: str
) -> ErasureReport:
    """Erase the person of this contact and return what was done. Raises `NotFound`, `AlreadyErased`."""
    with transaction.atomic():
        wait_for_writers()
        wait_for_merges()
        contacts = contacts_of_person(contact_id)
        person = Contact.objects.values_list("person_id", flat=True).get(pk=contact_id)
        if not Contact.objects.filter(pk__in=contacts, erased_at=None).exists():
            raise AlreadyErased("This person was erased before: nothing is left to erase.")
        erasure = Erasure(
            person_id=person, reason=reason, erased_at=now, erased_by_id=erased_by, erased_through=through
        )
        report, _ = erase_contacts(contacts, erasure=erasure, now=now)
    return report


def erase_contacts(contacts: Sequence[int], *, erasure: Erasure, now: datetime) -> tuple[ErasureReport, set[bytes]]:
    """
    Erase these records, which are all of a person's, in the caller's transaction, and store `erasure`.

    Return what was done and the hashes of what was suppressed.
    """
    locked = Contact.objects.filter(pk__in=contacts).order_by("pk").select_for_update()
    made_at = dict(locked.values_list("pk", "created_at"))
    rows = PersonRows(list(contacts))
    rows.look_up()  # before anything changes: ways lead through other rows
    known = known_by(rows)
    traces = Traces.made_of(known.by_sort)
    carried = carried_from(rows.contacts)
    report = report_of(rows, known, traces, carried)
    names = suppressed_names(rows)

    models_of_facts = [model for model in personal_models() if tracked_model(model) is None]
    for model in models_of_facts:
        names |= treat(model, rows, now=now)
    for model in models_of_facts:
        delete_identities(model, rows)
    names |= rewrite_history(rows, now=now)
    take_back(carried)
    rename_everywhere(names)
    blot_out(traces)
    end_sessions_that_mention(traces)

    erasure.contacts = [[pk, at.isoformat()] for pk, at in sorted(made_at.items())]
    erasure.rows = report.counts()
    erasure.save()
    digests = {digest_of(name) for name in names}
    suppress(digests, erasure=erasure)
    transaction.on_commit(partial(add_to_list, erasure, digests))
    logger.info("Erased %s records of one person; %s names suppressed.", len(contacts), len(digests))
    return report, digests
