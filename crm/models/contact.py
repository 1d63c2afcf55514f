"""
Contacts: records of people, and which of them are one person.

A contact is a record; a person is a chain of merged contacts. `merged_into` points from the losing
record to the survivor; `person` is the end of that chain, kept by a trigger, so that everything can
group by one column. A merge rewrites no fact.
"""

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Collate, Left, Lower, NullIf, Reverse

from crm.countries import countries_by_name
from crm.folding import folded
from crm.models.changed_identity import compare_again
from crm.models.company import Company
from crm.models.synced import Synced
from crm.models.told_of_contacts import told_with_the_person

EARLIEST_BIRTH, LATEST_BIRTH = 1900, 2100
BEGINNING = 64  # characters of the search text that short searches compare, letter by letter from the first
ERASED_NAME = "Erased person "  # and the person's id: the pseudonym under which an erased person's facts stand

# Merges are rare and short: one lock for all of them keeps two merges at once from making a circle.
# The unmerged, nearly all, are told apart before asking the table: a plan made while it was empty scans all of it.
_FIND_PERSON = """
    IF NEW.merged_into_id IS NULL THEN
        NEW.person_id := NEW.id;
    ELSE
        NEW.person_id := COALESCE((SELECT c.person_id FROM crm_contact c WHERE c.id = NEW.merged_into_id), NEW.id);
    END IF;
    RETURN NEW;
"""
_REFUSE_CIRCLE_AND_FIND_PERSON = (
    """
    PERFORM pg_advisory_xact_lock(hashtext('crm_contact.merged_into'));
    IF NEW.erased_at IS NOT NULL
        OR EXISTS (SELECT FROM crm_contact c WHERE c.id = NEW.merged_into_id AND c.erased_at IS NOT NULL) THEN
        RAISE EXCEPTION 'Contact % cannot be merged into %: one of them was erased.', NEW.id, NEW.merged_into_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'crm_contact_no_merge_of_erased';
    END IF;
    IF EXISTS (
        WITH RECURSIVE above(id, merged_into_id) AS (
            SELECT c.id, c.merged_into_id FROM crm_contact c WHERE c.id = NEW.merged_into_id
            UNION ALL
            SELECT c.id, c.merged_into_id FROM above a JOIN crm_contact c ON c.id = a.merged_into_id
            WHERE a.id <> NEW.id
        )
        SELECT 1 FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'Contact % cannot be merged into %: that would be a circle.', NEW.id, NEW.merged_into_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'crm_contact_no_merge_circle';
    END IF;
"""
    + _FIND_PERSON
)
_CARRY_PERSON_DOWN = """
    WITH RECURSIVE below(id) AS (
        SELECT c.id FROM crm_contact c WHERE c.merged_into_id = NEW.id
        UNION ALL
        SELECT c.id FROM crm_contact c JOIN below b ON c.merged_into_id = b.id
    )
    UPDATE crm_contact c SET person_id = root.person_id, updated_at = now()
    FROM below b, (SELECT r.person_id FROM crm_contact r WHERE r.id = NEW.id) root
    WHERE c.id = b.id AND c.person_id IS DISTINCT FROM root.person_id;
    RETURN NULL;
"""


