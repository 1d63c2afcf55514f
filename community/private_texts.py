"""
What is said in private: who may read it, and what everybody else is shown instead.

An interaction with `is_private` (a direct message, a ticket) is known to everybody who may see
interactions: that it happened, when, between whom. Its text and its address are for those with the
permission `community.view_private_interaction`, and so is what a help record tells of it. The title and
the address of a thread are for everybody as soon as something in it was said openly.
"""

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef

from community.models import HelpRecord, Interaction, Thread
from gateway.panels import PermissionCheck

READ_PRIVATE = "community.view_private_interaction"
PRIVATE = "Private."  # shown in place of a text


def readable_text(interaction: Interaction, *, may: PermissionCheck) -> str:
    """Return what was said, or `PRIVATE` where the reader may not know it."""
    return PRIVATE if is_hidden(interaction, may=may) else interaction.text


def readable_help(record: HelpRecord, text: str, *, may: PermissionCheck) -> str:
    """Return `text`, which is the question, answer or note of a help record, or `PRIVATE`."""
    return PRIVATE if text and is_hidden(record.interaction, may=may) else text


def thread_is_private() -> ExpressionWrapper:
    """
    Return a condition on threads: nothing in it was said openly.

    So it is where nothing was said in it at all: the title often comes before the talk.
    """
    openly = Interaction.objects.filter(thread=OuterRef("pk"), is_private=False, occurred_at__isnull=False)
    return ExpressionWrapper(~Exists(openly), output_field=BooleanField())


def readable_title(thread: Thread, interaction: Interaction, *, may: PermissionCheck) -> str:
    """Return the title of the thread of an interaction; `PRIVATE` beside what the reader may not know."""
    return PRIVATE if is_hidden(interaction, may=may) else str(thread)


def is_hidden(interaction: Interaction, *, may: PermissionCheck) -> bool:
    """Whether the reader may not know what was said."""
    return interaction.is_private and not may(READ_PRIVATE)
