"""
What is said in private: who may read it, and what everybody else is shown instead.

An interaction with `is_private` (a direct message, a ticket) is known to everybody who may see
interactions: that it happened, when, between whom. Its text and its address are for those with the
permission `community.view_private_interaction`, and so is what a help record tells of it.
"""

from community.models import HelpRecord, Interaction
from gateway.panels import PermissionCheck

READ_PRIVATE = "community.view_private_interaction"
PRIVATE = "Private."  # shown in place of a text


def readable_text(interaction: Interaction, *, may: PermissionCheck) -> str:
    """Return what was said, or `PRIVATE` where the reader may not know it."""
    return PRIVATE if is_hidden(interaction, may=may) else interaction.text


def readable_help(record: HelpRecord, text: str, *, may: PermissionCheck) -> str:
    """Return `text`, which is the question, answer or note of a help record, or `PRIVATE`."""
    return PRIVATE if text and is_hidden(record.interaction, may=may) else text


def is_hidden(interaction: Interaction, *, may: PermissionCheck) -> bool:
    """Whether the reader may not know what was said."""
    return interaction.is_private and not may(READ_PRIVATE)
