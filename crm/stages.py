"""When a person reached a stage: from the record's history, and from what they did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db.models import Min

from crm.models import Contact, Conversion
from gateway.history import event_model_of

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


class StageFacts(Protocol):
    """Facts that put a person at a stage; `permission` is needed to see them."""

    @property
    def key(self) -> str: ...
    @property
    def permission(self) -> str: ...

    def load(self, ids: Sequence[int], *, now: datetime) -> Mapping[int, Sequence[StageReached]]:
        """Return for each person asked for what is known; at most one query."""


@dataclass(frozen=True)
class RecordedStages:
    """The stages that the person's records had, by their history."""

    key: str = "history"
    permission: str = "crm.view_contact"

    def load(self, ids: Sequence[int], *, now: datetime) -> Mapping[int, Sequence[StageReached]]:
        rows = (
            event_model_of(Contact)
            ._default_manager.filter(pgh_obj__person__in=ids)
            .values_list("pgh_obj__person_id", "stage")
            .annotate(at=Min("pgh_created_at"))
        )
        return _by_person(ids, ((person, StageReached(stage, at, "on record")) for person, stage, at in rows))


@dataclass(frozen=True)
class FirstConversions:
    """Whoever brought something is a customer since then."""

    key: str = "conversions"
    permission: str = "crm.view_conversion"

    def load(self, ids: Sequence[int], *, now: datetime) -> Mapping[int, Sequence[StageReached]]:
        rows = (
            Conversion.objects.filter(contact__person__in=ids, voided_at=None)
            .values_list("contact__person_id")
            .annotate(at=Min("occurred_at"))
        )
        return _by_person(
            ids, ((person, StageReached(Contact.Stage.CUSTOMER, at, "first conversion")) for person, at in rows)
        )


def stages_reached(known: Iterable[StageReached], *, upto: str) -> list[StageReached]:
    """
    Return the earliest knowledge of each stage up to the one that the person is at, lowest stage first.

    A stage above that one was taken back and is left out; so is one that nothing is known of.
    """
    earliest: dict[str, StageReached] = {}
    for reached in sorted(known, key=lambda reached: reached.at):
        earliest.setdefault(reached.stage, reached)
    return [earliest[stage] for stage in ORDER[: ORDER.index(upto) + 1] if stage in earliest]


def _by_person(ids: Sequence[int], rows: Iterable[tuple[int, StageReached]]) -> dict[int, list[StageReached]]:
    found: dict[int, list[StageReached]] = {pk: [] for pk in ids}
    for person, reached in rows:
        found[person].append(reached)
    return found
