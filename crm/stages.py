"""When a person reached a stage: from the record's history, and from what they did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crm.models import Contact

ORDER = list(Contact.Stage.values)


@dataclass(frozen=True)
class StageReached:
    """That a person was at a stage from an instant on, and how that is known, such as “first conversion”."""

    stage: str
    at: datetime
    because: str

    @property
    def label(self) -> str:
        return str(Contact.Stage(self.stage).label)


def stages_reached(known: Iterable[StageReached], *, upto: str) -> list[StageReached]:
    """
    Return the earliest knowledge of each stage up to the one that the person is at, lowest stage first.

    A stage above that one was taken back and is left out; so is one that nothing is known of, and one
    that is only known from when the person was further already.
    """
    earliest: dict[str, StageReached] = {}
    for reached in sorted(known, key=lambda reached: reached.at):
        earliest.setdefault(reached.stage, reached)
    found: list[StageReached] = []
    for stage in reversed(ORDER[: ORDER.index(upto) + 1]):
        if stage in earliest and (not found or earliest[stage].at <= found[-1].at):
            found.append(earliest[stage])
    return found[::-1]
