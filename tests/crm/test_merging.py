"""Joining contacts and taking them apart: what is taken over, what goes back, what stays, and who waits for whom."""

import datetime as dt
import threading
from contextlib import closing

import pytest
from django.db import connection

from crm.merging import AlreadyOnePerson, InvalidMerge, NoSuchContact, NotMerged, merge, plan_of_unmerge, unmerge
from crm.models import Contact, Merge
from tests.factories.community import UserFactory
from tests.factories.crm import CompanyFactory, ContactFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def fields(contact, *names):
    contact.refresh_from_db()
    return tuple(getattr(contact, name) for name in names)


def test_merge_takes_what_the_survivor_lacks_and_unites_tags_and_wishes():
    acme = CompanyFactory()
    survivor = ContactFactory(full_name="Joe Bloggs", tags=["vip"], custom_fields={"plan": "gold"})
    loser = ContactFactory(
        full_name="J. Bloggs", preferred_name="Joey", company=acme, stage="customer", tags=["vip", "payroll"],
        custom_fields={"plan": "free", "size": 4}, do_not_contact=True, language="da",
    )  # fmt: skip

    done = merge(survivor_id=survivor.pk, loser_id=loser.pk, by_user_id=UserFactory().pk, reason="same phone", now=NOW)

    assert fields(survivor, "full_name", "preferred_name", "company", "stage", "language") == (
        "Joe Bloggs", "Joey", acme, "customer", "da",
    )  # fmt: skip
    assert fields(survivor, "tags", "custom_fields", "do_not_contact") == (
        ["vip", "payroll"], {"plan": "gold", "size": 4}, True,
    )  # fmt: skip
    assert fields(loser, "merged_into_id", "person_id", "full_name") == (survivor.pk, survivor.pk, "J. Bloggs")
    assert (done.merged_at, done.reason) == (NOW, "same phone")
    assert done.taken_over == {
        "preferred_name": {"before": "", "after": "Joey"},
        "company": {"before": None, "after": acme.pk},
        "stage": {"before": "lead", "after": "customer"},
        "language": {"before": "", "after": "da"},
        "tags:vip": {"before": True, "after": True},
        "tags:payroll": {"after": True},
        "do_not_contact": {"before": False, "after": True},
        "custom_fields:size": {"after": 4},
    }


def test_fields_are_chosen_one_by_one():
    survivor = ContactFactory(full_name="Joe Bloggs", tags=["vip"], custom_fields={"plan": "gold"}, stage="customer")
    loser = ContactFactory(full_name="Joseph Bloggs", tags=["payroll"], do_not_contact=True, stage="audience")

    merge(
        survivor_id=survivor.pk,
        loser_id=loser.pk,
        fields={"full_name": "loser", "tags": "survivor", "do_not_contact": "survivor", "stage": "loser",
                "custom_fields:plan": "loser"},
        now=NOW,
    )  # fmt: skip

    assert fields(survivor, "full_name", "tags", "custom_fields", "do_not_contact", "stage") == (
        "Joseph Bloggs", ["vip"], {}, False, "audience",
    )  # fmt: skip
    assert fields(survivor, "search_text") == ("joseph bloggs",)

    unmerge(loser_id=loser.pk, now=NOW)
    assert fields(survivor, "full_name", "tags", "custom_fields", "do_not_contact", "stage") == (
        "Joe Bloggs", ["vip"], {"plan": "gold"}, False, "customer",
    )  # fmt: skip


def test_unmerge_restores_what_still_holds_and_lists_what_was_edited_since():
    survivor = ContactFactory(full_name="", language="", tags=["a"])
    loser = ContactFactory(full_name="Joe Bloggs", language="da", tags=["b"])
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)
    Contact.objects.filter(pk=survivor.pk).update(language="en", motivation="Wants to teach.", tags=["a", "b", "c"])

    ana = UserFactory()
    done = unmerge(loser_id=loser.pk, by_user_id=ana.pk, now=NOW + dt.timedelta(days=1))

    assert fields(survivor, "full_name", "language", "motivation", "tags") == ("", "en", "Wants to teach.", ["a", "c"])
    assert fields(loser, "merged_into", "person_id", "full_name") == (None, loser.pk, "Joe Bloggs")
    assert [(step.label, step.value, step.becomes) for step in done.restored] == [
        ("Full name", "Joe Bloggs", ""),
        ("Tag “b”", True, None),
    ]
    assert [(kept.label, kept.value, kept.why) for kept in done.kept] == [("Language", "en", "changed since")]
    stored = Merge.objects.get()
    assert (stored.unmerged_at, stored.unmerged_by) == (NOW + dt.timedelta(days=1), ana)


