"""What the form for recording help knows beforehand: answers that may be help, the usual channel, topics in use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Max, Q, QuerySet
from django.db.models.expressions import RawSQL

from community.models import Channel, HelpRecord, Interaction, Member, Thread
from community.private_texts import readable_text
from community.replies import BOT_AT
from gateway.panels import PermissionCheck
from gateway.users import name_of_user

OFFERED = 5
KINDS = ("answer", "comment", "direct_message")
LATEST = 200  # interactions of a person whose replies are looked through
TOPICS = 30
TOPICS_OF = 500  # help records, the newest
_BY_A_BOT = RawSQL(  # noqa: S611 - no input in it
    BOT_AT.format(member="community_interaction.member_id", instant="community_interaction.occurred_at"),
    (),
    output_field=BooleanField(),
)


@dataclass(frozen=True)
class Offer:
    """An answer that somebody else gave this person and that nobody has marked as help yet."""

    interaction_id: int
    text: str
    by: str
    channel: str
    occurred_at: datetime


def answers_to_mark(
    person_id: int, *, may: PermissionCheck, asked: Interaction | None = None, thread: Thread | None = None
) -> list[Offer]:
    """
    Return the newest answers, comments and direct messages that others addressed to the person.

    Addressed in so many words, as a reply to something of theirs, or in a thread that they opened. Where it is known
    what they `asked`, or in which `thread`, only what answers that: what was said since as a reply to it, or in its
    thread to them or to nobody. Five queries at most.
    """
    own = list(Member.objects.filter(contact__person=person_id).values_list("pk", flat=True))
    to_them = Q(to_member__in=own) | Q(to_contact__person=person_id) | Q(to_member=None, to_contact=None)
    ways = [Q(to_contact__person=person_id)]
    if asked is not None:
        ways = [Q(reply_to=asked, occurred_at__gte=asked.occurred_at)]
        if asked.thread_id is not None:
            ways += [Q(to_them, thread=asked.thread_id, occurred_at__gte=asked.occurred_at)]
    elif thread is not None:
        ways = [Q(to_them, thread=thread)]
    elif own:
        said = Interaction.objects.filter(member__in=own).order_by("-occurred_at").values_list("pk")[:LATEST]
        ways += [
            Q(to_member__in=own),
            Q(reply_to__in=list(said.values_list("pk", flat=True))),
            Q(thread__in=Thread.objects.filter(opened_by__in=own), to_member=None, to_contact=None),
        ]
    found: dict[int, Interaction] = {}
    for way in ways:
        found |= {one.pk: one for one in _offered(own).filter(way).order_by("-occurred_at", "-pk")[:OFFERED]}
    newest = sorted(found.values(), key=lambda one: (one.occurred_at, one.pk), reverse=True)[:OFFERED]
    return [
        Offer(
            interaction_id=one.pk,
            text=readable_text(one, may=may),
            by=str(one.member or name_of_user(one.user)),
            channel=str(one.channel),
            occurred_at=one.occurred_at,
        )
        for one in newest
        if one.occurred_at is not None
    ]


def _offered(own: list[int]) -> QuerySet[Interaction]:
    """Answers of known authors other than the person's own accounts and bots, that are not help yet."""
    is_help = HelpRecord.objects.filter(withdrawn_at=None).values("interaction")
    return (
        Interaction.objects.counted()
        .exclude(_BY_A_BOT)
        .filter(kind__in=KINDS, deleted_at=None)
        .filter(Q(member__isnull=False) | Q(user__isnull=False))
        .exclude(member__in=own)
        .exclude(pk__in=is_help)
        .select_related("channel", "member", "user")
    )


def usual_channel(person_id: int | None, *, user_id: int | None) -> int | None:
    """Return the channel that the person was last in touch on, else the one that the user last recorded help on."""
    if person_id is not None:
        newest: list[Any] = []  # when, and on which channel
        for way in ("member__contact__person", "to_member__contact__person", "to_contact__person"):
            touched = Interaction.objects.counted().filter(**{way: person_id}, channel__archived_at=None)
            newest += touched.order_by("-occurred_at", "-pk").values_list("occurred_at", "channel")[:1]
        if newest:
            return max(newest)[1]
    recorded = HelpRecord.objects.filter(recorded_by=user_id, interaction__channel__archived_at=None)
    last = recorded.order_by("-pk").values_list("interaction__channel", flat=True).first() if user_id else None
    return last or Channel.objects.filter(archived_at=None).order_by("pk").values_list("pk", flat=True).first()


def topics_in_use() -> list[str]:
    """Return the topics of help recorded lately, the newest first."""
    lately = HelpRecord.objects.order_by("-pk").values("pk")[:TOPICS_OF]
    used = HelpRecord.objects.filter(pk__in=lately).exclude(topic="").values("topic")
    return [row["topic"] for row in used.annotate(newest=Max("pk")).order_by("-newest")[:TOPICS]]
