"""What was chosen in a merge, and what the sources of both records send in the nights after it."""

import datetime as dt
import threading
from contextlib import closing

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.merging import merge, unmerge
from crm.models import Company, Contact
from gateway.collections import collections
from tests.factories.community import UserFactory
from tests.holding import somebody_waits, wait_until
from tests.sending import row_versions, send, send_one, statuses

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def item(external_id="c1", source="shop", **fields):
    return {"source": source, "external_id": external_id, **fields}


def sent(**said):
    """Send an item of the shop and return its contact."""
    return Contact.objects.get(pk=send_one("contacts", **item(**said)).id)


def now_said(**said):
    """Send an item of the shop again and return what became of it."""
    return send_one("contacts", **item(**said)).status


def merged(survivor, loser, **fields):
    merge(survivor_id=survivor.pk, loser_id=loser.pk, fields=fields, now=NOW)
    return survivor


def stored(contact, *names):
    contact.refresh_from_db()
    return tuple(getattr(contact, name) for name in names)


def test_source_that_says_the_same_as_before_changes_nothing_of_what_was_chosen():
    ana, bob = UserFactory(username="ana"), UserFactory(username="bob")
    mine = {
        "full_name": "Joe Bloggs", "preferred_name": "Joe", "company": {"source": "shop", "external_id": "f1"},
        "owner": "ana", "stage": "lead", "motivation": "wants to teach", "language": "da", "country": "DK",
        "birth_year": 1984, "time_zone": "Europe/Copenhagen", "do_not_contact": False, "tags": ["a"],
        "custom_fields": {"plan": "free", "size": 4},
    }  # fmt: skip
    theirs = {
        "full_name": "Joseph Bloggs", "preferred_name": "Joey", "company": {"source": "shop", "external_id": "f2"},
        "owner": "bob", "stage": "customer", "motivation": "wants to learn", "language": "en", "country": "IE",
        "birth_year": 1985, "time_zone": "Europe/Dublin", "do_not_contact": True, "tags": ["b"],
        "custom_fields": {"plan": "gold", "shoe": 42},
    }  # fmt: skip
    survivor, loser = sent(external_id="c1", **mine), sent(external_id="c2", **theirs)
    names = ("full_name", "preferred_name", "company", "owner", "stage", "motivation", "language", "country",
             "birth_year", "time_zone", "custom_fields:plan", "custom_fields:size", "custom_fields:shoe")  # fmt: skip
    merged(survivor, loser, **dict.fromkeys(names, "loser"))
    before = row_versions()

    assert statuses(send("contacts", item("c1", **mine), item("c2", **theirs))) == ["unchanged", "unchanged"]

    assert row_versions() == before
    assert stored(survivor, "full_name", "preferred_name", "owner", "stage", "motivation", "language", "country") == (
        "Joseph Bloggs", "Joey", bob, "customer", "wants to learn", "en", "IE",
    )  # fmt: skip
    assert stored(survivor, "company", "birth_year", "time_zone", "do_not_contact", "tags", "custom_fields") == (
        Company.objects.get(external_id="f2"), 1985, "Europe/Dublin", True, ["a", "b"], {"plan": "gold", "shoe": 42},
    )  # fmt: skip

    unmerge(loser_id=loser.pk, now=NOW)
    assert stored(survivor, "full_name", "owner", "stage", "birth_year", "do_not_contact", "tags", "custom_fields") == (
        "Joe Bloggs", ana, "lead", 1984, False, ["a"], {"plan": "free", "size": 4},
    )  # fmt: skip


def test_empty_value_that_is_sent_every_night_does_not_take_away_what_a_merge_has_filled_in():
    nothing = {"language": None, "company": None, "birth_year": None, "tags": None, "custom_fields": None}
    survivor = merged(
        sent(full_name="Joe", **nothing),
        sent(external_id="c2", language="da", company={"source": "shop", "external_id": "f2"}, birth_year=1984,
             tags=["vip"], custom_fields={"size": 4}),
    )  # fmt: skip

    assert now_said(full_name="Joe", **nothing) == "unchanged"

    assert stored(survivor, "language", "birth_year", "tags", "custom_fields") == ("da", 1984, ["vip"], {"size": 4})
    assert survivor.company.external_id == "f2"


