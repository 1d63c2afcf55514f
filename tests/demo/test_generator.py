"""The demo company: the same for everybody, as large and as lively as it says."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise

import pytest
from django.conf import settings

from demo.generator import collections
from demo.generator.calendar import Calendar, months_before
from demo.generator.joe import story

UNTIL = date(2026, 11, 1)


@pytest.fixture(scope="module")
def company() -> dict[str, list[dict[str, object]]]:
    return {key: list(items) for key, items in collections(UNTIL)}


def readme() -> str:
    return (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")


def digest(until: date, company=None) -> str:
    """Return a hash of every item in its order."""
    whole = hashlib.sha256()
    for key, items in company.items() if company else collections(until):
        whole.update(key.encode())
        for item in items:
            whole.update(json.dumps(item).encode())
    return whole.hexdigest()


def test_company_is_the_same_in_another_process_hash_seed_and_time_zone(company):
    code = "from datetime import date; from tests.demo.test_generator import digest; print(digest(date(2026, 11, 1)))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Kolkata"}

    other = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True
    )

    assert other.stdout.strip() == digest(UNTIL, company)


def test_company_of_another_day_is_another_one(company):
    next_day = dict(collections(date(2026, 11, 2)))["conversions"]

    assert list(islice(next_day, 100)) != company["conversions"][:100]


def test_company_has_the_size_it_is_said_to_have(company):
    size = {key: len(items) for key, items in company.items()}

    assert size["communities"] == 2
    assert size["channels"] == 4
    assert size["campaigns"] == 14
    assert 2_450 <= size["members"] <= 2_550
    assert 38_000 <= size["interactions"] <= 42_000
    accepted = sum("accepted_answer" in thread for thread in company["threads"])
    calls = sum(record["channel"] == "phone" for record in company["help-records"])
    assert 1_400 <= accepted + calls <= 1_600  # Kith makes help records from accepted answers
    assert 3_800 <= size["conversions"] <= 4_200


def test_readme_says_how_large_the_company_is(company):
    assert f"{sum(map(len, company.values())):,} items have the same hash" in readme()
    assert f"{len(company['members']) - 1:,} members and one Joe" in readme()


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_first_call_that_a_page_shows_overwrites_nobody_of_the_company(company, page):
    (body,) = re.findall(r" -d '(.*)'$", (settings.BASE_DIR / page).read_text(encoding="utf-8"), re.MULTILINE)
    known = {(contact["source"], contact["external_id"]) for contact in company["contacts"]}
    addresses = {contact.get("email") for contact in company["contacts"]}

    for contact in json.loads(body).get("items", [json.loads(body)]):
        assert (contact["source"], contact["external_id"]) not in known
        assert contact["email"] not in addresses


def test_company_uses_every_kind_of_what_it_shows(company):
    def values(collection, field):
        return {item[field] for item in company[collection] if field in item}

    assert values("interactions", "kind") == {
        "question", "answer", "comment", "like", "share", "mention", "direct_message", "click", "event_attendance",
        "post", "follow", "help_view",
    }  # fmt: skip
    assert values("conversions", "kind") == {
        "purchase", "subscription", "renewal", "donation", "sign_up", "download", "visit", "referral",
    }  # fmt: skip
    assert values("costs", "category") == {
        "staffing", "platform_fee", "tools", "content", "advertising", "agency", "freelancer", "rewards", "other",
    }  # fmt: skip
    assert values("conversions", "currency") == values("costs", "currency") == {"EUR", "GBP"}
    assert values("members", "role") == {"community", "staff", "bot"}
    assert values("help-records", "rating") == {1, 2, 3, 4, 5}
    assert any("hours" in cost and "hourly_rate" in cost for cost in company["costs"])
    assert sum(campaign["is_pilot"] for campaign in company["campaigns"]) == 1


def test_campaign_without_cost_is_there_once(company):
    with_cost = {cost["campaign"] for cost in company["costs"] if "campaign" in cost}

    assert {campaign["code"] for campaign in company["campaigns"]} - with_cost == {"excel-friday"}


def test_hours_times_rate_is_the_amount_of_staffing(company):
    staffing = [cost for cost in company["costs"] if cost["category"] == "staffing"]

    assert len(staffing) > 90
    assert all(
        (Decimal(cost["hours"]) * Decimal(cost["hourly_rate"])).quantize(Decimal("0.01")) == Decimal(cost["amount"])
        for cost in staffing
    )


def test_refunds_never_exceed_their_order_and_come_after_it(company):
    orders = {item["external_id"]: item for item in company["conversions"] if "refund_of" not in item}
    refunds = [item for item in company["conversions"] if "refund_of" in item]
    refunded = Counter()
    for refund in refunds:
        refunded[refund["refund_of"]["external_id"]] += Decimal(refund["amount"])

    assert 150 <= len(refunds) <= 250
    assert all(total <= Decimal(orders[order]["amount"]) for order, total in refunded.items())
    assert all(refund["occurred_at"] > orders[refund["refund_of"]["external_id"]]["occurred_at"] for refund in refunds)
    full = [order for order, total in refunded.items() if total == Decimal(orders[order]["amount"])]
    assert 0 < len(full) < len(refunded)


def test_everything_happens_in_the_24_months_before_until(company):
    first, end = datetime(2024, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)

    for key in ("interactions", "help-records", "conversions"):
        times = [datetime.fromisoformat(item["occurred_at"]) for item in company[key] if "occurred_at" in item]
        assert first <= min(times)
        assert max(times) < end
    assert max(date.fromisoformat(cost["ends_on"]) for cost in company["costs"]) < UNTIL


def test_activity_is_skewed_as_in_real_communities(company):
    counts = sorted(Counter(item["member"] for item in company["interactions"]).values(), reverse=True)

    assert sum(counts[: len(counts) // 100]) > 0.06 * sum(counts)  # the top hundredth does more than its share sixfold
    assert sum(counts[: len(counts) // 10]) > 0.25 * sum(counts)


def test_follow_ups_are_done_overdue_due_and_ahead_on_the_last_day(company):
    still_open = [item for item in company["follow-ups"] if "done_at" not in item]
    days = [date.fromisoformat(item["due_on"]) for item in still_open]

    assert (len(days), sum(day < UNTIL for day in days), sum(day == UNTIL for day in days)) == (13, 5, 2)
    assert {item["assigned_to"] for item in still_open} == {"ana", "chloe", "dan"}
    done = [item for item in company["follow-ups"] if "done_at" in item]
    assert all(item["recorded_at"] < item["done_at"] < "2026-11-01T00:00:00Z" for item in done)


def test_joe_has_a_note_and_follow_ups_done_and_open(company):
    def about_joe(key):
        return [item for item in company[key] if item["contact"]["external_id"] == "joe"]

    assert [(note["author"], note["is_pinned"]) for note in about_joe("notes")] == [("ana", True)]
    assert [("done_at" in task, task["due_on"]) for task in about_joe("follow-ups")] == [
        (True, "2026-09-19"),
        (False, "2026-12-01"),
    ]


def test_joes_story_keeps_its_distances_whatever_the_day():
    def distances(until):
        end = datetime(until.year, until.month, until.day, tzinfo=UTC)
        return [end - step.at for step in story(until) if step.at]

    assert distances(date(2026, 11, 1)) == distances(date(2025, 4, 2)) == distances(date(2024, 2, 29))
    assert distances(UNTIL)[0] == timedelta(days=59, hours=13, minutes=55)  # he asks at 10:05, 60 days before


def test_readme_tells_joes_story_on_its_days_and_with_its_figures():
    section = readme().partition("## The story of Joe")[2].partition("\n## ")[0]
    told = {(int(day), time): text for day, time, text in re.findall(r"\n\| (\d+)(, [\d:]+)? \| (.*?) \|", section)}
    steps = [step for step in story(UNTIL) if step.collection in ("conversions", "interactions", "help-records")]
    first = min(step.at.date() for step in steps)

    happened = set()
    for step in steps:
        sale = step.collection == "conversions"
        when = (step.at.date() - first).days + 1, "" if sale else f", {step.at:%H:%M}"
        happened.add(when)
        if sale:
            assert f"{step.item['amount']} EUR" in told[when]
        if "rating" in step.item:
            assert f"{step.item['rating']} of 5" in told[when]
    assert happened == set(told)


def test_nobody_else_has_to_do_with_joe_and_mia(company):
    alone = {"joe", "mia"}

    touching = [
        item["external_id"]
        for item in company["interactions"]
        if alone & {item.get("member"), item.get("to")} or str(item.get("reply_to")).startswith("joe-")
    ]

    assert touching == ["joe-p1", "joe-p2"]


def test_texts_are_varied_and_have_no_blanks_left(company):
    texts = [item["text"] for item in company["interactions"] if "text" in item]
    questions = [item["text"] for item in company["interactions"] if item["kind"] == "question"]

    assert not any("{" in text or "}" in text or "lorem" in text.lower() for text in texts)
    assert len(set(questions)) > 0.6 * len(questions)


def test_nobody_answers_their_own_question(company):
    asker = {thread["external_id"]: thread["opened_by"] for thread in company["threads"]}
    answers = [item for item in company["interactions"] if item["kind"] == "answer"]

    assert all(answer["member"] != asker[answer["thread"]] for answer in answers)


def test_rates_leave_no_gap_longer_than_seven_days(company):
    days = sorted(date.fromisoformat(rate["date"]) for rate in company["exchange-rates"])

    assert days[0] <= date(2024, 11, 1)
    assert all((later - earlier).days <= 7 for earlier, later in pairwise(days))
    assert (UNTIL - days[-1]).days <= 7


@pytest.mark.parametrize(
    ("day", "earlier"),
    [
        (date(2026, 11, 1), date(2024, 11, 1)),
        (date(2024, 2, 29), date(2022, 2, 28)),
        (date(2025, 12, 31), date(2023, 12, 31)),
    ],
)
def test_months_before_keeps_the_day_or_takes_the_last_of_the_month(day, earlier):
    assert months_before(day, 24) == earlier


@pytest.mark.parametrize("until", [date(2024, 2, 29), date(2026, 1, 1), date(2026, 6, 15), date(2026, 9, 30)])
def test_campaigns_lie_within_the_two_years_whatever_the_day(until):
    campaigns = dict(collections(until))["campaigns"]
    first_day = Calendar(until).first_day

    days = [(date.fromisoformat(each["starts_on"]), date.fromisoformat(each["ends_on"])) for each in campaigns]

    assert len(days) == 14
    assert all(first_day <= starts_on <= ends_on < until for starts_on, ends_on in days)


def test_a_few_people_are_here_twice_and_nobody_shares_a_telephone(company):
    emails = Counter(item["email"] for item in company["contacts"])
    phones = Counter(item["phone"] for item in company["contacts"] if "phone" in item)
    newsletter = [item for item in company["contacts"] if item["source"] == "newsletter"]

    assert len(newsletter) == 5
    assert sorted(email for email, number in emails.items() if number > 1) == sorted(
        item["email"] for item in newsletter[:3]
    )
    assert set(phones.values()) == {1}
    assert sum(item["external_id"].startswith("twice-") for item in company["members"]) == 2
