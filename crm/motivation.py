"""
What moves people, and who may know: it is shown while the person agrees to it, and not otherwise.

Motivation is told in confidence, and no order needs it. It is stored as it comes, because facts arrive in any order and
the consent may be the next one; a withdrawal hides it at once, and a consent that stands again shows it again.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Case, F, OuterRef, Q, Subquery, TextField, When
from django.db.models.functions import Now
from django.db.models.lookups import IsNull

from crm.models import Consent, Contact, Merge
from crm.models.consent import consent_word
from gateway.history import Confidence

ON_RECORD = "on record, not shown"  # instead of what the person does not agree to show


def consent_to_motivation() -> str:
    """Return the purpose that people agree to, as consents have it."""
    return consent_word(settings.KITH_MOTIVATION_CONSENT)


def agrees_to_be_known() -> Q:
    """Return the condition that a contact's person agrees to it, on any record; asked of each for itself."""
    agreed = Consent.objects.filter(contact__person=OuterRef("person"), purpose=consent_to_motivation())
    return Q(IsNull(Subquery(agreed.standing(now=Now()).order_by().values("pk")[:1]), False))


def motivation_shown() -> Case:
    """Return the expression for what may be shown of a contact's motivation: null where it is kept from everybody."""
    return Case(
        When(Q(motivation="") | agrees_to_be_known(), then=F("motivation")), default=None, output_field=TextField()
    )


def kept_of_contacts(contacts: Collection[Any]) -> Collection[Any]:
    """Return those of these contacts whose person does not agree, deleted ones among them. One query."""
    agreeing = Contact.objects.filter(agrees_to_be_known(), pk__in=list(contacts)).values_list("pk", flat=True)
    return set(contacts) - set(agreeing)


def kept_of_merges(merges: Collection[Any]) -> Collection[Any]:
    """Return those of these merges that decided what moves a person who does not agree that it is shown. One query."""
    decided = Merge.objects.filter(pk__in=list(merges), taken_over__has_key="motivation")
    agreeing = Contact.objects.filter(agrees_to_be_known()).values("pk")
    return set(decided.exclude(survivor__in=agreeing).values_list("pk", flat=True))


def taken_over_shown(merge: Merge) -> Mapping[str, Any]:
    """Return what a merge decided, by path, without what moves a person who does not agree that it is shown."""
    layer = merge.taken_over.get("motivation")
    if layer is None or not kept_of_contacts([merge.survivor_id]):
        return merge.taken_over
    return {**merge.taken_over, "motivation": {side: value and ON_RECORD for side, value in layer.items()}}


CONFIDENCES = (
    Confidence("crm.Contact.motivation", kept_of_contacts),
    Confidence("crm.Merge.taken_over", kept_of_merges),
)
