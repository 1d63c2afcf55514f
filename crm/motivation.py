"""
What moves people, and who may know: it is shown while the person agrees to it, and not otherwise.

Motivation is told in confidence, and no order needs it. It is stored as it comes, because facts arrive in any order and
the consent may be the next one; a withdrawal hides it at once, and a consent that stands again shows it again.
"""

from django.conf import settings
from django.db.models import Case, F, OuterRef, Q, Subquery, TextField, When
from django.db.models.functions import Now
from django.db.models.lookups import IsNull

from crm.models import Consent
from crm.models.contact import consent_word


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