def test_plan_of_unmerge_changes_nothing():
    survivor, loser = ContactFactory(full_name=""), ContactFactory(full_name="Joe Bloggs")
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)

    plan = plan_of_unmerge(loser.pk)

    assert [step.label for step in plan.restored] == ["Full name"]
    assert fields(survivor, "full_name") == ("Joe Bloggs",)
    assert fields(loser, "merged_into_id") == (survivor.pk,)


def test_merges_on_top_of_each_other_can_be_taken_apart_in_any_order():
    survivor = ContactFactory(full_name="", tags=[])
    first = ContactFactory(full_name="First", tags=["vip"], do_not_contact=True)
    second = ContactFactory(full_name="Second", tags=["vip"], do_not_contact=True)
    merge(survivor_id=survivor.pk, loser_id=first.pk, now=NOW)
    merge(survivor_id=survivor.pk, loser_id=second.pk, fields={"full_name": "loser"}, now=NOW)

    done = unmerge(loser_id=first.pk, now=NOW)

    # The second still says that: its name, its tag and its wish stay.
    assert fields(survivor, "full_name", "tags", "do_not_contact") == ("Second", ["vip"], True)
    assert {(kept.label, kept.why) for kept in done.kept} == {
        (label, "decided again by the merge of Second") for label in ("Full name", "Tag “vip”", "Do not contact")
    }

    unmerge(loser_id=second.pk, now=NOW)
    assert fields(survivor, "full_name", "tags", "do_not_contact") == ("", [], False)


def test_merged_records_stand_for_their_persons_and_a_middle_one_can_be_taken_out():
    low, middle, top, other = (ContactFactory(full_name=name) for name in ("Low", "Middle", "Top", "Other"))
    merge(survivor_id=middle.pk, loser_id=low.pk, now=NOW)
    merge(survivor_id=top.pk, loser_id=low.pk, now=NOW)
    merge(survivor_id=low.pk, loser_id=other.pk, now=NOW)

    assert [fields(contact, "merged_into_id", "person_id") for contact in (low, middle, other)] == [
        (middle.pk, top.pk), (top.pk, top.pk), (top.pk, top.pk),
    ]  # fmt: skip

    unmerge(loser_id=middle.pk, now=NOW)
    assert [fields(contact, "merged_into_id", "person_id") for contact in (low, middle, other)] == [
        (middle.pk, middle.pk), (None, middle.pk), (top.pk, top.pk),
    ]  # fmt: skip


def test_value_that_went_further_up_is_listed_when_its_origin_is_taken_out():
    low, middle, top = ContactFactory(full_name="Joe"), ContactFactory(full_name=""), ContactFactory(full_name="")
    merge(survivor_id=middle.pk, loser_id=low.pk, now=NOW)
    merge(survivor_id=top.pk, loser_id=middle.pk, now=NOW)

    done = unmerge(loser_id=low.pk, now=NOW)

    assert [(kept.label, kept.value) for kept in done.kept] == [("Full name", "Joe")]
    assert fields(top, "full_name") == ("Joe",)
    unmerge(loser_id=middle.pk, now=NOW)
    assert fields(top, "full_name") == ("",)