def test_something_new_is_written_and_from_then_on_the_source_has_the_word():
    survivor = merged(sent(full_name="Joe"), sent(external_id="c2", full_name="Joseph"), full_name="loser")

    assert now_said(full_name="Jo", language="da") == "updated"
    assert stored(survivor, "full_name", "language", "search_text") == ("Jo", "da", "jo")

    assert now_said(full_name="Joe") == "updated"
    assert stored(survivor, "full_name") == ("Joe",)


def test_rest_of_an_item_is_written_beside_what_was_chosen():
    survivor = merged(sent(full_name="Joe"), sent(external_id="c2", full_name="Joseph"), full_name="loser")

    assert now_said(full_name="Joe", language="da", email="joe@example.com") == "updated"

    assert stored(survivor, "full_name", "language") == ("Joseph", "da")
    assert stored(survivor, "search_text") == ("joseph\njoe@example.com",)


def test_tags_that_a_merge_brought_stay_and_those_of_the_source_follow_it():
    survivor = merged(sent(tags=["a", "both"]), sent(external_id="c2", tags=["both", "c", "d"]))
    assert stored(survivor, "tags") == (["a", "both", "c", "d"],)

    assert now_said(tags=["a", "both", "new"]) == "updated"
    assert stored(survivor, "tags") == (["a", "both", "new", "c", "d"],)
    assert now_said(tags=["a", "both", "new"]) == "unchanged"

    assert now_said(tags=["new"]) == "updated"
    assert stored(survivor, "tags") == (["new", "c", "d"],)

    Contact.objects.filter(pk=survivor.pk).update(tags=["new", "d"])  # staff took one away
    assert now_said(tags=["new"]) == "unchanged"


def test_custom_fields_are_looked_at_one_by_one():
    survivor = merged(
        sent(custom_fields={"plan": "free", "size": 4, "a:b": None}),
        sent(external_id="c2", custom_fields={"plan": "gold", "a:b": [1], "shoe": 42}),
        **{"custom_fields:plan": "loser", "custom_fields:size": "loser", "custom_fields:a:b": "loser"},
    )
    assert stored(survivor, "custom_fields") == ({"plan": "gold", "a:b": [1], "shoe": 42},)

    assert now_said(custom_fields={"plan": "free", "size": 5, "a:b": None, "own": 1}) == "updated"
    assert stored(survivor, "custom_fields") == ({"plan": "gold", "size": 5, "a:b": [1], "shoe": 42, "own": 1},)

    assert now_said(custom_fields={"plan": "silver", "own": 1}) == "updated"  # a:b is gone there: news as well
    assert stored(survivor, "custom_fields") == ({"plan": "silver", "shoe": 42, "own": 1},)


def test_wish_not_to_be_contacted_that_a_merge_brought_stays():
    survivor = merged(sent(do_not_contact=False), sent(external_id="c2", do_not_contact=True))

    assert now_said(do_not_contact=False) == "unchanged"
    assert stored(survivor, "do_not_contact") == (True,)


def test_merges_on_top_of_each_other_keep_what_was_there_before_the_lowest():
    survivor = sent(full_name="Joe", tags=["a"])
    first = sent(external_id="c2", full_name="First", tags=["x"])
    second = sent(external_id="c3", full_name="Second", tags=["x"])
    merged(survivor, first, full_name="loser")
    merged(survivor, second, full_name="loser")

    assert now_said(full_name="Joe", tags=["a"]) == "unchanged"
    assert stored(survivor, "full_name", "tags") == ("Second", ["a", "x"])

    unmerge(loser_id=first.pk, now=NOW)
    assert now_said(full_name="Joe", tags=["a"]) == "unchanged"
    assert stored(survivor, "full_name", "tags") == ("Second", ["a", "x"])

    unmerge(loser_id=second.pk, now=NOW)
    assert now_said(full_name="Joe", tags=["a"]) == "unchanged"
    assert stored(survivor, "full_name", "tags") == ("Joe", ["a"])


def test_what_only_an_earlier_merge_had_put_there_is_news_from_the_source():
    survivor = sent(full_name="Joe")
    merged(survivor, sent(external_id="c2", full_name="First"), full_name="loser")
    merged(survivor, sent(external_id="c3", full_name="Second"), full_name="loser")

    assert now_said(full_name="First") == "updated"
    assert stored(survivor, "full_name") == ("First",)


