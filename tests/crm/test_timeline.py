"""The timeline: one list out of many sources, in one order, page after page."""

import datetime as dt
from decimal import Decimal

import pghistory
import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from crm.extensions import timeline_sources
from crm.models import Contact, FollowUp, Note
from crm.stages import StageReached, stages_reached
from crm.timeline.reading import asked_of, kind_choices, read_timeline
from gateway.problems import InvalidInput
from tests.factories.crm import (
    CompanyFactory,
    ContactFactory,
    ConversionFactory,
    EmailFactory,
    FollowUpFactory,
    NoteFactory,
    RefundFactory,
)

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
RECORD = {"change", "merge"}


def anybody(permission: str) -> bool:
    return True


def timeline(contact, *, may=anybody, cursor=None, limit=50, **asked):
    return read_timeline(asked_of(contact.person_id, may=may, now=NOW, **asked), cursor=cursor, limit=limit)


def facts_of(contact, **asked):
    """Every entry but the changes of the record itself, whose time is that of the test."""
    return [entry for entry in timeline(contact, **asked).entries if entry.kind not in RECORD]


def at(day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


def test_timeline_merges_sources_newest_first():
    joe = ContactFactory()
    ConversionFactory(contact=joe, external_id="o1", occurred_at=at(3), amount=Decimal("40.00"))
    NoteFactory(contact=joe, text="Prefers mornings.", written_at=at(4))
    FollowUpFactory(contact=joe, what="Call about the spring course", recorded_at=at(2), done_at=at(5))
    RefundFactory(refund_of_external_id="o1", occurred_at=at(6), amount=Decimal("10.00"))
    ConversionFactory(contact=ContactFactory(), occurred_at=at(7))

    entries = facts_of(joe)

    assert [(entry.occurred_at.day, entry.kind, entry.amount) for entry in entries] == [
        (6, "refund", Decimal("-10.00")),
        (5, "follow_up_done", None),
        (4, "note", None),
        (3, "conversion", Decimal("40.00")),
        (2, "follow_up", None),
    ]
    assert entries[0].currency == "EUR"
    assert entries[2].text == "Prefers mornings."


def test_timeline_covers_every_record_of_a_person():
    joe, other = ContactFactory(), ContactFactory()
    NoteFactory(contact=joe, written_at=at(1))
    NoteFactory(contact=other, written_at=at(2))
    Contact.objects.filter(pk=other.pk).update(merged_into=joe)

    assert [entry.occurred_at.day for entry in facts_of(joe)] == [2, 1]


def test_pages_give_every_entry_once_even_at_the_same_instant():
    joe = ContactFactory()
    for _ in range(4):
        ConversionFactory(contact=joe, occurred_at=at(3))
        NoteFactory(contact=joe, written_at=at(3))
        FollowUpFactory(contact=joe, recorded_at=at(3), done_at=at(3))

    whole = [(entry.source, entry.id) for entry in timeline(joe).entries]
    seen, cursor = [], None
    while True:
        page = timeline(joe, cursor=cursor, limit=3)
        assert len(page.entries) <= 3
        seen += [(entry.source, entry.id) for entry in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert len(whole) == 17  # and that the record was created
    assert seen == whole


def test_entries_written_meanwhile_move_nothing():
    joe = ContactFactory()
    for day in (1, 2, 3, 4):
        NoteFactory(contact=joe, written_at=at(day))

    first = timeline(joe, kind="note", limit=2)
    NoteFactory(contact=joe, written_at=at(9))
    second = timeline(joe, kind="note", limit=2, cursor=first.next_cursor)

    assert [entry.occurred_at.day for entry in (*first.entries, *second.entries)] == [4, 3, 2, 1]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    ("kind", "days"), [("conversion", [3]), ("refund", [6]), ("note", [4]), ("follow_up", [2]), ("follow_up_done", [5])]
)
def test_kind_narrows(kind, days):
    joe = ContactFactory()
    ConversionFactory(contact=joe, external_id="o1", occurred_at=at(3))
    RefundFactory(refund_of_external_id="o1", occurred_at=at(6))
    NoteFactory(contact=joe, written_at=at(4))
    FollowUpFactory(contact=joe, recorded_at=at(2), done_at=at(5))

    assert [entry.occurred_at.day for entry in timeline(joe, kind=kind).entries] == days


def test_every_kind_can_be_asked_for():
    joe = ContactFactory()

    for choice in kind_choices():
        assert all(entry.kind == choice.key for entry in timeline(joe, kind=choice.key).entries)


def test_nonsense_is_refused_by_name():
    joe = ContactFactory()

    for parameter, value in (("kind", "colour"), ("channel", "no slug!"), ("cursor", "x"), ("cursor", "W10")):
        with pytest.raises(InvalidInput) as refusal:
            timeline(joe, **{parameter: value})
        assert [error.parameter for error in refusal.value.errors] == [parameter]


def test_voided_conversion_says_that_it_no_longer_counts():
    joe = ContactFactory()
    ConversionFactory(contact=joe, voided_at=at(9), void_reason="sent twice")

    (entry,) = facts_of(joe)

    assert (entry.standing, entry.reason) == ("voided", "sent twice")


def test_changes_say_who_through_what_and_from_what_to_what():
    ana = get_user_model().objects.create_user("ana", first_name="Ana", last_name="Berg")
    joe = ContactFactory(full_name="Joe", stage="lead")
    company = CompanyFactory(name="Bloggs Ltd")
    with pghistory.context(user=ana.pk, url="/admin/crm/contact/1/change/"):
        Contact.objects.filter(pk=joe.pk).update(full_name="Joe Bloggs", company=company)

    change = timeline(joe, kind="change").entries[0]

    assert change.actor == "Ana Berg, admin"
    assert [(step.label, step.before, step.after) for step in change.changes] == [
        ("full name", "Joe", "Joe Bloggs"),
        ("company", None, "Bloggs Ltd"),
    ]


def test_merge_is_a_kind_of_its_own():
    joe, other = ContactFactory(full_name="Joe"), ContactFactory(full_name="J. Bloggs")
    Contact.objects.filter(pk=other.pk).update(merged_into=joe)

    (merge,) = timeline(joe, kind="merge").entries

    assert merge.title == "Merged"
    assert [(step.label, step.before, step.after) for step in merge.changes] == [("merged into", None, "Joe")]
    assert "merge" not in {entry.kind for entry in timeline(joe, kind="change").entries}


def test_deleted_address_is_a_change():
    joe = ContactFactory()
    EmailFactory(contact=joe, raw="joe@example.com").delete()

    (change,) = [entry for entry in timeline(joe, kind="change").entries if entry.source == "address-changes"]

    assert change.title == "Address deleted"
    assert ("raw", "joe@example.com", None) in [(step.label, step.before, step.after) for step in change.changes]


def test_source_without_its_permission_shows_nothing():
    joe = ContactFactory()
    ConversionFactory(contact=joe)
    NoteFactory(contact=joe)

    shown = timeline(joe, may=lambda permission: permission == "crm.view_note")

    assert {entry.source for entry in shown.entries} == {"notes"}
    assert timeline(joe, may=lambda permission: False).entries == []


def test_every_source_names_a_permission_that_exists():
    from django.contrib.auth.models import Permission

    known = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}

    assert {source.permission for source in timeline_sources} <= known


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        ({"text": ""}, "crm_note_not_empty"),
        ({"source": "shop"}, "crm_note_ref_paired"),
    ],
)
def test_database_refuses_a_broken_note(broken, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        NoteFactory(**broken)


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        ({"what": ""}, "crm_followup_says_what"),
        ({"external_id": "f1"}, "crm_followup_ref_paired"),
        ({"done_by": 1}, "crm_followup_done_by_when_done"),
    ],
)
def test_database_refuses_a_broken_follow_up(broken, constraint):
    if "done_by" in broken:
        broken = {"done_by": get_user_model().objects.create_user("ana")}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        FollowUpFactory(**broken)


def test_database_refuses_two_with_one_reference():
    for model, factory in ((Note, NoteFactory), (FollowUp, FollowUpFactory)):
        factory(source="shop", external_id="n1")
        with pytest.raises(IntegrityError, match="unique_ref"), transaction.atomic():
            factory(source="shop", external_id="n1")
        assert model.objects.count() == 1


def test_stages_are_told_from_the_earliest_that_is_known_and_in_order():
    def reached(stage: str, day: int, because: str = "on record") -> StageReached:
        return StageReached(stage, at(day), because)

    known = [reached("audience", 9), reached("lead", 5), reached("lead", 3, "a call"), reached("customer", 7)]

    assert stages_reached(known, upto="customer") == [reached("lead", 3, "a call"), reached("customer", 7)]
    assert stages_reached(known, upto="lead") == [reached("lead", 3, "a call")]
    assert stages_reached([], upto="lead") == []
