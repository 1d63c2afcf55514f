"""The database itself refuses what must never be, whoever writes: one row per constraint of crm."""

import datetime as dt
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import F

from crm.models import (
    Campaign,
    Contact,
    ConversionKind,
    DuplicateSuggestion,
    Erasure,
    FollowUp,
    Merge,
    Note,
    OutcomeMark,
    PersonExport,
    PersonExportPart,
)
from jobs.models import Job
from tests.factories.crm import (
    CampaignFactory,
    CompanyFactory,
    ConsentFactory,
    ContactFactory,
    ContactRefFactory,
    ConversionFactory,
    EmailFactory,
    ExchangeRateFactory,
    RefundFactory,
)

User = get_user_model()
pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)


def _twice(factory, **fields):
    factory(**fields)
    factory(**fields)


def _mark_twice():
    contact = ContactFactory()
    for _ in range(2):
        OutcomeMark.objects.create(contact=contact, outcome="advocate", reached_at=NOON)


def _address_twice():
    point = EmailFactory()
    EmailFactory(contact=point.contact, raw=point.raw.upper(), normalised=point.normalised)


def _merge_into_erased():
    erased = ContactFactory(
        full_name="Erased person 1", search_text="erased person 1", do_not_contact=True, erased_at=NOON
    )
    Contact.objects.filter(pk=ContactFactory().pk).update(merged_into=erased)


def _merge_circle():
    first = ContactFactory()
    second = ContactFactory(merged_into=first)
    third = ContactFactory(merged_into=second)
    Contact.objects.filter(pk=first.pk).update(merged_into=third)


def _own_refund():
    RefundFactory(external_id="r1", refund_of_external_id="r1")


def _export(**fields):
    return PersonExport.objects.create(job=Job.objects.create(kind="export_person"), person=ContactFactory(), **fields)


def _piece_twice():
    export = _export()
    for _ in range(2):
        PersonExportPart.objects.create(export=export, number=0, content=b"piece")


def _note(**fields):
    return Note.objects.create(**{"contact": ContactFactory(), "text": "Rings back.", "written_at": NOON, **fields})


def _follow_up(**fields):
    given = {"contact": ContactFactory(), "what": "Call", "due_on": NOON.date(), "recorded_at": NOON, **fields}
    return FollowUp.objects.create(**given)


def _merge(**fields):
    given = {"survivor": ContactFactory(), "loser": ContactFactory(), "merged_at": NOON, **fields}
    return Merge.objects.create(**given)


def _suggestion(**fields):
    first, second = ContactFactory(), ContactFactory()
    given = {"first": first, "second": second, "score": 50, "found_at": NOON, **fields}
    return DuplicateSuggestion.objects.create(**given)


def _suggestion_twice():
    known = _suggestion()
    _suggestion(first=known.first, second=known.second)


def _suggestion_the_wrong_way_round():
    older, newer = ContactFactory(), ContactFactory()
    _suggestion(first=newer, second=older)


def _merge_into_oneself():
    contact = ContactFactory()
    _merge(survivor=contact, loser=contact)


