"""Pairs of contacts that may be one person, and which contacts the search still has to look at."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from crm.models.contact import Contact
from crm.models.merge import Merge
from jobs.models import Job


class DuplicateSuggestion(models.Model):
    """
    Two contacts that may be the same person: why, and what somebody decided.

    One row for each pair, the lower id first; a decision is never asked for again. The two stand for their
    persons, also after later merges. `score` is 0 to 100, `reasons` a list of `{"key", "points"}`:
    see `crm.duplicates.evidence`. `said_at` is when a colleague last said that they are one person, and `said_by` who.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        DIFFERENT = "different", "not the same person"
        MERGED = "merged", "merged"

    first = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField(default=0, db_default=0)
    reasons = models.JSONField(default=list, blank=True, db_default=models.Value([], models.JSONField()))
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_default=State.OPEN)
    found_at = models.DateTimeField()
    left_alone_at = models.DateTimeField(
        null=True, editable=False, help_text="when rules looked at it last and did not merge it"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    merge = models.ForeignKey(Merge, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    said_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ("view",)  # to decide is `crm.merge_contact`
        permissions = [("suggest_duplicate", "Can say that two people are one")]
        verbose_name = "possible duplicate"
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"],
                name="crm_duplicatesuggestion_once",
                violation_error_message="This pair is suggested already.",
            ),
            models.CheckConstraint(
                name="crm_duplicatesuggestion_ordered",
                condition=Q(first__lt=F("second")),
                violation_error_message="The contact with the lower id comes first.",
            ),
            models.CheckConstraint(
                name="crm_duplicatesuggestion_score",
                condition=Q(score__lte=100),
                violation_error_message="A score is at most 100.",
            ),
            models.CheckConstraint(
                name="crm_duplicatesuggestion_state_known",
                condition=Q(state__in=["open", "different", "merged"]),
                violation_error_message="The state is one of open, different, merged.",
            ),
        ]
        indexes = [models.Index(fields=["state", "-score", "id"], name="crm_duplicate_by_score")]

    def __str__(self) -> str:
        return f"{self.first} and {self.second}"


class ChangedIdentity(models.Model):
    """
    A contact whose names, addresses, references or handles changed since it was compared with others.

    Appended by triggers and by a search of everybody, which sets `job`; folded when it is claimed. Like
    stale marks it has no key: a writer never waits for the search, and no change is swallowed.

    A row whose search raised has `attempts`: it is claimed alone from then on, so that it holds up no other, and pauses
    until `retry_at` after each error.
    """

    contact_id = models.BigIntegerField()
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, related_name="+", db_constraint=False)
    changed_at = models.DateTimeField(db_default=Now())
    attempts = models.SmallIntegerField(null=True)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Contact {self.contact_id}"
