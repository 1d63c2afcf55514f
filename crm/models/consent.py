"""Consents: what people agreed to be contacted for, and what they took back."""

from datetime import datetime

import pghistory
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from crm.models.contact import Contact


def consent_word(text: str) -> str:
    """Return a purpose or channel of a consent as all are compared: “E-Mail” and “email ” are the same, `email`."""
    word = " ".join(text.split()).lower()
    return {"e-mail": "email", "telephone": "phone"}.get(word, word)


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Consents, as figures and audiences read them."""

    def standing(self, *, now: datetime | Now, channel: str = "") -> "ConsentQuerySet":
        """
        Keep what was granted by `now` and not taken back; with `channel`, only what covers it.

        A withdrawal takes back whatever the person agreed to for the purpose until then, on any of their records:
        what it covers itself, by its channel or by any, and with `channel` a consent to any as far as that one goes.
        """
        granted = self.filter(Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=now), granted_at__lte=now)
        covered = ["", channel] if channel else None
        taken_back = Consent._default_manager.filter(
            contact__person=OuterRef("contact__person"),
            purpose=OuterRef("purpose"),
            channel__in=["", OuterRef("channel"), *(covered or ())],
            withdrawn_at__lte=now,
            withdrawn_at__gte=OuterRef("granted_at"),
        )
        return (granted.filter(channel__in=covered) if covered else granted).filter(~Exists(taken_back))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Consent(models.Model):
    """
    A person's yes to being contacted for a purpose, with its source; withdrawn, it stays as evidence.

    Purpose and channel are stored as `consent_word` has them, so that a withdrawal meets what it takes back.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=50, help_text="such as newsletter, research, testimonial")
    channel = models.CharField(
        max_length=50, blank=True, default="", db_default="", help_text="such as email; empty: any"
    )
    granted_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=100, help_text="where the consent was given")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="crm_consent_withdrawn_after_granted",
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("granted_at")),
                violation_error_message="A consent cannot be withdrawn before it was granted.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} ({self.channel or 'any channel'})"

    def clean(self) -> None:
        self.purpose, self.channel = consent_word(self.purpose), consent_word(self.channel)
