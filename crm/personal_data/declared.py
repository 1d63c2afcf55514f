"""What the models of crm, and of everything below it, hold about people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Exists, F, Model, OuterRef, Q, Value
from django.db.models.expressions import Case, When
from django.db.models.functions import Cast, Concat, Lower

from crm.models import Campaign, Conversion
from crm.models.contact import ERASED_NAME
from crm.models.conversion import IS_ORIGINAL
from crm.personal_data.declarations import (
    Becomes,
    Identity,
    Kept,
    KnownRows,
    PersonalData,
    Pseudonym,
    Treatment,
    Words,
    nobody,
)
from gateway.staging import any_of

OWN_WORD = Kept("one of a few words of our own")
SYSTEM = Kept("names a system, not a person")
CURRENCY = Kept("a currency")


def pseudonym_name(now: datetime) -> Any:
    """Return the name that an erased person's record carries."""
    return Concat(Value(ERASED_NAME), Cast(F("person_id"), CharField()))


def campaign_code_only(now: datetime) -> Any:
    """Return the UTM code where it is a campaign's: figures need it and it tells nothing; anything else goes."""
    is_code = Exists(Campaign.objects.annotate(folded=Lower("code")).filter(folded=Lower(OuterRef("utm_campaign"))))
    return Case(When(is_code, then=F("utm_campaign")), default=Value(None))


UTM: Mapping[str, Treatment] = {
    "utm_source": Words(),
    "utm_medium": Words(),
    "utm_campaign": Becomes(campaign_code_only),
    "utm_term": Words(),
    "utm_content": Words(),
}


SENT: Mapping[str, Treatment] = {"source": Identity(), "external_id": Identity()}  # where a client sent the row from


def refunds(known: KnownRows) -> Q:
    """Refunds name their original by what the source calls it."""
    originals = Conversion.objects.filter(IS_ORIGINAL, contact__in=known.contacts)
    return Q(refund_of_source__isnull=False) & Q(Exists(originals))


def log_entries(known: KnownRows) -> Q:
    """Entries of the admin's log name a row by its type and id."""
    from crm.personal_data.schema import personal_models

    named = {
        model: known.ids(model._meta.label)
        for model in personal_models()
        if model._meta.label != "admin.LogEntry" and _has_plain_id(model)
    }
    found = Q(pk__in=[])
    for model, content_type in ContentType.objects.get_for_models(
        *(model for model, ids in named.items() if ids)
    ).items():
        found |= Q(content_type=content_type, object_id__in=any_of(named[model], kind="text"))
    return found


def _has_plain_id(model: type[Model]) -> bool:
    return len(model._meta.pk_fields) == 1


