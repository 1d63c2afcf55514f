"""Views of the help pages: members of the forum who look for an answer before they ask."""

from collections.abc import Iterator
from random import Random

from demo.generator.calendar import Calendar, stamp
from demo.generator.people import Population
from demo.generator.talk import Item

VIEWS = 1_400
PAGES = ("enrolment", "fees", "certificates", "first-login", "changing-a-course", "exams")


def views(calendar: Calendar, people: Population) -> Iterator[Item]:
    """Yield the views in order of time. Nothing else hangs on them: chance of their own, and no touch."""
    dice = Random("views of help pages")
    for number, at in enumerate(calendar.moments(dice, VIEWS), 1):
        yield {
            "channel": "forum",
            "external_id": f"help-view-{number}",
            "member": people.forum.talkers.draw(dice, at).external_id,
            "kind": "help_view",
            "direction": "inbound",
            "occurred_at": stamp(at),
            "url": f"https://harbour-lane.example/help/{dice.choice(PAGES)}",
        }
