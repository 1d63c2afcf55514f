"""What the models of community hold about people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from community.models import Interaction
from crm.personal_data.blotting import BLOT
from crm.personal_data.declarations import (
    Becomes,
    Heading,
    Identity,
    Kept,
    KnownRows,
    Link,
    PersonalData,
    Pseudonym,
    Words,
    nobody,
)
from crm.personal_data.declared import CURRENCY, OWN_WORD, SYSTEM, UTM
from gateway.staging import any_of

TOPIC = Heading("what a thread or help is about, in words of ours by which figures are told apart")


def tombstone(now: datetime) -> Any:
    """Return when the text went: it happened, and its text is gone."""
    return Coalesce(F("deleted_at"), Value(now))


_SAYS_TO_NOBODY = Q(to_member=None, to_contact=None)


def replies(known: KnownRows) -> Q:
    """Replies to what the person said, unless they address somebody else (docs/decisions/0007)."""
    return _SAYS_TO_NOBODY & Q(reply_to__in=any_of(known.ids("community.Interaction", way="acted")))


def answers_in_threads(known: KnownRows) -> Q:
    """Answers in threads that the person opened, unless they address somebody else, by name or by replying to them."""
    somebodys = Interaction.objects.filter(pk=OuterRef("reply_to")).exclude(member=None, user=None)
    opened = any_of(known.ids("community.Thread", way="opened by"))
    return _SAYS_TO_NOBODY & Q(kind="answer", thread__in=opened) & ~Q(Exists(somebodys))


DECLARED: Sequence[PersonalData] = (
    nobody(
        "community.Community",
        "a place of ours",
        words=["purpose"],
        kept=["slug", "name", "purpose_measure"],
    ),
    nobody("community.Channel", "a place of ours", kept=["slug", "name", "platform"]),
    nobody("community.ChannelSize", "how many people there are, not who"),
    PersonalData(
        model="community.Member",
        title="accounts",
        reach={"contact": "contact"},
        fields={
            "external_id": Pseudonym("member", "channel_id", "external_id"),
            "handle": Identity(),
            "followers": Identity(),
            "joined_at": Identity(),
            "is_named_here": Identity(),
            "source_updated_at": Identity(),
        },
        suppress={"handle": ("channel_id", "handle")},
        known_by={"handle": "handle", "external_id": "code"},
    ),
    PersonalData(
        model="community.MemberRole",
        title="roles",
        reach={"member": "member__contact"},
        fields={"role": OWN_WORD},
    ),
    PersonalData(model="community.Colleague", title="logins", reach={"is": "contact"}, rows="delete"),
    PersonalData(
        model="community.Thread",
        title="threads",
        reach={"opened by": "opened_by__contact"},
        fields={
            "external_id": Pseudonym("thread", "channel_id", "external_id"),
            "title": Words(),
            "url": Link(),
            "topic": TOPIC,
            "source_state": OWN_WORD,
        },
        others={
            "accepted_answer": "a thread is its opener's; the answer is there by itself",
            "confirmed_answer": "a thread is its opener's; the answer is there by itself",
        },
    ),
    PersonalData(
        model="community.Interaction",
        title="interactions",
        reach={
            "acted": "member__contact",
            "addressed by account": "to_member__contact",
            "addressed": "to_contact",
        },
        given={"replied to": replies, "answered": answers_in_threads},
        fields={
            "external_id": Pseudonym("interaction", "channel_id", "external_id"),
            "kind": OWN_WORD,
            "direction": OWN_WORD,
            **UTM,
            "text": Words(),
            "url": Link(),
            "language": Identity(),
            "deleted_at": Becomes(tombstone),
            "retract_reason": Words(),
        },
        others={
            "thread": "what others wrote in the person's threads is theirs; the person's name goes from it",
            "reply_to": "what others wrote under the person's words is theirs; the person's name goes from it",
        },
    ),
    PersonalData(
        model="community.Handling",
        title="handling of what was asked",
        reach={
            "acted": "interaction__member__contact",
            "addressed by account": "interaction__to_member__contact",
            "addressed": "interaction__to_contact",
        },
        fields={"dismiss_reason": Words(instead=BLOT)},
    ),
    PersonalData(
        model="community.WatchListEntry",
        nobody="a list of what may wait for a reply, by number",
        others={"interaction_id": "the interaction says itself whose it is"},
    ),
    nobody("community.BusinessHours", "when we are there", kept=["name", "time_zone"]),
    nobody("community.OpeningTime", "when we are there"),
    nobody("community.Holiday", "when we are not there", kept=["name"]),
    PersonalData(
        model="community.HelpRecord",
        title="help",
        reach={"helped": "contact", "helper": "helper_member__contact"},
        fields={
            "question": Words(),
            "answer": Words(),
            "topic": TOPIC,
            "note": Words(),
            "outcome": OWN_WORD,
            "origin": OWN_WORD,
            "edited_fields": Kept("names of fields"),
        },
        only={"helper": ["answer"]},  # the question was somebody else's
        others={"interaction": "the record says itself who was helped and by whom"},
    ),
    PersonalData(
        model="community.Cost",
        title="rewards",
        reach={"contact": "contact"},
        fields={
            "source": SYSTEM,
            "external_id": Pseudonym("cost", "source", "external_id"),
            "description": Words(),
            "category": OWN_WORD,
            "purpose": OWN_WORD,
            "delivery": OWN_WORD,
            "currency": CURRENCY,
            "sharing": OWN_WORD,
            "void_reason": Words(),
        },
        others={"replaced_by": "a replacement says itself whose it is"},
    ),
)