def test_refusals_say_what_is_wrong():
    one, other = ContactFactory(), ContactFactory()

    with pytest.raises(NoSuchContact):
        merge(survivor_id=one.pk, loser_id=999_999, now=NOW)
    with pytest.raises(AlreadyOnePerson):
        merge(survivor_id=one.pk, loser_id=one.pk, now=NOW)
    with pytest.raises(InvalidMerge, match="no field 'shoe_size'"):
        merge(survivor_id=one.pk, loser_id=other.pk, fields={"shoe_size": "loser"}, now=NOW)
    with pytest.raises(InvalidMerge, match="no choice for 'full_name'"):
        merge(survivor_id=one.pk, loser_id=other.pk, fields={"full_name": "both"}, now=NOW)
    with pytest.raises(NotMerged):
        unmerge(loser_id=one.pk, now=NOW)
    merge(survivor_id=one.pk, loser_id=other.pk, now=NOW)
    with pytest.raises(AlreadyOnePerson):
        merge(survivor_id=other.pk, loser_id=one.pk, now=NOW)


def test_pointer_that_nobody_wrote_down_can_be_taken_apart_and_merged_again():
    survivor, loser = ContactFactory(full_name=""), ContactFactory(full_name="Joe")
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)
    Contact.objects.filter(pk=loser.pk).update(merged_into=None)

    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)
    assert Merge.objects.standing().count() == 1

    Merge.objects.all().delete()
    assert unmerge(loser_id=loser.pk, now=NOW).merge is None
    assert fields(loser, "merged_into") == (None,)


def test_company_that_was_deleted_since_is_not_restored():
    gone, kept = CompanyFactory(), CompanyFactory()
    survivor, loser = ContactFactory(company=gone), ContactFactory(company=kept)
    merge(survivor_id=survivor.pk, loser_id=loser.pk, fields={"company": "loser"}, now=NOW)
    gone.delete()

    done = unmerge(loser_id=loser.pk, now=NOW)

    assert fields(survivor, "company") == (kept,)
    assert [(entry.label, entry.why) for entry in done.kept] == [("Company", "the former one was deleted")]


def test_merge_is_written_down_with_its_history():
    survivor, loser = ContactFactory(), ContactFactory()
    merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)
    unmerge(loser_id=loser.pk, now=NOW)

    events = Merge.pgh_event_models["insert_insert" if "insert_insert" in Merge.pgh_event_models else "insert"]
    assert list(events.objects.order_by("pgh_id").values_list("pgh_label", flat=True)) == ["insert", "update"]


@pytest.mark.django_db(transaction=True)
def test_two_opposite_merges_at_once_make_one_merge():
    pairs = [(ContactFactory().pk, ContactFactory().pk) for _ in range(8)]
    failures = []

    def run(swap):
        with closing(connection):
            for one, other in pairs:
                try:
                    merge(survivor_id=other if swap else one, loser_id=one if swap else other, now=NOW)
                except AlreadyOnePerson:
                    failures.append((one, other))

    threads = [threading.Thread(target=run, args=(swap,)) for swap in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(failures) == pairs
    assert Contact.objects.persons().count() == 8
    assert Merge.objects.standing().count() == 8


@pytest.mark.django_db(transaction=True)
def test_merge_waits_for_a_batch_and_tries_again_after_a_deadlock():
    """A transaction that holds a contact and then merges by hand collides; the service comes through."""
    one, other, third = ContactFactory(), ContactFactory(), ContactFactory()
    holds, outcome = threading.Event(), []

    def hold_and_point():
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SET LOCAL deadlock_timeout = '10s'")  # the other side is the one to be told
            cursor.execute("SELECT FROM crm_contact WHERE id = %s FOR NO KEY UPDATE", [one.pk])
            holds.set()
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            for _ in range(200):
                cursor.execute(waiting)
                if cursor.fetchone()[0]:
                    break
                cursor.execute("SELECT pg_sleep(0.02)")
            cursor.execute("UPDATE crm_contact SET merged_into_id = %s WHERE id = %s", [third.pk, one.pk])
            cursor.execute("COMMIT")

    thread = threading.Thread(target=hold_and_point)
    thread.start()
    holds.wait(10)
    outcome.append(merge(survivor_id=one.pk, loser_id=other.pk, now=NOW))
    thread.join()

    one.refresh_from_db()
    assert one.merged_into_id == third.pk
    assert outcome[0].survivor_id == third.pk
