"""
The kinds of interaction, one line each.

Weights serve the activity index only and never credits. Changing which kinds are touches changes
figures: it queues a full recompute.
"""

from dataclasses import dataclass

from gateway.registry import Registry


@dataclass(frozen=True, kw_only=True)
class InteractionKind:
    """
    What one kind of interaction means to the figures.

    `is_touch`: can earn credit for a conversion. `is_engagement`: counts as engagement (R10).
    `is_help`: addressed to somebody else, it is help. `expects_reply`: inbound, it waits for a human
    reply; `expects_reply_from_staff`: only where it addresses staff. `is_personal`: said to us alone (R11), so
    whatever we then say to that person answers it. `is_reply`: said by another person, it can be the reply
    that somebody waits for. `is_help_page`: somebody looked at a page of help (R62). `activity_weight`: points
    in the activity index.
    """

    key: str
    label: str
    activity_weight: int
    is_touch: bool = False
    is_engagement: bool = False
    is_help: bool = False
    expects_reply: bool = False
    expects_reply_from_staff: bool = False
    is_personal: bool = False
    is_reply: bool = False
    is_help_page: bool = False


interaction_kinds: Registry[InteractionKind] = Registry(
    "interaction kind",
    InteractionKind(
        key="question", label="Question", activity_weight=6, is_touch=True, is_engagement=True, expects_reply=True
    ),
    InteractionKind(
        key="answer",
        label="Answer",
        activity_weight=10,
        is_touch=True,
        is_engagement=True,
        is_help=True,
        is_reply=True,
    ),
    InteractionKind(key="help", label="Help by staff", activity_weight=10, is_touch=True, is_help=True, is_reply=True),
    InteractionKind(
        key="comment",
        label="Comment",
        activity_weight=4,
        is_touch=True,
        is_engagement=True,
        expects_reply_from_staff=True,
        is_reply=True,
    ),
    InteractionKind(
        key="direct_message",
        label="Direct message",
        activity_weight=4,
        is_touch=True,
        expects_reply=True,
        is_personal=True,
        is_reply=True,
    ),
    InteractionKind(key="lead", label="Lead", activity_weight=6, expects_reply=True, is_personal=True),
    InteractionKind(key="survey_answer", label="Survey answer", activity_weight=4, is_personal=True),
    InteractionKind(key="click", label="Click", activity_weight=1, is_touch=True),
    InteractionKind(key="event_attendance", label="Event attendance", activity_weight=12, is_touch=True),
    InteractionKind(key="post", label="Post", activity_weight=6, is_engagement=True),
    InteractionKind(key="like", label="Like", activity_weight=1, is_engagement=True),
    InteractionKind(key="share", label="Share", activity_weight=3, is_engagement=True),
    InteractionKind(key="mention", label="Mention", activity_weight=3, is_engagement=True),
    InteractionKind(key="follow", label="Follow", activity_weight=1),
    InteractionKind(key="view", label="View", activity_weight=0),
    InteractionKind(key="help_view", label="Help page view", activity_weight=0, is_help_page=True),
    InteractionKind(key="broadcast", label="Broadcast", activity_weight=0),
)


def label_of(kind: str) -> str:
    """Return what people call a kind of interaction; its key where it is no longer registered."""
    return interaction_kinds[kind].label if kind in interaction_kinds else kind


def touch_kinds() -> list[str]:
    """Return the keys of the kinds that can earn credit."""
    return [kind.key for kind in interaction_kinds if kind.is_touch]


def in_touch_kinds() -> list[str]:
    """
    Return the keys of the kinds by which somebody and we are in touch.

    These are what can earn credit, and what is said to us alone: by a lead somebody came to us, although it earns no
    credit; by a like or a view nobody did.
    """
    return [kind.key for kind in interaction_kinds if kind.is_touch or kind.is_personal]


def engagement_kinds() -> list[str]:
    """Return the keys of the kinds by which somebody takes part: engagement, and what can earn credit."""
    return [kind.key for kind in interaction_kinds if kind.is_engagement or kind.is_touch]


def help_page_kinds() -> list[str]:
    """Return the keys of the kinds that are views of help pages."""
    return [kind.key for kind in interaction_kinds if kind.is_help_page]


def help_kinds() -> list[str]:
    """Return the keys of the kinds that are help when they address somebody else."""
    return [kind.key for kind in interaction_kinds if kind.is_help]


def asking_kinds() -> list[str]:
    """Return the keys of the kinds that expect a reply when they are inbound."""
    return [kind.key for kind in interaction_kinds if kind.expects_reply]


def asking_staff_kinds() -> list[str]:
    """Return the keys of the kinds that expect a reply when they address staff."""
    return [kind.key for kind in interaction_kinds if kind.expects_reply_from_staff]


def personal_kinds() -> list[str]:
    """Return the keys of the kinds that are said to us alone."""
    return [kind.key for kind in interaction_kinds if kind.is_personal]


def reply_kinds() -> list[str]:
    """Return the keys of the kinds that can be a reply."""
    return [kind.key for kind in interaction_kinds if kind.is_reply]
