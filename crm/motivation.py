"""
What moves people, and who may know: it is shown while the person agrees to it, and not otherwise.

Motivation is told in confidence, and no order needs it. It is stored as it comes, because facts arrive in any order and
the consent may be the next one; a withdrawal hides it at once, and a consent that stands again shows it again.
"""

from django.conf import settings
from django.db.models import Case, Exists, F, OuterRef, Q, TextField, When
from django.db.models.functions import Now

from crm.models import Consent
from crm.models.contact import consent_word


def agrees_to_be_known() -> Exists:
    """Return whether a contact's person agrees, on any of their records, to `KITH_MOTIVATION_CONSENT`."""
    purpose = consent_word(settings.KITH_MOTIVATION_CONSENT)
    return Exists(Consent.objects.filter(contact__person=OuterRef("person"), purpose=purpose).standing(now=Now()))


def motivation_shown() -> Case:
    """Return the expression for what may be shown of a contact's motivation: null where it is kept from everybody."""
    return Case(
        When(Q(motivation="") | agrees_to_be_known(), then=F("motivation")), default=None, output_field=TextField()
    )
