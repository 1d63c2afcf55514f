"""
One item of every collection, and a field to change: what the contract tests of the API send.

A collection without a sample fails `test_every_collection_has_a_sample`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from community.models import BusinessHours
from tests.factories.community import ChannelFactory, CommunityFactory

Json = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """`item(n)` is the n-th item, with a key of its own; `change` what a PATCH sends, `changed` what is read then."""

    item: Callable[[int], Json]
    change: Json
    changed: Mapping[str, Any]


def prepare() -> None:
    """Make what items name and upserts never create: a community, a channel, business hours and a user."""
    community = CommunityFactory(slug="help")
    ChannelFactory(slug="forum", community=community)
    BusinessHours.objects.create(name="Weekdays", time_zone="Europe/Copenhagen")
    get_user_model().objects.create_user("ana")


def day(n: int) -> str:
    """Return the n-th day after the first of March 2026."""
    return (date(2026, 3, 1) + timedelta(days=n)).isoformat()


SAMPLES: dict[str, Sample] = {
    "communities": Sample(
        lambda n: {
            "slug": f"help-{n}",
            "name": "Help forum",
            "purpose": "Every student's question gets an answer",
            "purpose_measure": "people_helped",
            "target": "500",
        },
        {"target": "600.50"},
        {"target": "600.5"},
    ),
    "channels": Sample(
        lambda n: {
            "slug": f"forum-{n}",
            "name": "Forum",
            "platform": "discourse",
            "community": "help",
            "business_hours": "Weekdays",
            "reply_target_minutes": 240,
        },
        {"name": "The forum", "reply_target_minutes": None},
        {"name": "The forum", "platform": "discourse", "business_hours": "Weekdays", "reply_target_minutes": None},
    ),
    "channel-sizes": Sample(
        lambda n: {"channel": "forum", "day": day(n), "people": 5200},
        {"people": 5300},
        {"people": 5300, "channel": "forum"},
    ),
    "companies": Sample(
        lambda n: {"source": "shop", "external_id": f"f{n}", "name": "Bloggs Ltd", "domain": "bloggs.example"},
        {"name": "Bloggs & Sons"},
        {"name": "Bloggs & Sons", "domain": "bloggs.example"},
    ),
    "contacts": Sample(
        lambda n: {
            "source": "shop",
            "external_id": f"c{n}",
            "full_name": "Joe Bloggs",
            "email": f"joe{n}@example.com",
            "phone": "+44 20 7946 0000",
            "company": {"source": "shop", "external_id": "f1"},
            "tags": ["vip"],
        },
        {"full_name": "Joe B. Bloggs"},
        {"full_name": "Joe B. Bloggs", "tags": ["vip"]},
    ),
    "members": Sample(
        lambda n: {
            "channel": "forum",
            "external_id": f"u{n}",
            "handle": "joe",
            "role": "staff",
            "contact": {"source": "shop", "external_id": f"c{n}"},
        },
        {"handle": "joe.b"},
        {"handle": "joe.b"},
    ),
    "campaigns": Sample(
        lambda n: {
            "code": f"Spring-{n}",
            "name": "Spring course",
            "starts_on": "2026-03-01",
            "ends_on": "2026-03-31",
            "budget": "500.00",
            "currency": "EUR",
        },
        {"budget": "600"},
        {"budget": "600.00", "ends_on": "2026-03-31"},
    ),
    "threads": Sample(
        lambda n: {
            "channel": "forum",
            "external_id": f"t{n}",
            "title": "How do I enrol?",
            "opened_by": "u5",
            "opened_at": "2026-03-02T09:00:00Z",
            "accepted_answer": f"p1{n}",
        },
        {"title": "How can I enrol?"},
        {"title": "How can I enrol?", "opened_by": "u5", "opened_at": "2026-03-02T09:00:00Z"},
    ),
    "interactions": Sample(
        lambda n: {
            "channel": "forum",
            "external_id": f"p{n}",
            "member": "u5",
            "kind": "answer",
            "occurred_at": "2026-03-02T10:00:00+01:00",
            "thread": "t1",
            "reply_to": "p-first",
            "to": "u7",
            "campaign": "spring",
            "text": "By the form on the front page.",
        },
        {"text": "By the form."},
        {"text": "By the form.", "member": "u5", "to": "u7", "occurred_at": "2026-03-02T09:00:00Z"},
    ),
    "help-records": Sample(
        lambda n: {
            "channel": "forum",
            "external_id": f"h{n}",
            "contact": {"source": "shop", "external_id": "c1"},
            "helper": {"user": "ana"},
            "question": "Which course is right for me?",
            "answer": "The one in spring.",
            "topic": "enrolment",
            "minutes": 12,
            "outcome": "solved",
            "rating": 5,
            "occurred_at": "2026-03-03T11:00:00Z",
        },
        {"rating": 4},
        {"rating": 4, "minutes": 12, "helper": {"user": "ana"}},
    ),
    "costs": Sample(
        lambda n: {
            "source": "ads",
            "external_id": f"a{n}",
            "campaign": "spring",
            "channel": "forum",
            "category": "advertising",
            "amount": "100.00",
            "currency": "EUR",
            "starts_on": "2026-03-01",
            "ends_on": "2026-03-31",
        },
        {"amount": "120.50"},
        {"amount": "120.50", "starts_on": "2026-03-01", "ends_on": "2026-03-31", "campaign": "spring"},
    ),
    "conversions": Sample(
        lambda n: {
            "source": "shop",
            "external_id": f"o{n}",
            "contact": {"source": "shop", "external_id": f"c{n}"},
            "kind": "purchase",
            "amount": "40.00",
            "currency": "EUR",
            "occurred_at": "2026-03-20T12:00:00Z",
        },
        {"order_number": "2026-17"},
        {"order_number": "2026-17", "amount": "40.00", "kind": "purchase"},
    ),
    "notes": Sample(
        lambda n: {
            "source": "shop",
            "external_id": f"n{n}",
            "contact": {"source": "shop", "external_id": "c1"},
            "text": "Prefers to be called in the morning.",
            "author": "ana",
            "written_at": "2026-03-04T09:00:00Z",
        },
        {"is_pinned": True},
        {"is_pinned": True, "text": "Prefers to be called in the morning.", "author": "ana"},
    ),
    "follow-ups": Sample(
        lambda n: {
            "source": "shop",
            "external_id": f"f{n}",
            "contact": {"source": "shop", "external_id": "c1"},
            "what": "Offer the summer course",
            "due_on": "2026-06-01",
            "assigned_to": "ana",
            "recorded_at": "2026-03-04T09:00:00Z",
        },
        {"done_at": "2026-05-30T10:00:00Z", "done_by": "ana"},
        {"done_at": "2026-05-30T10:00:00Z", "done_by": "ana", "what": "Offer the summer course"},
    ),
    "exchange-rates": Sample(
        lambda n: {"currency": "GBP", "date": day(n), "rate": "1.1534"},
        {"rate": "1.2"},
        {"rate": "1.2", "currency": "GBP"},
    ),
}
