"""Filling the blanks of a sentence."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from demo.generator.catalogue import COURSES
from demo.generator.names import GIVEN
from demo.generator.subjects import DAYS


@dataclass(frozen=True)
class Blanks:
    """What a conversation is about: stays the same from the question to the last thank-you."""

    course: str
    module: str
    number: int
    day: str
    name: str
    month: str
    handle: str = ""

    def fill(self, sentence: str, handle: str = "") -> str:
        """Return the sentence with its blanks filled; `handle` is whom it speaks to."""
        return sentence.format(
            course=self.course,
            module=self.module,
            number=self.number,
            day=self.day,
            name=self.name,
            month=self.month,
            handle=handle or self.handle,
        )


def blanks(dice: Random, at: datetime) -> Blanks:
    course = dice.choice(COURSES)
    return Blanks(
        course=course.name,
        module=dice.choice(course.modules),
        number=dice.randrange(3, 10),
        day=dice.choice(DAYS),
        name=dice.choice(GIVEN),
        month=at.strftime("%B"),
    )
