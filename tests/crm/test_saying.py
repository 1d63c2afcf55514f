"""Helpers say that two people are one; those who may join people decide."""

import datetime as dt
import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from crm.duplicates.decisions import decide_different_people
from crm.duplicates.search import search_changed, start_search
from crm.merging import merge, unmerge
from crm.models import Contact, ContactPoint, DuplicateSuggestion
from crm.personal_data.erasing import erase_person
from crm.search import refresh_search_text
from tests.admin_clients import logged_in, with_role
from tests.factories.community import ChannelFactory, MemberFactory, UserFactory
from tests.factories.crm import ContactFactory, EmailFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
BY_HTMX = {"HX-Request": "true"}


@pytest.fixture
def hal() -> Client:
    return with_role("Helper", username="hal", first_name="Hal", last_name="Helper")


@pytest.fixture
def dan() -> Client:
    return with_role("Administrator", username="dan")


@pytest.fixture
def two() -> list[Contact]:
    made = [ContactFactory(full_name=name) for name in ("Ada Byron", "Zoe Quist")]
    refresh_search_text([contact.pk for contact in made])
    return made


def page(contact: Contact) -> str:
    return reverse("admin:crm_contact_same_person", args=[contact.pk])


def say(client: Client, one: Contact, other: Contact):
    return client.post(page(one), {"other": other.pk, "other_text": str(other)}, headers=BY_HTMX)


def toast(answer) -> dict[str, str]:
    return json.loads(answer.headers["HX-Trigger"])["kith:saved"]


def found() -> list[tuple[int, list[str], str]]:
    return [
        (pair.score, sorted(reason["key"] for reason in pair.reasons), pair.state)
        for pair in DuplicateSuggestion.objects.order_by("pk")
    ]


def test_what_a_helper_says_stands_among_possible_duplicates_with_their_name(hal: Client, dan: Client, two):
    ada, zoe = two
    answer = say(hal, ada, zoe)

    assert toast(answer)["message"] == "Suggested: Ada Byron and Zoe Quist are one person."
    assert found() == [(90, ["said"], "open")]
    search_changed(now=NOW)
    assert found() == [(90, ["said"], "open")]
    text = dan.get(reverse("admin:crm_duplicatesuggestion_changelist")).content.decode()
    assert "Said by Hal Helper" in text
    assert "Compare…" in text
    assert "Said by Hal Helper" in dan.get(reverse("admin:crm_contact_merge", args=[zoe.pk])).content.decode()

    say(with_role("Helper", username="ida", first_name="Ida"), zoe, ada)  # the other way round
    assert DuplicateSuggestion.objects.get().said_by.username == "ida"


def test_a_word_adds_to_what_speaks_for_the_pair_and_outlives_it(hal: Client, two):
    for contact in two:
        EmailFactory(contact=contact, raw="az@example.com")
    search_changed(now=NOW)
    say(hal, *two)
    # The doubts that each leaves: 20 % x 10 %.
    assert found() == [(98, ["email", "said"], "open")]
    search_changed(now=NOW)
    assert found() == [(98, ["email", "said"], "open")]

    ContactPoint.objects.filter(contact=two[0]).delete()
    search_changed(now=NOW)
    assert found() == [(90, ["said"], "open")]

    channel = ChannelFactory()
    for contact in two:
        MemberFactory(contact=contact, channel=channel)
    start_search(now=NOW)
    search_changed(now=NOW)
    assert found() == [(54, ["said", "same_channel"], "open")]  # 90 x (1 - 40 %)


def test_a_word_is_of_the_persons_and_stands_again_when_a_merge_is_taken_apart(hal: Client, two):
    ada, zoe = two
    record = ContactFactory(full_name="A. Byron")
    merge(survivor_id=ada.pk, loser_id=record.pk, now=NOW)
    say(hal, record, zoe)
    pair = DuplicateSuggestion.objects.get()
    assert (pair.first, pair.second) == (ada, zoe)

    merge(survivor_id=ada.pk, loser_id=zoe.pk, now=NOW)
    search_changed(now=NOW)
    assert found() == [(90, ["said"], "merged")]
    unmerge(loser_id=zoe.pk, now=NOW)
    search_changed(now=NOW)
    assert found() == [(90, ["said"], "open")]


def test_a_word_is_taken_back_by_whoever_gave_it(hal: Client, two):
    undo = toast(say(hal, *two))["undo"]
    ida = with_role("Helper", username="ida")

    assert hal.get(undo).status_code == 405
    assert "taken back before" in toast(ida.post(undo, headers=BY_HTMX))["message"]
    assert len(found()) == 1
    assert toast(hal.post(undo, headers=BY_HTMX))["message"] == "Taken back: they are two people."
    assert found() == []
    search_changed(now=NOW)
    assert found() == []
    assert "taken back before" in toast(hal.post(undo, headers=BY_HTMX))["message"]

    for contact in two:
        EmailFactory(contact=contact, raw="az@example.com")
    search_changed(now=NOW)
    hal.post(toast(say(hal, *two))["undo"], headers=BY_HTMX)
    assert found() == [(80, ["email"], "open")]


def test_what_cannot_be_said_is_refused_in_words(hal: Client, two):
    ada, zoe = two
    record, erased, mo = ContactFactory(), ContactFactory(), ContactFactory()
    merge(survivor_id=ada.pk, loser_id=record.pk, now=NOW)
    erase_person(contact_id=erased.pk, reason="asked", through="command", now=NOW)
    decide_different_people(ada.pk, mo.pk, by_user_id=None, now=NOW)
    before = found()

    def refused(other: Contact) -> str:
        return " ".join(say(hal, ada, other).context["form"].errors["other_text"])

    assert "one person already" in refused(record)
    assert "one person already" in refused(ada)
    assert "was erased" in refused(erased)
    assert "different people" in refused(mo)
    assert "Say which record" in " ".join(hal.post(page(ada), {}).context["form"].errors["other_text"])
    assert found() == before


def test_who_is_meant_by_a_text_is_asked_without_javascript(hal: Client, two):
    ada, zoe = two
    twin = ContactFactory(full_name="Zoe Quist")
    refresh_search_text([twin.pk])

    asked = hal.post(page(ada), {"other_text": "zoe"})
    assert re.findall(r'type="radio" name="other" value="(\d+)"', asked.content.decode()) == [str(twin.pk), str(zoe.pk)]
    hal.post(page(ada), {"other_text": "zoe", "other": twin.pk})

    assert DuplicateSuggestion.objects.get().second == twin


def test_it_is_offered_to_those_who_may_not_join_and_to_nobody_without_the_permission(hal: Client, dan: Client, two):
    ada, zoe = two
    address = reverse("admin:crm_contact_change", args=[ada.pk])

    def offers(client: Client) -> list[bool]:
        text = client.get(address).content.decode()
        return ["Same person as…" in text, "Merge with another…" in text]

    assert (offers(hal), offers(dan)) == ([True, False], [False, True])
    nobody = logged_in(UserFactory(is_staff=True))
    assert (nobody.get(page(ada)).status_code, say(nobody, ada, zoe).status_code) == (403, 403)
    assert (say(with_role("Analyst"), ada, zoe).status_code, found()) == (403, [])