REFUSED = {
    "crm_note_unique_ref": lambda: _twice(_note, source="old", external_id="n1"),
    "crm_note_ref_paired": lambda: _note(source="old"),
    "crm_note_not_empty": lambda: _note(text=""),
    "crm_followup_unique_ref": lambda: _twice(_follow_up, source="old", external_id="f1"),
    "crm_followup_ref_paired": lambda: _follow_up(external_id="f1"),
    "crm_followup_says_what": lambda: _follow_up(what=""),
    "crm_followup_done_by_when_done": lambda: _follow_up(done_by=User.objects.create_user("ana")),
    "crm_merge_once_at_a_time": lambda: _twice(_merge, loser=ContactFactory()),
    "crm_merge_of_two": _merge_into_oneself,
    "crm_merge_unmerged_after": lambda: _merge(unmerged_at=NOON - dt.timedelta(seconds=1)),
    "crm_duplicatesuggestion_once": _suggestion_twice,
    "crm_duplicatesuggestion_ordered": _suggestion_the_wrong_way_round,
    "crm_duplicatesuggestion_score": lambda: _suggestion(score=101),
    "crm_duplicatesuggestion_state_known": lambda: _suggestion(state="perhaps"),
    "crm_campaign_budget_not_negative": lambda: CampaignFactory(budget=-1, currency="EUR"),
    "crm_campaign_budget_below_limit": lambda: CampaignFactory(budget=2**39, currency="JPY"),
    "crm_campaign_budget_whole_minor_units": lambda: CampaignFactory(budget=Decimal("1.5"), currency="JPY"),
    "crm_campaign_budget_paired": lambda: CampaignFactory(budget=1),
    "crm_campaign_code_not_empty": lambda: CampaignFactory(code=""),
    "crm_campaign_currency_iso_4217": lambda: CampaignFactory(currency="eur"),
    "crm_campaign_ends_after_start": lambda: CampaignFactory(
        starts_on=dt.date(2026, 3, 2), ends_on=dt.date(2026, 3, 1)
    ),
    "crm_campaign_not_its_own_parent": lambda: Campaign.objects.filter(pk=CampaignFactory().pk).update(parent=F("id")),
    "crm_campaign_status_known": lambda: CampaignFactory(status="maybe"),
    "crm_campaign_unique_code": lambda: [CampaignFactory(code=code) for code in ("Spring", "SPRING")],
    "crm_company_name_not_empty": lambda: CompanyFactory(name=""),
    "crm_company_ref_paired": lambda: CompanyFactory(external_id=None),
    "crm_company_unique_ref": lambda: _twice(CompanyFactory, external_id="f1"),
    "crm_consent_withdrawn_after_granted": lambda: ConsentFactory(
        granted_at=NOON, withdrawn_at=NOON - dt.timedelta(microseconds=1)
    ),
    "crm_contact_no_merge_circle": _merge_circle,
    "crm_contact_no_merge_of_erased": _merge_into_erased,
    "crm_contact_not_merged_into_itself": lambda: ContactFactory(pk=10**9, merged_into_id=10**9),
    "crm_contact_person_follows_merge": lambda: Contact.objects.filter(pk=ContactFactory().pk).update(
        person=ContactFactory()
    ),
    "crm_contact_stage_known": lambda: ContactFactory(stage="friend"),
    "crm_contactpoint_kind_known": lambda: EmailFactory(kind="fax"),
    "crm_contactpoint_not_empty": lambda: EmailFactory(normalised=""),
    "crm_contactpoint_once_per_contact": _address_twice,
    "crm_contactpoint_verification_paired": lambda: EmailFactory(verified_at=NOON),
    "crm_contactref_not_empty": lambda: ContactRefFactory(source=""),
    "crm_contactref_unique": lambda: _twice(ContactRefFactory, external_id="c1"),
    "crm_conversion_amount_below_limit": lambda: ConversionFactory(amount=Decimal("5497558138.88")),
    "crm_conversion_margin_whole_minor_units": lambda: ConversionFactory(margin=Decimal("0.001")),
    "crm_conversion_margin_within_amount": lambda: ConversionFactory(amount=Decimal("10.00"), margin=Decimal("10.01")),
    "crm_conversion_amount_not_negative": lambda: ConversionFactory(amount=Decimal("-0.01")),
    "crm_conversion_amount_whole_minor_units": lambda: ConversionFactory(amount=Decimal("0.001")),
    "crm_conversion_currency_iso_4217": lambda: ConversionFactory(currency="E1R"),
    "crm_conversion_not_its_own_refund": _own_refund,
    "crm_conversion_ref_paired": lambda: ConversionFactory(source=None),
    "crm_conversion_refund_or_kind": lambda: RefundFactory(kind_id="purchase"),
    "crm_conversion_unique_ref": lambda: _twice(ConversionFactory, external_id="o1"),
    "crm_conversion_value_needs_currency": lambda: ConversionFactory(currency=None),
    "crm_conversion_void_paired": lambda: ConversionFactory(void_reason="test"),
    "crm_conversionkind_lookback_in_range": lambda: ConversionKind.objects.create(key="x", label="x", lookback_days=0),
    "crm_contact_birth_year_near": lambda: ContactFactory(birth_year=1899),
    "crm_contact_country_iso_3166": lambda: ContactFactory(country="ie"),
    "crm_contact_noted_wish_stands": lambda: ContactFactory(do_not_contact_noted_at=NOON),
    "crm_contact_erased_is_nobody": lambda: ContactFactory(erased_at=NOON),
    "crm_erasure_reason_known": lambda: Erasure.objects.create(
        person=ContactFactory(), reason="mood", erased_at=NOON, erased_through="admin"
    ),
    "crm_personexport_ready_paired": lambda: _export(size=1),
    "crm_personexportpart_once": _piece_twice,
    "crm_exchangerate_currency_iso_4217": lambda: ExchangeRateFactory(currency="£"),
    "crm_exchangerate_once_a_day": lambda: _twice(ExchangeRateFactory, date=dt.date(2026, 3, 1)),
    "crm_exchangerate_positive": lambda: ExchangeRateFactory(rate=0),
    "crm_outcomemark_once": _mark_twice,
    "crm_outcomemark_outcome_known": lambda: OutcomeMark.objects.create(
        contact=ContactFactory(), outcome="fan", reached_at=NOON
    ),
}
BY_TRIGGER = {"crm_contact_no_merge_circle", "crm_contact_no_merge_of_erased"}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_database_refuses(name):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        REFUSED[name]()

    assert refusal.value.__cause__.diag.constraint_name == name


def test_every_constraint_of_crm_is_tried():
    declared = {
        constraint.name for model in apps.get_app_config("crm").get_models() for constraint in model._meta.constraints
    }

    assert set(REFUSED) == declared | BY_TRIGGER


def test_every_constraint_has_words_for_people():
    for model in [*apps.get_app_config("crm").get_models(), *apps.get_app_config("community").get_models()]:
        for constraint in model._meta.constraints:
            assert constraint.violation_error_message != constraint.default_violation_error_message, constraint.name
