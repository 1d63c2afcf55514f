"""What is particular to the collections of community over HTTP: tombstones, stand-ins, inclusive days, roles."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.interaction_kinds import engagement_kinds, touch_kinds
from community.models import BusinessHours, Channel, ChannelSize
from gateway.history import event_model_of
from gateway.routes import known_scopes
from tests.api_clients import client_with
from tests.factories.community import ChannelFactory, CommunityFactory

pytestmark = pytest.mark.django_db

KEYS = ("communities", "channels", "channel-sizes", "members", "threads", "interactions", "help-records", "costs")
QUESTION = {
    "channel": "forum",
    "external_id": "p9",
    "member": "u5",
    "kind": "question",
    "occurred_at": "2026-03-02T09:00:00Z",
    "thread": "t1",
    "text": "How do I enrol?",
}


@pytest.fixture
def api():
    ChannelFactory(slug="forum", community=CommunityFactory(slug="help"))
    return client_with(*known_scopes())


def put(api, key, item):
    response = api.post(f"/api/v1/{key}/", item)
    assert response.status_code in (200, 201), response.json()
    return response.json()


def test_a_survey_answer_is_private_feedback_that_waits_for_no_reply(api):
    said = {**QUESTION, "kind": "survey_answer", "is_private": True, "thread": None, "text": "The pace was too quick."}
    pk = put(api, "interactions", said)["id"]

    address, scopes = f"/api/v1/interactions/{pk}/", ("interactions:read", "waiting:read")
    assert api.get(address).json()["text"] == "The pace was too quick."
    assert client_with(*scopes).get(address).json()["text"] is None
    assert ids(api, "/api/v1/interactions/?kind=survey_answer") == ["p9"]
    assert client_with(*scopes).get("/api/v1/waiting/").json()["results"] == []
    assert "survey_answer" not in [*touch_kinds(), *engagement_kinds()]


def ids(api, address):
    return [record["external_id"] for record in api.get(address).json()["results"]]


def test_deleted_interaction_is_a_tombstone_under_updated_since(api):
    question = put(api, "interactions", QUESTION)

    assert api.delete(f"/api/v1/interactions/{question['id']}/").status_code == 204

    assert ids(api, "/api/v1/interactions/") == []
    (tombstone,) = api.get("/api/v1/interactions/?updated_since=2020-01-01T00:00:00Z").json()["results"]
    assert (tombstone["id"], tombstone["text"], tombstone["kind"]) == (question["id"], "", "question")
    assert tombstone["deleted_at"].endswith("Z")


def test_interaction_that_was_only_named_stays_out_of_the_list(api):
    put(api, "interactions", {**QUESTION, "external_id": "p10", "kind": "answer", "reply_to": "p-later"})

    assert ids(api, "/api/v1/interactions/") == ["p10"]
    assert sorted(ids(api, "/api/v1/interactions/?include_inactive=true")) == ["p-later", "p10"]


def test_what_an_item_names_is_made_and_listed(api):
    put(api, "interactions", {**QUESTION, "to": "u7"})

    assert sorted(ids(api, "/api/v1/members/?channel=forum")) == ["u5", "u7"]
    assert ids(api, "/api/v1/threads/?external_id=t1") == ["t1"]


def test_interaction_to_a_contact_shows_the_contact(api):
    record = put(api, "interactions", {**QUESTION, "to": {"source": "shop", "external_id": "c1"}})

    assert record["to"] is None
    assert record["to_contact_id"] > 0
    found = api.get("/api/v1/interactions/", {"to_contact_id": record["to_contact_id"]}).json()["results"]
    assert [one["id"] for one in found] == [record["id"]]


def test_cost_covers_its_last_day(api):
    item = {
        "source": "ads",
        "external_id": "a1",
        "category": "advertising",
        "amount": "100",
        "currency": "EUR",
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-31",
    }
    record = put(api, "costs", item)

    assert (record["starts_on"], record["ends_on"], record["amount"]) == ("2026-03-01", "2026-03-31", "100.00")
    assert ids(api, "/api/v1/costs/?ends_from=2026-03-31") == ["a1"]
    assert ids(api, "/api/v1/costs/?ends_from=2026-04-01") == []
    assert ids(api, "/api/v1/costs/?starts_until=2026-03-02") == ["a1"]
    assert ids(api, "/api/v1/costs/?starts_until=2026-03-01") == []


def test_changed_cost_is_voided_and_replaced(api):
    item = {
        "source": "ads",
        "external_id": "a1",
        "category": "advertising",
        "amount": "100",
        "currency": "EUR",
        "starts_on": "2026-03-01",
        "ends_on": "2026-03-31",
    }
    record = put(api, "costs", item)

    replacement = api.patch(f"/api/v1/costs/{record['id']}/", {"amount": "90"}).json()

    assert replacement["id"] != record["id"]
    assert (replacement["amount"], replacement["voided_at"]) == ("90.00", None)
    old = api.get(f"/api/v1/costs/{record['id']}/").json()
    assert (old["amount"], old["replaced_by"]) == ("100.00", replacement["id"])
    assert old["voided_at"].endswith("Z")
    assert [one["id"] for one in api.get("/api/v1/costs/").json()["results"]] == [replacement["id"]]


def test_community_and_channel_in_use_cannot_be_deleted(api):
    put(api, "interactions", QUESTION)
    for key, instead in (("communities", "Archive it"), ("channels", "Archive it"), ("threads", "Delete those first.")):
        pk = api.get(f"/api/v1/{key}/").json()["results"][0]["id"]
        response = api.delete(f"/api/v1/{key}/{pk}/")
        assert (response.status_code, response.json()["code"]) == (409, "in_use")
        assert instead in response.json()["detail"]


def test_channel_names_its_business_hours_and_the_target_for_first_replies(api):
    weekdays = BusinessHours.objects.create(name="Weekdays", time_zone="Europe/Copenhagen")
    forum = {"slug": "forum", "business_hours": "Weekdays", "reply_target_minutes": 240}

    record = put(api, "channels", forum)

    assert (record["business_hours"], record["reply_target_minutes"]) == ("Weekdays", 240)
    channel = Channel.objects.get()
    assert (channel.business_hours, channel.reply_target_minutes) == (weekdays, 240)
    kept = put(api, "channels", {"slug": "forum", "name": "The forum"})
    assert (kept["business_hours"], kept["reply_target_minutes"]) == ("Weekdays", 240)
    cleared = put(api, "channels", {"slug": "forum", "business_hours": None, "reply_target_minutes": None})
    assert (cleared["business_hours"], cleared["reply_target_minutes"]) == (None, None)


@pytest.mark.parametrize(
    ("given", "field", "code", "message"),
    [
        (
            {"business_hours": "Nights"},
            "business_hours",
            "unknown_business_hours",
            "There are no business hours 'Nights'. Add them in the admin first, or send null for the organisation's.",
        ),
        ({"business_hours": ""}, "business_hours", "empty", "This may not be empty."),
        ({"reply_target_minutes": 0}, "reply_target_minutes", "out_of_range", "At least 1."),
        ({"reply_target_minutes": 2**31}, "reply_target_minutes", "out_of_range", "At most 2147483647."),
        (
            {"reply_target_minutes": "60"},
            "reply_target_minutes",
            "not_whole",
            "Give a whole number, without quotes.",
        ),
    ],
)
def test_channel_is_refused_with_the_field_that_is_wrong(api, given, field, code, message):
    response = api.post("/api/v1/channels/", {"slug": "forum", **given})

    assert response.status_code == 400
    assert [(error["field"], error["code"], error["message"]) for error in response.json()["errors"]] == [
        (field, code, message)
    ]
    channel = Channel.objects.get()
    assert (channel.business_hours, channel.reply_target_minutes) == (None, None)


def test_business_hours_of_many_channels_are_looked_up_at_once(api):
    BusinessHours.objects.create(name="Weekdays", time_zone="Europe/Copenhagen")

    def queries(count: int) -> int:
        items = [
            {
                "slug": f"c{count}-{n}",
                "name": "C",
                "platform": "chat",
                "community": "help",
                "business_hours": "Weekdays",
            }
            for n in range(count)
        ]
        with CaptureQueriesContext(connection) as asked:
            assert api.post("/api/v1/channels/batch/upsert", {"items": items}).json()["created"] == count
        return len(asked)

    queries(1)
    assert queries(2) == queries(20)


def test_unknown_channel_refuses_the_item(api):
    response = api.post("/api/v1/interactions/", {**QUESTION, "channel": "nowhere"})

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("channel", "unknown_channel")]


def test_role_of_a_member_is_its_latest(api):
    put(api, "members", {"channel": "forum", "external_id": "u5", "role": "staff"})
    item = {"channel": "forum", "external_id": "u5", "role": "community", "role_since": "2026-01-01T00:00:00Z"}

    record = put(api, "members", item)

    assert record["role"] == "community"
    assert [(role["role"], role["since"]) for role in record["roles"]] == [
        ("staff", None),
        ("community", "2026-01-01T00:00:00Z"),
    ]
    assert ids(api, "/api/v1/members/?has_role=staff") == ["u5"]
    assert ids(api, "/api/v1/members/?has_role=bot") == []


def test_help_shows_who_helped(api):
    get_user_model().objects.create_user("ana")
    item = {
        "channel": "forum",
        "contact": {"source": "shop", "external_id": "c1"},
        "occurred_at": "2026-03-03T11:00:00Z",
    }

    by_user = put(api, "help-records", {**item, "external_id": "h1", "helper": {"user": "ana"}})
    by_member = put(api, "help-records", {**item, "external_id": "h2", "helper": {"member": "u7"}})

    assert (by_user["helper"], by_member["helper"]) == ({"user": "ana"}, {"member": "u7"})
    assert ids(api, "/api/v1/help-records/?helper_user=ana") == ["h1"]
    assert ids(api, f"/api/v1/help-records/?helper_member_id={by_member['helper_member_id']}") == ["h2"]


def test_size_of_a_channel_is_one_number_for_each_day_and_keeps_what_it_was(api):
    first = put(api, "channel-sizes", {"channel": "forum", "day": "2026-03-31", "people": 5200})
    again = put(api, "channel-sizes", {"channel": "forum", "day": "2026-03-31", "people": 5300})
    later = put(api, "channel-sizes", {"channel": "forum", "day": "2026-04-30", "people": 5100})

    assert (again["id"], again["people"], later["id"] != first["id"]) == (first["id"], 5300, True)
    march = api.get("/api/v1/channel-sizes/?day_until=2026-04-01").json()["results"]
    assert [(size["channel"], size["day"], size["people"]) for size in march] == [("forum", "2026-03-31", 5300)]
    history = event_model_of(ChannelSize)._default_manager.filter(pgh_obj=first["id"]).order_by("pgh_id")
    assert list(history.values_list("pgh_label", "people")) == [("insert", 5200), ("update", 5300)]


def test_size_of_a_channel_needs_the_channel_and_a_whole_number(api):
    def refusal(**fields):
        item = {"channel": "forum", "day": "2026-03-31", "people": 1, **fields}
        return api.post("/api/v1/channel-sizes/", item).json()["errors"][0]["code"]

    assert refusal(channel="nowhere") == "unknown_channel"
    assert refusal(people=-1) == "out_of_range"
    assert refusal(people="5200") == "not_whole"
    assert not ChannelSize.objects.exists()


def test_channel_with_sizes_is_archived_not_deleted(api):
    put(api, "channel-sizes", {"channel": "forum", "day": "2026-03-31", "people": 5200})

    refused = api.delete(f"/api/v1/channels/{Channel.objects.get().pk}/")

    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
