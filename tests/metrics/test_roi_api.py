"""The reports and the ledger over HTTP: shapes, parameters, paging, and the way from a figure to its sentence."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm.models import ConversionKind
from jobs.api.records import JobRecord
from metrics.api.records import CreditPageRecord, RoiRecord
from metrics.models import Credit, StaleMark
from metrics.recompute import recompute_all
from tests.api_clients import client_of, client_with
from tests.factories.community import ChannelFactory, CommunityFactory, CostFactory, InteractionFactory, MemberFactory
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory, RefundFactory
from tests.metrics.ledger import add_cost_days, add_credit, add_result, roll_up

REPORTS = ["campaigns", "channels", "communities", "members", "summary"]


def get(path, *scopes, **parameters):
    response = client_with(*(scopes or ("roi:read",))).get(f"/api/v1/{path}", parameters)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def spring(db):
    """Joe asked on the forum, in private, then bought for 1,000.00; the campaign cost 500.00."""
    joe = ContactFactory(full_name="Joe Bloggs")
    forum = ChannelFactory(slug="forum", community=CommunityFactory(slug="school"))
    account = MemberFactory(channel=forum, handle="joe", contact=joe)
    campaign = CampaignFactory(code="spring", name="Spring course")
    question = InteractionFactory(
        channel=forum, external_id="p9", member=account, text="How do I enrol?", campaign=campaign
    )
    answer = InteractionFactory(
        channel=forum,
        external_id="p10",
        kind="answer",
        member=MemberFactory(channel=forum, handle="ada"),
        text="With the blue button, Joe.",
        is_private=True,
        occurred_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
    )
    bought = add_result(
        date(2026, 3, 20),
        100000,
        person=joe,
        touches=2,
        is_help_touched=True,
        conversion=ConversionFactory(contact=joe, external_id="o1", amount="1000.00"),
    )
    place = {"channel": forum, "campaign": campaign, "decay_total": 3}
    add_credit(bought, 1, 50000, interaction=question, actor_kind="self", actor_member=account, **place)
    add_credit(
        bought, 2, 50000, interaction=answer, actor_member=answer.member, is_help=True, **{**place, "decay_weight": 2}
    )
    add_cost_days(CostFactory(campaign=campaign), {date(2026, 3, 1): 50000})
    roll_up()
    return campaign


def test_campaign_report_in_full(spring):
    answer = get("roi/campaigns/", model="linear", **{"from": "2026-01-01", "to": "2027-01-01"})

    assert RoiRecord.model_validate(answer)
    assert answer["rows"] == [
        {
            "id": spring.pk,
            "code": "spring",
            "name": "Spring course",
            "revenue_credited": "1000.00",
            "conversions_credited": "1.000000",
            "roi": "1.0000",
            "roas": "2.0000",
            "cost_per_conversion": "500.00",
            "revenue": None,
            "assisted_revenue": "1000.00",
            "conversions_touched": 1,
            "conversions_fully_refunded": 0,
            "cost": "500.00",
            "people_helped": 0,
            "questions_answered": 0,
            "mean_rating": None,
            "cost_per_person_helped": None,
            "ratios": {
                "roi": {"numerator": "500.00", "denominator": "500.00", "n": 1, "reason": None},
                "roas": {"numerator": "1000.00", "denominator": "500.00", "n": 1, "reason": None},
                "cost_per_conversion": {"numerator": "500.00", "denominator": "1.000000", "n": 1, "reason": None},
                "mean_rating": {"numerator": "0", "denominator": "0", "n": 0, "reason": "no_ratings"},
                "cost_per_person_helped": {
                    "numerator": "500.00",
                    "denominator": "0",
                    "n": 0,
                    "reason": "nobody_helped",
                },
            },
            "credits": "/api/v1/credits/?campaign=spring&from=2026-01-01&to=2027-01-01",
        }
    ]
    assert answer["lines"] == {
        "no_campaign": {"label": "No campaign", "revenue": "0.00", "cost": "0.00"},
        "unattributed": {"label": "Unattributed", "revenue": "0.00", "cost": "0.00"},
        "staff_purchases": {"label": "Staff purchases", "revenue": "0.00", "cost": "0.00"},
        "not_assigned": {"label": "Not assigned", "revenue": "0.00", "cost": "0.00"},
        "not_converted": [],
    }
    assert answer["total"]["revenue"] == "1000.00"
    assert (answer["from"], answer["to"], answer["currency"]) == ("2026-01-01", "2027-01-01", "EUR")
    assert "not proof of cause" in answer["note"]
    assert (answer["count"], answer["next"]) == (1, None)


@pytest.mark.parametrize("model", ["first_touch", "last_touch", "linear", "position_based", "time_decay", "all"])
@pytest.mark.parametrize("scope", REPORTS)
def test_every_report_has_the_documented_shape_for_every_model(spring, scope, model):
    answer = get(f"roi/{scope}/", model=model)

    assert RoiRecord.model_validate(answer)
    assert len(answer["rows"]) == 1
    assert ("models" in answer["rows"][0]) == (model == "all")


@pytest.mark.parametrize("parameters", [{"as": "helper"}, {"as": "customer", "cost": "loaded"}])
def test_member_report_takes_view_and_cost(spring, parameters):
    answer = get("roi/members/", **parameters)

    assert RoiRecord.model_validate(answer)
    assert answer["rows"][0]["accounts"][0]["handle"] == {"helper": "ada", "customer": "joe"}[parameters["as"]]


def test_models_stand_side_by_side(spring):
    [row] = get("roi/campaigns/", model="all")["rows"]

    assert list(row["models"]) == ["first_touch", "last_touch", "linear", "position_based", "time_decay"]
    assert row["models"]["first_touch"]["roi"] == row["roi"] == "1.0000"


@pytest.mark.parametrize(
    ("path", "parameters", "at_fault"),
    [
        ("campaigns", {"model": "magic"}, "model"),
        ("campaigns", {"to": "1772323200"}, "to"),
        ("summary", {"ordering": "-roi"}, "ordering"),
        ("campaigns", {"limit": "0"}, "limit"),
        ("campaigns", {"offset": "-1"}, "offset"),
        ("campaigns", {"ordering": "price"}, "ordering"),
        ("campaigns", {"as": "helper"}, "as"),
        ("members", {"as": "friend"}, "as"),
        ("members", {"cost": "none"}, "cost"),
        ("members", {"until": "2026-01-01"}, "until"),
    ],
)
def test_bad_parameter_is_named(db, path, parameters, at_fault):
    response = client_with("roi:read").get(f"/api/v1/roi/{path}/", parameters)

    assert response.status_code == 400
    assert response.json()["code"] == "invalid_parameters"
    assert [error["parameter"] for error in response.json()["errors"]] == [at_fault]


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("01/03/2026", "not_a_day"),
        ("2026-02-30", "not_a_day"),
        ("2026-13-01", "not_a_day"),
        ("0001-01-01", "out_of_range"),
        ("3000-01-01", "out_of_range"),
    ],
)
@pytest.mark.parametrize("path", ["roi/campaigns", "credits", "people", "responses"])
def test_day_that_is_none_is_refused_in_words(db, path, day, code):
    response = client_with("roi:read", "credits:read", "people:read", "responses:read").get(
        f"/api/v1/{path}/", {"from": day, **({"by": "staff"} if path == "responses" else {})}
    )

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert (error["parameter"], error["code"]) == ("from", code)
    assert "datetime" not in error["message"]
    assert "error" not in error["message"]


@pytest.mark.parametrize("day", ["2026-02-30", "01/03/2026", "0001-01-01", "3000-01-01"])
def test_a_day_is_refused_with_the_code_and_words_of_every_day(db, day):
    asked = client_with("roi:read", "follow-ups:read")

    (report,) = asked.get("/api/v1/roi/campaigns/", {"from": day}).json()["errors"]
    (follow_ups,) = asked.get("/api/v1/follow-ups/", {"due_from": day}).json()["errors"]

    assert report["code"] == follow_ups["code"]
    assert report["message"] == follow_ups["message"]


@pytest.mark.parametrize("path", ["roi/summary", "credits", "people", "responses"])
def test_period_that_ends_before_it_starts_is_a_problem(db, path):
    response = client_with("roi:read", "credits:read", "people:read", "responses:read").get(
        f"/api/v1/{path}/",
        {"from": "2026-02-01", "to": "2026-01-01", **({"by": "staff"} if path == "responses" else {})},
    )

    assert (response.status_code, response.json()["code"]) == (400, "period_ends_before_start")


def test_day_outside_of_the_period_has_no_credits(db):
    answer = client_with("credits:read").get(
        "/api/v1/credits/", {"from": "2026-02-01", "to": "2026-03-01", "day": "2026-01-05"}
    )

    assert (answer.status_code, answer.json()["results"]) == (200, [])


@pytest.mark.parametrize("path", [*(f"roi/{scope}/" for scope in REPORTS), "credits/"])
def test_reports_need_a_key_with_their_scope(db, path):
    assert client_of().get(f"/api/v1/{path}").status_code == 401
    assert client_with("jobs:read").get(f"/api/v1/{path}").status_code == 403


def test_pages_of_people_lead_to_each_other_and_each_adds_up(db):
    for minor in (300, 200, 100):
        add_result(date(2026, 3, 1), minor, person=ContactFactory(), line="unattributed")
    roll_up()
    client = client_with("roi:read")

    first = client.get("/api/v1/roi/members/", {"ordering": "-revenue", "limit": 2}).json()
    second = client.get(first["next"]).json()

    assert [row["revenue"] for row in first["rows"]] == ["3.00", "2.00"]
    assert [row["revenue"] for row in second["rows"]] == ["1.00"]
    assert (first["count"], second["next"]) == (3, None)
    assert "other_rows" in first["lines"]


def test_credit_of_a_refund_is_in_the_currency_of_its_original(db):
    joe = MemberFactory(contact=ContactFactory(full_name="Joe Bloggs"))
    InteractionFactory(channel=joe.channel, member=joe)
    ConversionFactory(contact=joe.contact, external_id="o1", amount="340.00")
    RefundFactory(refund_of_external_id="o1", amount="90.00")
    recompute_all(now=datetime(2026, 5, 1, tzinfo=UTC))

    answer = client_with("credits:read").get("/api/v1/credits/").json()

    assert CreditPageRecord.model_validate(answer)
    assert [
        (
            one["is_refund"],
            one["conversion"]["amount"],
            one["conversion"]["currency"],
            one["models"]["linear"]["amount"],
        )
        for one in answer["results"]
    ] == [(False, "340.00", "EUR", "340.00"), (True, "90.00", "EUR", "-90.00")]


def test_figure_leads_to_its_credits_and_each_to_its_sentence(spring):
    client = client_with("credits:read", scopes=["credits:read", "private-interactions:read"])
    answer = client.get("/api/v1/credits/", {"campaign": "SPRING"}).json()

    assert CreditPageRecord.model_validate(answer)
    question, reply = answer["results"]
    assert question["interaction"]["text"] == "How do I enrol?"
    assert (question["actor"], question["actor_kind"]) == ("joe", "self")
    assert (reply["actor"], reply["actor_kind"], reply["is_help"]) == ("ada", "member", True)
    assert reply["interaction"]["text"] == "With the blue button, Joe."
    assert reply["conversion"]["external_id"] == "o1"
    assert reply["conversion"]["contact_name"] == "Joe Bloggs"
    assert (reply["conversion"]["amount"], reply["conversion"]["currency"]) == ("1000.00", "EUR")
    assert (reply["position"], reply["touches"], reply["decay_weight"], reply["decay_total"]) == (2, 2, 2, 3)
    assert reply["models"]["time_decay"] == {"share": "2/3", "share_decimal": "0.666667", "amount": "500.00"}
    assert reply["models"]["linear"] == {"share": "1/2", "share_decimal": "0.500000", "amount": "500.00"}
    assert reply["models"]["first_touch"]["share"] == "0"


@pytest.mark.parametrize(
    "path", [*(f"roi/{scope}/" for scope in REPORTS), "roi/members/?as=helper", "roi/summary/?from=2026-03-10"]
)
def test_every_row_leads_to_credits_that_sum_to_it(spring, path):
    client = client_with("roi:read", "credits:read")
    answer = client.get(f"/api/v1/{path}").json()

    for row in answer["rows"]:
        credits = client.get(row["credits"]).json()["results"]
        if "as=helper" not in path:
            assert len(credits) == 2
        assert sum(Decimal(credit["models"]["linear"]["amount"]) for credit in credits) == Decimal(
            row["revenue_credited"]
        )
    assert len(answer["rows"]) == 1


def test_private_words_need_a_scope_of_their_own(spring):
    question, reply = get("credits/", "credits:read", campaign="spring")["results"]

    assert question["interaction"]["text"] == "How do I enrol?"
    assert (reply["interaction"]["text"], reply["interaction"]["url"]) == (None, None)
    assert reply["interaction"]["is_private"] is True


def test_credits_are_found_by_every_filter(spring):
    reply = Credit.objects.get(position=2)
    helper = reply.actor_member.contact_id
    both, one, none = 2, 1, 0
    for parameters, expected in (
        ({"conversion": reply.conversion_id}, both),
        ({"interaction": reply.interaction_id}, one),
        ({"contact": reply.person_id}, both),
        ({"member": reply.actor_member_id}, one),
        ({"helper": helper}, one),
        ({"helper": reply.person_id}, none),  # Joe's own touch is not help by another
        ({"channel": "forum"}, both),
        ({"channel": "phone"}, none),
        ({"community": "school"}, both),
        ({"campaign": "autumn"}, none),
        ({"has_campaign": "true"}, both),
        ({"has_campaign": "false"}, none),
        ({"has_channel": "false"}, none),
        ({"actor": "self"}, one),
        ({"is_help": "true"}, one),
        ({"day": "2026-03-20"}, both),
        ({"day": "2026-03-21"}, none),
        ({"from": "2026-03-20", "to": "2026-03-21"}, both),
        ({"from": "2026-03-21"}, none),
    ):
        assert len(get("credits/", "credits:read", **parameters)["results"]) == expected, parameters


def test_credits_are_paged_by_cursor(spring):
    client = client_with("credits:read")

    first = client.get("/api/v1/credits/", {"limit": 1}).json()
    second = client.get(first["next"]).json()

    assert [credit["position"] for credit in first["results"] + second["results"]] == [1, 2]
    assert second["next"] is None
    assert client.get("/api/v1/credits/", {"cursor": "elsewhere"}).status_code == 400


def test_credit_of_a_conversions_own_utm_code_has_no_interaction(db):
    guest = add_result(date(2026, 3, 21), 3000, touches=1)
    add_credit(guest, 1, 3000, campaign=CampaignFactory(code="pilot"), actor_kind="unknown")

    [credit] = get("credits/", "credits:read")["results"]

    assert (credit["interaction"], credit["channel"], credit["campaign"]) == (None, None, "pilot")
    assert credit["conversion"]["contact_id"] is None


@pytest.mark.django_db(transaction=True)
def test_recompute_answers_with_a_job_that_workers_finish(celery_worker):
    joe = ContactFactory()
    account = MemberFactory(contact=joe)
    campaign = CampaignFactory(code="spring")
    InteractionFactory(member=account, channel=account.channel, campaign=campaign)
    ConversionFactory(contact=joe, amount="1000.00")
    StaleMark.objects.all().delete()  # as if nothing had been noted: only the full recompute can find it
    client = client_with("recompute:write", "jobs:read", "roi:read")

    accepted = client.post("/api/v1/recompute/")
    job = wait_for_job(client, accepted.headers["Location"])

    assert accepted.status_code == 202
    assert JobRecord.model_validate(accepted.json())
    assert (job["state"], job["kind"], job["requested_through"]) == ("succeeded", "recompute", "api")
    report = client.get("/api/v1/roi/campaigns/").json()
    assert report["rows"][0]["revenue_credited"] == "1000.00"
    assert report["is_behind"] is False


def wait_for_job(client, address):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = client.get(address).json()
        if job["finished_at"] is not None:
            return job
        time.sleep(0.2)
    raise AssertionError(f"The job did not finish: {job}")


def test_recompute_takes_no_words(db):
    client = client_with("recompute:write")

    assert client.post("/api/v1/recompute/", {}).status_code == 202
    assert client.post("/api/v1/recompute/", {"all": True}).status_code == 400
    assert client_with("roi:read").post("/api/v1/recompute/").status_code == 403


def test_report_says_when_it_is_behind(spring):
    answer = get("roi/campaigns/")
    assert answer["is_behind"] is True
    assert answer["behind_reason"] == "Nothing has been computed yet."

    recompute_all(now=datetime(2026, 6, 30, tzinfo=UTC))
    assert get("roi/campaigns/")["behind_reason"] is None

    ConversionFactory(contact=ContactFactory())
    assert get("roi/campaigns/")["behind_reason"] == "Facts have changed and wait for their recompute."

    StaleMark.objects.all().delete()
    ConversionKind.objects.filter(key="donation").update(lookback_days=30)
    assert "Settings" in get("roi/campaigns/")["behind_reason"]