DECLARED: Sequence[PersonalData] = (
    PersonalData(
        model="crm.Contact",
        title="contacts",
        reach={"person": "pk"},
        fields={
            "full_name": Becomes(pseudonym_name),
            "preferred_name": Identity(),
            "known_as": Identity(),
            "company": Identity(),
            "owner": Identity(),
            "stage": OWN_WORD,
            "tags": Words(),
            "custom_fields": Words(),
            "motivation": Words(),
            "language": Identity(),
            "country": Identity(),
            "birth_year": Identity(),
            "time_zone": Identity(),
            "do_not_contact": Becomes(lambda now: True),
            "do_not_contact_noted_at": Identity(),
            "search_text": Becomes(lambda now: Lower(pseudonym_name(now))),
            "source_updated_at": Identity(),
            "erased_at": Becomes(lambda now: now),
        },
        others={
            "merged_into": "all records of a person are taken together",
            "person": "all records of a person are taken together",
        },
        known_by={"full_name": "name"},
        hidden={
            "known_as": "made of the handles, which are there",
            "search_text": "made of the names and addresses, which are there",
        },
    ),
    PersonalData(
        model="crm.ContactPoint",
        title="addresses",
        reach={"contact": "contact"},
        rows="delete",
        fields=dict.fromkeys(["kind", "raw", "normalised", "verified_by"], Identity()),
        suppress={"address": ("normalised",)},
        known_by={"raw": "address", "normalised": "address"},
    ),
    PersonalData(
        model="crm.ContactRef",
        title="references",
        reach={"contact": "contact"},
        rows="delete",
        fields=dict.fromkeys(["source", "external_id"], Identity()),
        suppress={"contact": ("source", "external_id")},
        known_by={"external_id": "code"},
    ),
    PersonalData(
        model="crm.Consent",
        title="consents",
        reach={"contact": "contact"},
        rows="delete",
        fields={"purpose": Identity(), "channel": Identity(), "source": Words()},
    ),
    PersonalData(
        model="crm.OutcomeMark",
        title="marks",
        reach={"contact": "contact"},
        fields={"outcome": OWN_WORD, "reason": Words()},
    ),
    PersonalData(
        model="crm.Note", title="notes", reach={"contact": "contact"}, rows="delete", fields={"text": Words(), **SENT}
    ),
    PersonalData(
        model="crm.FollowUp",
        title="follow-ups",
        reach={"contact": "contact"},
        rows="delete",
        fields={"what": Words(), **SENT},
    ),
    PersonalData(
        model="crm.Merge",
        title="merges",
        reach={"survivor": "survivor", "loser": "loser"},
        fields={"rule": OWN_WORD, "reason": Words(), "taken_over": Words()},
    ),
    PersonalData(
        model="crm.DuplicateSuggestion",
        title="possible duplicates",
        reach={"first": "first", "second": "second"},
        others={"merge": "the merge says itself whose it is"},
        rows="delete",
        fields=dict.fromkeys(["reasons", "state"], Identity()),
    ),
    PersonalData(
        model="crm.ChangedIdentity",
        nobody="whom to compare with others again, by number; gone within minutes",
        others={"contact_id": "an id of Kith's own"},
    ),
    PersonalData(
        model="crm.Conversion",
        title="conversions",
        reach={"contact": "contact", "refund": refunds},
        fields={
            "source": SYSTEM,
            "external_id": Pseudonym("conversion", "source", "external_id"),
            "currency": CURRENCY,
            "order_number": Identity(),
            "refund_of_source": SYSTEM,
            "refund_of_external_id": Pseudonym(
                "conversion", "refund_of_source", "refund_of_external_id", everywhere=True
            ),
            **UTM,
            "void_reason": Words(),
        },
    ),
    PersonalData(
        model="crm.PersonExport",
        title="exports",
        reach={"person": "person"},
        rows="keep",
    ),
    PersonalData(
        model="crm.PersonExportPart",
        title="exported files",
        reach={"export": "export__person"},
        rows="delete",
        fields={"content": Identity()},
        hidden={"content": "an export of exports would hold itself"},
    ),
    PersonalData(
        model="crm.PersonExportDownload",
        title="downloads of exports",
        reach={"export": "export__person"},
        rows="keep",
    ),
    PersonalData(
        model="crm.Erasure",
        nobody="says that a pseudonym is one, and nothing of whose",
        fields=dict.fromkeys(
            ["contacts", "reason", "erased_through", "rows"], Kept("ids, counts and words of our own")
        ),
        others={"person": "the record is a pseudonym by then"},
    ),
    nobody("crm.Suppression", "a keyed hash, which tells nobody what it was made of", kept=["digest"]),
    nobody(
        "crm.Campaign",
        "a campaign of ours; its code and name are public",
        words=["objective"],
        kept=["code", "name", "status", "currency"],
    ),
    nobody(
        "crm.Company",
        "a company; one that is a person is deleted by hand",
        kept=["source", "external_id", "name", "domain"],
    ),
    nobody("crm.ConversionKind", "a word of our own", kept=["key", "label"]),
    nobody("crm.ExchangeRate", "the price of a currency", kept=["currency"]),
    nobody(
        "jobs.Job",
        "work that a user asked for; it names people by number",
        words=["parameters", "report", "error"],
        kept=["kind", "state", "unit", "requested_through"],
    ),
    nobody("gateway.ApiKey", "a client of ours", kept=["name", "prefix", "digest", "scopes"]),
    PersonalData(
        model="admin.LogEntry",
        title="changes in the admin",
        reach={"object": log_entries},
        fields={
            "object_id": Kept("an id of Kith's own"),
            "object_repr": Words(),
            "change_message": Words(),
        },
    ),
    nobody(
        "sessions.Session",
        "Django's own table of logins, which stays empty: Kith has one that names the user",
        kept=["session_key", "session_data"],
    ),
    nobody("pghistory.Context", "who changed something, and through what", words=["metadata"]),
    nobody("auth.User", "a colleague", kept=["username", "first_name", "last_name", "email", "password"]),
    nobody("auth.Group", "a role of colleagues", kept=["name"]),
    nobody("auth.Permission", "a permission", kept=["name", "codename"]),
    nobody("auth.User_groups", "which roles a colleague has"),
    nobody("auth.User_user_permissions", "what a colleague may do"),
    nobody("auth.Group_permissions", "what a role may do"),
    nobody("contenttypes.ContentType", "a model", kept=["app_label", "model"]),
)
