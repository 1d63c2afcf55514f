"""
The story of Joe Bloggs, which README.md tells and works by hand.

Every distance in time is fixed, Joe has no campaign, and Mia helps nobody else, so that his figures
are the same for every `until` and depend on nobody else in the company.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from demo.generator.calendar import stamp
from demo.generator.people import SOURCE
from demo.generator.talk import Item

JOE = {"source": SOURCE, "external_id": "joe"}
MIA = {"source": SOURCE, "external_id": "mia"}
QUESTION = (
    "Hi all, I did Bookkeeping Basics with you last year and now my boss wants me to run the payroll. "
    "Is Payroll in Practice too hard if tax credits are all new to me?"
)
ANSWER = (
    "Not at all, Joe. I started from the same place: do the first module on tax credits twice, it takes two evenings, "
    "and the rest is bookkeeping you already know. The practice files alone are worth it."
)
CALL_QUESTION = "Which group of Payroll in Practice fits beside a full-time job, and can the company be invoiced?"
CALL_ANSWER = "Evening group from Monday on; the invoice goes to Bloggs Ltd. Sent him the link to enrol."
NOTE = "Runs the payroll of Bloggs Ltd alone since the summer and learns in the evenings. Invoices go to the company."


@dataclass(frozen=True)
class Step:
    """One thing that happens: the collection it belongs to, when, and the item."""

    collection: str
    at: datetime | None
    item: Item


def story(until: date) -> list[Step]:
    """Return the story as items of the API, in order of time."""

    def days_before(days: int, clock: str) -> datetime:
        return datetime.combine(until - timedelta(days=days), time.fromisoformat(clock), UTC)

    joined = days_before(420, "09:00")
    first_course = days_before(400, "11:00")
    asked = days_before(60, "10:05")
    answered = days_before(60, "10:40")
    called = days_before(46, "10:40")
    enrolled = days_before(44, "09:30")
    bought = days_before(40, "12:00")
    refunded = days_before(30, "15:00")

    def on_forum(at: datetime) -> Item:
        return {"channel": "forum", "thread": "joe-t1", "occurred_at": stamp(at), "language": "en"}

    return [
        Step("companies", None, {"source": SOURCE, "external_id": "joe-f1", "name": "Bloggs Ltd"}),
        Step(
            "contacts",
            None,
            {
                **JOE, "full_name": "Joe Bloggs", "email": "joe@example.com", "phone": "+44 20 7946 0000",
                "company": {"source": SOURCE, "external_id": "joe-f1"}, "stage": "customer",
            },
        ),
        Step("contacts", None, {**MIA, "full_name": "Mia Kowalska", "email": "mia@example.com", "stage": "customer"}),
        Step("members", None, _member("joe", "joe_bloggs", joined, JOE)),
        Step("members", None, _member("mia", "mia_k", joined, MIA)),
        Step(
            "interactions",
            asked,
            {
                **on_forum(asked), "external_id": "joe-p1", "member": "joe", "kind": "question",
                "direction": "inbound", "text": QUESTION,
            },
        ),
        Step(
            "interactions",
            answered,
            {
                **on_forum(answered), "external_id": "joe-p2", "member": "mia", "kind": "answer",
                "direction": "between_members", "reply_to": "joe-p1", "to": "joe", "text": ANSWER,
            },
        ),
        Step(
            "threads",
            asked,
            {
                "channel": "forum", "external_id": "joe-t1", "title": "Payroll in Practice without any tax?",
                "topic": "next steps", "opened_by": "joe", "opened_at": stamp(asked), "accepted_answer": "joe-p2",
            },
        ),
        Step(
            "help-records",
            answered,
            {
                "channel": "forum", "external_id": "joe-p2", "contact": JOE, "helper": {"member": "mia"},
                "question": QUESTION, "answer": ANSWER, "topic": "next steps", "minutes": 10, "outcome": "solved",
                "rating": 5, "occurred_at": stamp(answered),
            },
        ),
        Step(
            "help-records",
            called,
            {
                "channel": "phone", "external_id": "joe-call", "contact": JOE, "helper": {"user": "ana"},
                "question": CALL_QUESTION, "answer": CALL_ANSWER, "topic": "enrolment", "minutes": 12,
                "outcome": "solved", "rating": 4, "occurred_at": stamp(called),
            },
        ),
        Step("conversions", first_course, _purchase("joe-o1", "180.00", first_course)),
        Step("conversions", bought, _purchase("joe-o2", "250.00", bought)),
        Step(
            "conversions",
            refunded,
            {
                "source": SOURCE, "external_id": "joe-o2-r1", "amount": "50.00", "occurred_at": stamp(refunded),
                "refund_of": {"source": SOURCE, "external_id": "joe-o2"},
            },
        ),
        Step(
            "notes",
            called,
            {
                "source": SOURCE, "external_id": "joe-n1", "contact": JOE, "text": NOTE, "author": "ana",
                "written_at": stamp(called), "is_pinned": True,
            },
        ),
        Step(
            "follow-ups",
            called,
            {
                "source": SOURCE, "external_id": "joe-f1", "contact": JOE, "what": "Did the link to enrol arrive?",
                "due_on": (enrolled.date() + timedelta(days=1)).isoformat(), "assigned_to": "ana",
                "recorded_at": stamp(called), "done_at": stamp(enrolled), "done_by": "ana",
            },
        ),
        Step(
            "follow-ups",
            refunded,
            {
                "source": SOURCE, "external_id": "joe-f2", "contact": JOE,
                "what": "Ask how the first payroll went, and tell him about year-end",
                "due_on": (until + timedelta(days=30)).isoformat(), "assigned_to": "ana",
                "recorded_at": stamp(refunded),
            },
        ),
    ]  # fmt: skip


def steps(until: date, collection: str) -> list[Item]:
    """Return the items of the story that belong to one collection."""
    return [step.item for step in story(until) if step.collection == collection]


def _member(external_id: str, handle: str, joined_at: datetime, contact: dict[str, str]) -> Item:
    return {
        "channel": "forum",
        "external_id": external_id,
        "handle": handle,
        "joined_at": stamp(joined_at),
        "contact": contact,
    }


def _purchase(external_id: str, amount: str, at: datetime) -> Item:
    return {
        "source": SOURCE,
        "external_id": external_id,
        "contact": JOE,
        "kind": "purchase",
        "amount": amount,
        "currency": "EUR",
        "occurred_at": stamp(at),
    }
