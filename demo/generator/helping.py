"""Help as it stands in the records: telephone calls that staff took, and answers that members gave."""

from collections.abc import Iterator
from random import Random

from demo.generator.calendar import Calendar, stamp
from demo.generator.people import STAFF, Population
from demo.generator.phrases import blanks
from demo.generator.subjects import CALLS
from demo.generator.talk import Item, solved

CALLS_TAKEN = 900
RATED_CALLS, RATED_ANSWERS = 0.5, 0.65  # shares of those helped who rate it
OUTCOMES = (("solved", 62), ("helped", 22), ("referred", 8), ("not_solved", 6), ("unknown", 2))
RATINGS = {
    # outcome: how often 1, 2, 3, 4 and 5 are given
    "solved": (1, 2, 8, 31, 58),
    "helped": (2, 5, 18, 45, 30),
    "referred": (6, 14, 38, 30, 12),
    "not_solved": (34, 30, 24, 9, 3),
    "unknown": (5, 10, 35, 30, 20),
}


def calls(calendar: Calendar, people: Population) -> Iterator[Item]:
    """Yield the calls that staff took, from customers we know; some ring again and again."""
    dice = Random("calls")
    users = [user for user, _ in STAFF]
    moments = sorted(calendar.office_hours(dice) for _ in range(CALLS_TAKEN))
    for number, at in enumerate(moments, 1):
        # The square makes the first customers ring more often than the last ones.
        caller = people.customers[int(dice.random() ** 2 * len(people.customers))]
        topic, question, answer = dice.choice(CALLS)
        about = blanks(dice, at)
        outcome = dice.choices([key for key, _ in OUTCOMES], [share for _, share in OUTCOMES])[0]
        yield {
            "channel": "phone",
            "external_id": f"call{number}",
            "contact": caller.ref,
            "helper": {"user": dice.choices(users, (5, 4, 2, 1))[0]},
            "question": about.fill(question),
            "answer": about.fill(answer),
            "topic": topic,
            "minutes": min(2 + int(dice.lognormvariate(1.9, 0.7)), 75),
            "outcome": outcome,
            "occurred_at": stamp(at),
        } | _rating(dice, RATED_CALLS, outcome)


def rated_answers(calendar: Calendar, people: Population) -> Iterator[Item]:
    """
    Yield what is known beyond the accepted answers themselves: the rating that the asker gave.

    The records exist by then, made by Kith from the accepted answers; askers who rate nothing add nothing.
    """
    dice = Random("accepted answers")
    for each in solved(calendar, people):
        rating = _rating(dice, RATED_ANSWERS, "solved")
        if rating:
            yield {
                "channel": each.helper.channel,
                "external_id": each.answer,
                "question": each.question,
                "answer": each.text,
                "minutes": 4 + dice.randrange(16),
                "outcome": "solved",
                **rating,
            }


def _rating(dice: Random, share: float, outcome: str) -> Item:
    if dice.random() > share:
        return {}
    return {"rating": dice.choices((1, 2, 3, 4, 5), RATINGS[outcome])[0]}
