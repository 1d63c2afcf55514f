"""What a wrong merge carried from an erased person to somebody else's record is taken back there."""

import datetime as dt

import pytest

from crm.merging import merge, unmerge
from crm.models import Contact, Erasure, Merge
from crm.personal_data.erasing import erase_person, plan_erasure
from crm.search import refresh_search_text
from gateway.history import event_model_of
from tests.crm.personal_data import canary as nest
from tests.factories.crm import ContactFactory, EmailFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
EVERYTHING = dict.fromkeys(
    ["full_name", "preferred_name", "motivation", "language", "time_zone", "custom_fields:plan", "custom_fields:size"],
    "loser",
)


def erase(contact: Contact):
    return erase_person(contact_id=contact.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")


def kanarie() -> Contact:
    """Somebody whose every word begins with kanarie."""
    contact = ContactFactory(
        full_name="kanarie-name",
        preferred_name="kanarie-nick",
        motivation="kanarie-reason",
        language="kanarie-language",
        time_zone="kanarie-zone",
        birth_year=1984,
        tags=["kanarie-tag", "vip"],
        custom_fields={"plan": "kanarie-plan", "kanarie-field": "kanarie-value"},
    )
    EmailFactory(contact=contact, raw="kanarie@example.com")
    refresh_search_text([contact.pk])
    return contact


def columns(contact: Contact) -> tuple[object, ...]:
    contact.refresh_from_db()
    return contact.full_name, contact.motivation, contact.tags, contact.custom_fields, contact.search_text


def left() -> list[str]:
    return [line[:200] for line in nest.dump().splitlines() if "kanarie" in line.lower()]


def test_a_record_that_was_joined_by_mistake_keeps_nothing_in_its_history():
    mia = ContactFactory(full_name="Mia", motivation="To teach.", tags=["vip"], custom_fields={"plan": "free"})
    refresh_search_text([mia.pk])
    joe = kanarie()
    before = columns(mia)
    choices = {key: side for key, side in EVERYTHING.items() if key != "custom_fields:size"}
    merge(survivor_id=mia.pk, loser_id=joe.pk, fields={**choices, "custom_fields:kanarie-field": "loser"}, now=NOW)
    assert Contact.objects.get(pk=mia.pk).full_name == "kanarie-name"
    Contact.objects.filter(pk=mia.pk).update(stage="customer")  # one more row of history while they were joined
    unmerge(loser_id=joe.pk, are_different=True, now=NOW)
    assert columns(mia) == before
    history = event_model_of(Contact).objects.filter(pgh_obj=mia)
    assert history.filter(full_name="kanarie-name").count() == 2

    # Name, nick, reason, language, year of birth, zone, plan, field and one tag: vip both had, so it was not carried.
    assert plan_erasure(joe.pk).carried == 9
    assert erase(joe).carried == 9
    assert not history.filter(birth_year=1984).exists()

    assert left() == []
    assert columns(mia) == before
    assert [(event.full_name, event.tags) for event in history.order_by("pgh_id")] == [("Mia", ["vip"])] * len(history)


def test_what_was_carried_further_is_taken_back_there_and_taking_apart_does_not_bring_it_back():
    middle = ContactFactory(full_name="", custom_fields={})
    top = ContactFactory(full_name="", custom_fields={"size": 4})
    joe = kanarie()
    merge(survivor_id=middle.pk, loser_id=joe.pk, now=NOW)
    merge(survivor_id=top.pk, loser_id=middle.pk, now=NOW)
    unmerge(loser_id=joe.pk, now=NOW)
    assert Contact.objects.get(pk=top.pk).full_name == "kanarie-name"

    erase(joe)

    assert left() == []
    assert columns(top) == ("", "", [], {"size": 4}, "")
    assert Merge.objects.standing().get().loser == middle
    unmerge(loser_id=middle.pk, now=NOW)
    assert columns(top) == ("", "", [], {"size": 4}, "")
    assert columns(middle) == ("", "", [], {}, "")


def test_a_merge_that_was_on_top_no_longer_remembers_what_lay_below_it():
    mia, eve, joe = ContactFactory(full_name=""), ContactFactory(full_name="Eve"), kanarie()
    merge(survivor_id=mia.pk, loser_id=joe.pk, now=NOW)
    merge(survivor_id=mia.pk, loser_id=eve.pk, fields={"full_name": "loser"}, now=NOW)
    assert Merge.objects.get(loser=eve).taken_over["full_name"] == {"before": "kanarie-name", "after": "Eve"}
    unmerge(loser_id=joe.pk, now=NOW)

    erase(joe)

    assert left() == []
    assert columns(mia)[0] == "Eve"
    unmerge(loser_id=eve.pk, now=NOW)
    assert columns(mia)[0] == ""


def test_what_somebody_else_says_as_well_is_theirs():
    mia, eve, joe = (
        ContactFactory(full_name="", tags=[]), ContactFactory(full_name="Eve", tags=["vip"]), kanarie(),
    )  # fmt: skip
    merge(survivor_id=mia.pk, loser_id=joe.pk, now=NOW)
    merge(survivor_id=mia.pk, loser_id=eve.pk, now=NOW)
    unmerge(loser_id=joe.pk, now=NOW)

    erase(joe)

    assert columns(mia)[2] == ["vip"]
    unmerge(loser_id=eve.pk, now=NOW)
    assert columns(mia)[2] == []
    assert left() == []


def test_the_person_who_stayed_is_erased_and_the_other_keeps_what_is_theirs():
    mia, joe = ContactFactory(full_name="Mia", language="da"), kanarie()
    merge(survivor_id=joe.pk, loser_id=mia.pk, fields={"language": "loser"}, now=NOW)
    unmerge(loser_id=mia.pk, now=NOW)

    assert erase(joe).carried == 0

    assert left() == []
    mia.refresh_from_db()
    assert (mia.full_name, mia.language, mia.erased_at) == ("Mia", "da", None)
