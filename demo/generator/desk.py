"""What colleagues write down about customers at their desk, and what they mean to do for them next."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from demo.generator.calendar import Calendar, stamp
from demo.generator.people import SOURCE, Population
from demo.generator.talk import Item

COLLEAGUES = ("ana", "ana", "ana", "chloe", "dan")  # Ana has the telephone
NOTES, PINNED = 90, 0.15
FOLLOW_UPS = 60
AHEAD = (-9, -6, -4, -2, -1, 0, 0, 1, 3, 6, 8, 13)  # days from the end at which what is still open is due

NOTED = (
    "Prefers to be called after five; during the day there is no quiet place to talk.",
    "Pays by invoice to the company, which wants our order number on it.",
    "Has two small children: evening groups only.",
    "Asks much before buying and is very fair afterwards.",
    "Wants to change jobs by next summer and needs the certificate for it.",
    "Was unhappy with the old practice files. Show the new ones first.",
    "Works with a screen reader: send slides beforehand, not as pictures.",
    "Recommended us to two colleagues. Thank in person when we meet.",
    "English is the third language; short sentences help.",
    "Knows more about VAT than most of us. Could speak at a live session.",
    "Manages a team of six and books for all of them in January.",
    "Moved to another town: online courses only from now on.",
    "Lost a place in a full group last year. Offer the next one early.",
    "Does not want to be named on Instagram.",
    "Reads everything on the forum and writes rarely. A kind word helps.",
)
PLANNED = (
    "Send the timetable of the evening group",
    "Call about the certificate",
    "Ask whether the practice files open now",
    "Offer a place in the next group",
    "Send the invoice to the company again",
    "Ask how the exam went",
    "Invite to the live session as a speaker",
    "Check whether the refund arrived",
    "Thank for recommending us",
    "Tell when the advanced course opens",
    "Ask for a review of the course",
    "Talk about training for the whole team",
)


def notes(calendar: Calendar, people: Population) -> Iterator[Item]:
    """Yield notes about customers, written in office hours."""
    dice = Random("notes")
    for number, at in enumerate(sorted(calendar.office_hours(dice) for _ in range(NOTES)), 1):
        yield {
            "source": SOURCE,
            "external_id": f"note-{number}",
            "contact": dice.choice(people.customers).ref,
            "text": dice.choice(NOTED),
            "author": dice.choice(COLLEAGUES),
            "written_at": stamp(at),
            "is_pinned": dice.random() < PINNED,
        }


def follow_ups(calendar: Calendar, people: Population) -> Iterator[Item]:
    """Yield follow-ups for customers: what was done, then what is open, some of it overdue at the end."""
    dice = Random("follow-ups")
    for number, at in enumerate(sorted(calendar.office_hours(dice) for _ in range(FOLLOW_UPS)), 1):
        item = _follow_up(dice, people, number=number, at=at)
        done_at = min(at + timedelta(days=dice.randrange(1, 12), minutes=dice.randrange(300)), calendar.ends_at)
        item |= {
            "due_on": (at + timedelta(days=dice.randrange(2, 12))).date().isoformat(),
            "done_at": stamp(done_at - timedelta(minutes=1)),
            "done_by": item["assigned_to"],
        }
        yield item
    for number, days in enumerate(AHEAD, FOLLOW_UPS + 1):
        at = calendar.ends_at - timedelta(days=14 - days % 3, hours=dice.randrange(8, 15))
        due_on = calendar.until + timedelta(days=days)
        yield _follow_up(dice, people, number=number, at=at) | {"due_on": due_on.isoformat()}


def _follow_up(dice: Random, people: Population, *, number: int, at: datetime) -> Item:
    return {
        "source": SOURCE,
        "external_id": f"follow-up-{number}",
        "contact": dice.choice(people.customers).ref,
        "what": dice.choice(PLANNED),
        "assigned_to": dice.choice(COLLEAGUES),
        "recorded_at": stamp(at),
    }
