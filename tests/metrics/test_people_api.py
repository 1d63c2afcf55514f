"""Figures about people over HTTP."""

import datetime as dt
from decimal import Decimal

import pytest

from metrics.api.people import PeopleRecord
from metrics.recompute import recompute_all
from tests.api_clients import client_with
from tests.factories.community import (
    ChannelFactory,
    ChannelSizeFactory,
    CommunityFactory,
    InteractionFactory,
    MemberFactory,
)
from tests.factories.crm import ContactFactory, ConversionFactory

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)


def ask(**parameters):
    return client_with("people:read").get("/api/v1/people/", parameters)


def test_figures_are_given_with_what_they_are_made_of():
    forum = ChannelFactory(slug="forum", name="Forum", community=CommunityFactory(slug="help", name="Help"))
    joe = MemberFactory(channel=forum, contact=ContactFactory(full_name="Joe"))
    for kind in ("question", "help_view", "help_view"):
        InteractionFactory(channel=forum, member=joe, kind=kind, occurred_at=NOON)
    ConversionFactory(contact=joe.contact, amount=Decimal("40.00"), occurred_at=NOON + dt.timedelta(days=3))
    ChannelSizeFactory(channel=forum, people=3)
    recompute_all(now=NOON)

    response = ask(**{"from": "2026-03-01", "to": "2026-04-01"})

    assert response.status_code == 200
    answer = PeopleRecord.model_validate(response.json()).model_dump(mode="json")
    assert answer == response.json()
    by_kind = [
        {"kind": "help_view", "interactions": 2, "share": "0.6667"},
        {"kind": "question", "interactions": 1, "share": "0.3333"},
    ]
    assert answer["channels"] == [
        {
            "id": forum.pk, "code": "forum", "name": "Forum", "interactions": 3, "share": "1.0000", "by_kind": by_kind,
            "size": 3, "size_day": "2026-03-01", "identified": 1, "identified_coverage": "0.3333",
            "ratios": {"identified_coverage": {"numerator": "1", "denominator": "3", "n": 3, "reason": None}},
        }
    ]  # fmt: skip
    assert [(place["code"], place["by_kind"]) for place in answer["communities"]] == [("help", by_kind)]
    assert answer["time_to_convert"] == {
        "n": 1, "without_touch": 0, "median": "3.0", "p90": "3.0", "reason": None
    }  # fmt: skip
    assert answer["engaged"] == {
        "engaged_from": 3, "customers": 1, "top": 1, "engaged": 0, "engaged_in_top_tenth": None,
        "ratios": {"engaged_in_top_tenth": {"numerator": "0", "denominator": "1", "n": 1, "reason": "few_customers"}},
    }  # fmt: skip
    assert (answer["self_service"]["readers"], answer["self_service"]["self_service_score"]) == (1, "1.0000")
    assert (answer["is_behind"], answer["behind_reason"]) == (False, None)


def test_small_groups_are_told_apart_to_whoever_may_see_contacts():
    forum = ChannelFactory()
    for country, birth_year in (*[("IE", 1990)] * 6, *[("DK", None)] * 2, *[("PL", None)] * 3, ("", None)):
        contact = ContactFactory(country=country, birth_year=birth_year)
        InteractionFactory(channel=forum, member=MemberFactory(channel=forum, contact=contact), occurred_at=NOON)
    ContactFactory(country="SE")  # did nothing

    def told(*scopes, **parameters):
        answer = client_with("people:read", *scopes).get("/api/v1/people/", parameters).json()["demographics"]
        return answer["persons"], [(group["key"], group["people"]) for group in answer["country"]]

    assert told() == (12, [("IE", 6), ("other", 5), ("unknown", 1)])
    assert told("contacts:read") == (12, [("IE", 6), ("PL", 3), ("DK", 2), ("unknown", 1)])
    assert told(people="all") == (13, [("IE", 6), ("other", 6), ("unknown", 1)])
    assert ask(people="everyone").status_code == 400


def test_without_facts_everything_is_undefined_and_says_why():
    answer = ask().json()

    assert (answer["channels"], answer["communities"]) == ([], [])
    assert answer["time_to_convert"] == {
        "n": 0, "without_touch": 0, "median": None, "p90": None, "reason": "nobody_converted"
    }  # fmt: skip
    assert answer["self_service"]["ratios"]["self_service_score"]["reason"] == "nobody_raised"
    assert (answer["is_behind"], answer["behind_reason"]) == (True, "Nothing has been computed yet.")


@pytest.mark.parametrize(
    "parameters", [{"by": "channel"}, {"from": "yesterday"}, {"from": "2026-04-01", "to": "2026-03-01"}]
)
def test_other_words_and_periods_that_end_before_they_start_are_refused(parameters):
    response = ask(**parameters)

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_it_takes_the_scope():
    assert client_with("responses:read").get("/api/v1/people/").status_code == 403