class ContactQuerySet(models.QuerySet["Contact"]):
    def persons(self) -> "ContactQuerySet":
        """Leave out records that were merged into another one: one row per person stays."""
        return self.filter(merged_into=None)


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["known_as", "search_text"],
)
class Contact(Synced):
    """
    A person, known or not yet. Of a follower we may know only a handle: then the stage is *audience*.

    `known_as` are the handles of the person's accounts, kept by whoever knows accounts: what somebody
    without a name is called. `search_text` is what the search looks through: names, handles and addresses,
    folded, kept by the writing services. `country` and `birth_year` are what the person says. `tags`
    and `custom_fields` are the client's own. A wish not to be contacted that staff noted themselves stands
    since `do_not_contact_noted_at`: staff lift it, no source does (crm/wishes.py).
    """

    class Stage(models.TextChoices):
        AUDIENCE = "audience", "audience"
        LEAD = "lead", "lead"
        CUSTOMER = "customer", "customer"

    full_name = models.CharField(max_length=255, blank=True, default="", db_default="")
    preferred_name = models.CharField(max_length=100, blank=True, default="", db_default="")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, null=True, blank=True, related_name="contacts")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.LEAD, db_default=Stage.LEAD)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True, db_default=[])
    custom_fields = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))
    motivation = models.TextField(
        blank=True, default="", db_default="", help_text="what moves this person and what they seek"
    )
    language = models.CharField(max_length=35, blank=True, default="", db_default="", help_text="BCP 47, such as da")
    country = models.CharField(
        max_length=2,
        blank=True,
        default="",
        db_default="",
        choices=countries_by_name,
        help_text="where this person says they live",
    )
    birth_year = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(EARLIEST_BIRTH), MaxValueValidator(LATEST_BIRTH)],
        help_text="as this person says",
    )
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="", help_text="IANA name")
    do_not_contact = models.BooleanField(default=False, db_default=False)
    do_not_contact_noted_at = models.DateTimeField(null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_contacts", editable=False
    )
    # Not protected: every unmerged contact is its own person, which would make all of them undeletable;
    # what was merged into a contact protects it by `merged_into` already.
    person = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="contacts", editable=False, db_constraint=False
    )
    known_as = models.TextField(blank=True, default="", db_default="", editable=False)
    search_text = models.TextField(blank=True, default="", db_default="", editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="since when it is a pseudonym")

    objects = ContactQuerySet.as_manager()

    class Meta:
        permissions = [
            ("merge_contact", "Can merge contacts and take merges apart"),
            ("export_personal_data", "Can export everything about a person"),
            ("erase_contact", "Can erase a person"),
            ("export_audience", "Can export lists of addresses"),
            ("note_wishes", "Can note consents, and the wish not to be contacted"),
            ("correct_contact", "Can correct names and addresses"),
        ]
        constraints = [
            models.CheckConstraint(
                name="crm_contact_stage_known",
                condition=Q(stage__in=["audience", "lead", "customer"]),
                violation_error_message="The stage is one of audience, lead, customer.",
            ),
            models.CheckConstraint(
                name="crm_contact_not_merged_into_itself",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                violation_error_message="A contact cannot be merged into itself.",
            ),
            models.CheckConstraint(
                name="crm_contact_person_follows_merge",
                condition=Q(merged_into__isnull=True, person=F("id")) | Q(merged_into__isnull=False),
                violation_error_message="An unmerged contact is its own person.",
            ),
            models.CheckConstraint(
                name="crm_contact_noted_wish_stands",
                condition=Q(do_not_contact_noted_at__isnull=True) | Q(do_not_contact=True),
                violation_error_message="Only a wish not to be contacted that stands was noted at a time.",
            ),
            models.CheckConstraint(
                name="crm_contact_country_iso_3166",
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
                violation_error_message="The country must be a code of ISO 3166-1 in capitals, such as IE.",
            ),
            models.CheckConstraint(
                name="crm_contact_birth_year_near",
                condition=Q(birth_year__isnull=True) | Q(birth_year__gte=EARLIEST_BIRTH, birth_year__lte=LATEST_BIRTH),
                violation_error_message="The year of birth lies between 1900 and 2100.",
            ),
            models.CheckConstraint(
                name="crm_contact_erased_is_nobody",
                condition=Q(erased_at__isnull=True)
                | Q(
                    full_name__startswith=ERASED_NAME,
                    preferred_name="",
                    known_as="",
                    search_text=Lower("full_name"),
                    motivation="",
                    company__isnull=True,
                    do_not_contact=True,
                    tags=[],
                    custom_fields={},
                    country="",
                    birth_year__isnull=True,
                ),
                violation_error_message="This person was erased: the record is a pseudonym and stays empty.",
            ),
        ]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="crm_contact_changes"),
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="crm_contact_search"),
            # What a search text begins with: a name, or of somebody without one a handle.
            models.Index(
                OpClass(Left("search_text", BEGINNING), name="text_pattern_ops"), name="crm_contact_beginning"
            ),
            GinIndex(fields=["tags"], name="crm_contact_tags"),
            # Who wishes not to be contacted, on whichever record they said it: few, and asked for whoever is listed.
            models.Index(fields=["person"], name="crm_contact_wishes", condition=Q(do_not_contact=True)),
            # Folded names from the front and from the back: what stands next to each other may be one person twice.
            # They hold all that is read of a neighbor, so that nobody has to go to the table for it.
            models.Index(
                Collate(folded("full_name"), "C"),
                "id",
                name="crm_contact_names",
                include=["full_name", "erased_at"],
                condition=~Q(full_name=""),
            ),
            models.Index(
                Collate(Reverse(folded("full_name")), "C"),
                "id",
                name="crm_contact_name_ends",
                include=["full_name", "erased_at"],
                condition=~Q(full_name=""),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="person_on_insert",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_FIND_PERSON,
            ),
            pgtrigger.Trigger(
                name="person_on_merge",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("merged_into_id"),
                condition=pgtrigger.Q(old__merged_into_id__df=pgtrigger.F("new__merged_into_id")),
                func=_REFUSE_CIRCLE_AND_FIND_PERSON,
            ),
            pgtrigger.Trigger(
                name="person_of_merged",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("merged_into_id"),
                condition=pgtrigger.Q(old__merged_into_id__df=pgtrigger.F("new__merged_into_id")),
                func=_CARRY_PERSON_DOWN,
            ),
            # Whoever may lift the wish, in the admin or by PATCH, need not know that it was noted.
            pgtrigger.Trigger(
                name="wish_lifted",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("do_not_contact"),
                condition=pgtrigger.Q(old__do_not_contact=True, new__do_not_contact=False),
                func="NEW.do_not_contact_noted_at := NULL; RETURN NEW;",
            ),
            *told_with_the_person(),
            *compare_again("id", when="full_name <> ''", changed=("full_name", "company_id")),
        ]

    def __str__(self) -> str:
        return self.full_name or self.known_as or f"Contact {self.pk}"

    @staticmethod
    def called(path: str = "") -> Coalesce:
        """Return name or handles of the person at a path such as "member__contact__"; empty for neither."""
        return Coalesce(NullIf(f"{path}full_name", Value("")), F(f"{path}known_as"), output_field=models.TextField())