def test_what_the_source_said_between_two_merges_is_what_was_there_before_the_second():
    survivor, second = sent(full_name="Joe"), sent(external_id="c3", full_name="Second")
    merged(survivor, sent(external_id="c2", full_name="First"), full_name="loser")
    now_said(full_name="Joseph")
    merged(survivor, second, full_name="loser")

    assert now_said(full_name="Joseph") == "unchanged"
    assert stored(survivor, "full_name") == ("Second",)

    assert now_said(full_name="Joe") == "updated"  # corrected there
    assert stored(survivor, "full_name") == ("Joe",)


def test_source_of_the_loser_changes_the_losers_record_alone():
    survivor, loser = sent(full_name="Joe"), sent(external_id="c2", full_name="Joseph", tags=["b"])
    merged(survivor, loser, full_name="loser")

    outcome = send_one("contacts", **item("c2", full_name="José", tags=["c"]))

    assert (outcome.status, outcome.id) == ("updated", loser.pk)
    assert stored(survivor, "full_name", "tags") == ("Joseph", ["b"])
    assert now_said(full_name="Joe") == "unchanged"

    unmerge(loser_id=loser.pk, now=NOW)
    assert stored(survivor, "full_name", "tags") == ("Joe", [])
    assert stored(loser, "full_name", "tags") == ("José", ["c"])


def test_survivor_that_was_merged_itself_keeps_what_was_chosen_for_it():
    low, middle = sent(external_id="c2", full_name="Low"), sent(full_name="Middle")
    merged(middle, low, full_name="loser")
    merged(sent(external_id="c3", full_name="Top"), middle, full_name="loser")

    assert now_said(full_name="Middle") == "unchanged"
    assert stored(middle, "full_name") == ("Low",)


def test_whoever_changes_the_record_itself_has_the_word():
    survivor = merged(
        sent(full_name="Joe", tags=["a"]), sent(external_id="c2", full_name="Joseph", tags=["b"]), full_name="loser"
    )

    changed = collections["contacts"].patch(survivor.pk, {"full_name": "Joe", "tags": ["a"]}, now=NOW)

    assert changed.status == "updated"
    assert stored(survivor, "full_name", "tags") == ("Joe", ["a"])


def test_merge_that_was_taken_apart_decides_nothing_any_more():
    survivor, loser = sent(full_name="Joe"), sent(external_id="c2", full_name="Joseph")
    merged(survivor, loser, full_name="loser")
    unmerge(loser_id=loser.pk, now=NOW)
    Contact.objects.filter(pk=survivor.pk).update(full_name="Joseph")

    assert now_said(full_name="Joe") == "updated"
    assert stored(survivor, "full_name") == ("Joe",)


@pytest.mark.parametrize("number", [10, 30])
def test_batch_of_survivors_takes_as_many_queries_as_one_of_others(number):
    items = [item(f"c{n}", full_name=f"Person {n}") for n in range(number)]
    others = [item(f"d{n}", full_name=f"Other {n}") for n in range(number)]
    changed = [{**one, "language": "da"} for one in items]
    send("contacts", *items, *others)

    def queries():
        with CaptureQueriesContext(connection) as unchanged:
            assert statuses(send("contacts", *items)) == ["unchanged"] * number
        with CaptureQueriesContext(connection) as updated:
            assert statuses(send("contacts", *changed)) == ["updated"] * number
        return len(unchanged), len(updated)

    before = queries()
    Contact.objects.update(language="")
    for survivor, loser in zip(
        Contact.objects.filter(full_name__startswith="Person").order_by("pk"),
        Contact.objects.filter(full_name__startswith="Other").order_by("pk"),
        strict=True,
    ):
        merged(survivor, loser, full_name="loser")

    assert queries() == before
    assert Contact.objects.filter(full_name__startswith="Other", language="da").count() == number


@pytest.mark.django_db(transaction=True)
def test_merge_that_comes_in_between_is_seen_by_the_batch_that_waits_for_it():
    survivor, loser = sent(full_name="Joe"), sent(external_id="c2", full_name="Joseph")
    is_merged = threading.Event()

    def merge_slowly():
        with closing(connection), transaction.atomic():
            merged(survivor, loser, full_name="loser")
            is_merged.set()
            wait_until(somebody_waits)

    thread = threading.Thread(target=merge_slowly)
    thread.start()
    is_merged.wait(10)
    status = now_said(full_name="Joe", language="da")  # found as it was before, written once the merge is there
    thread.join()

    assert status == "updated"
    assert stored(survivor, "full_name", "language") == ("Joseph", "da")
