"""
At what stage a person is, and when they reached it: from the record, its history, and what they did.

A record says a stage, as its source or staff wrote it. Whoever brought something is a customer, whatever their
records say: so a stage moves by itself when somebody buys, and back when the order is voided.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.lookups import IsNull

from crm.models import Contact, Conversion

ORDER = list(Contact.Stage.values)


def what_makes_customers() -> QuerySet[Conversion]:
    """Return the conversions that make somebody a customer: those of a kind that carries value and not voided."""
    return Conversion.objects.filter(voided_at=None, kind__has_value=True)


def stage_now(person: str = "") -> Case:
    """
    Return the expression for a person's stage: *customer* once they brought something of value, else the record's word.

    `person` is the path to the contact that stands for the person, such as "first__person__"; of a merged record it
    is the record's own word that counts, and what the person bought.
    """
    is_customer = Q(**{f"{person}stage": Contact.Stage.CUSTOMER}) | _bought(person)
    return Case(
        When(is_customer, then=Value(Contact.Stage.CUSTOMER.value)),
        default=F(f"{person}stage"),
        output_field=CharField(),
    )


def at_stage(stage: str) -> Q:
    """Return the condition that contacts are at a stage by `stage_now`."""
    own = Q(stage=stage)
    return own | _bought() if stage == Contact.Stage.CUSTOMER else own & ~_bought()


def _bought(person: str = "") -> Q:
    """
    Return the condition that the person bought something, asked of each contact for itself.

    EXISTS would be answered for everybody at once, by reading all conversions, where the planner does not know that a
    page shows a few of many.
    """
    bought = what_makes_customers().filter(contact__person=OuterRef(f"{person}person_id"))
    return Q(IsNull(Subquery(bought.order_by().values("pk")[:1]), False))


def has_bought_sql(person: str) -> str:
    """Return the same condition in SQL, of a row of contacts by this alias that stands for a person."""
    return f"""EXISTS (
        SELECT FROM crm_contact theirs
        JOIN crm_conversion bought ON bought.contact_id = theirs.id AND bought.voided_at IS NULL
        JOIN crm_conversionkind kind ON kind.key = bought.kind_id AND kind.has_value
        WHERE theirs.person_id = {person}.id
    )"""


def later_stage(one: str, other: str) -> Contact.Stage:
    """Return whichever of two stages comes later."""
    return Contact.Stage(max(one, other, key=ORDER.index))


def stage_label(stage: str) -> str:
    """Return what people call a stage."""
    return str(Contact.Stage(stage).label)


@dataclass(frozen=True)
class StageReached:
    """That a person was at a stage from an instant on, and how that is known, such as “first conversion”."""

    stage: str
    at: datetime
    because: str

    @property
    def label(self) -> str:
        return stage_label(self.stage)


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
