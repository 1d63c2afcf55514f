"""Interactions that should not count (spam, a test) are retracted, and restored where that was a mistake."""

from collections.abc import Collection, Mapping
from datetime import datetime

from community.helping import HELP
from community.models import HelpRecord, Interaction
from community.sync.accepted_answers import refresh_accepted_help
from gateway.errors import DomainError
from gateway.taking_out import Restoring, TakingOut


class AlreadyRetracted(DomainError):
    """The interaction was retracted before and stays as it is."""

    code = "already_retracted"
    status = 409


class OutWithItsHelp(DomainError):
    """The interaction was written with a help record that was undone or withdrawn, and is out with it."""

    code = "out_with_its_help"
    status = 409


def _out_with_their_help(ids: Collection[int]) -> Mapping[int, DomainError]:
    """Return why interactions stay out that were written with help which no longer stands. One query."""
    withdrawn = Interaction.objects.filter(pk__in=ids, kind=HELP, help_record__withdrawn_at__isnull=False)
    return {
        pk: OutWithItsHelp(f"The interaction was written with help record {record}, which was undone. Take that back.")
        for pk, record in withdrawn.order_by("pk").values_list("pk", "help_record__pk")
    }


def _follow_in_help(ids: Collection[int], *, now: datetime) -> None:
    """Withdraw help that was made of these answers, or stand it up again; all help on them counts as changed."""
    refresh_accepted_help(ids, now=now)
    HelpRecord.objects.filter(interaction__in=ids).update(updated_at=now)


retracting = TakingOut(
    model=Interaction,
    when="retracted_at",
    why="retract_reason",
    done="retracted",
    refusal=AlreadyRetracted,
    then=_follow_in_help,
)
restoring = Restoring(taking_out=retracting, kept_out=_out_with_their_help)
