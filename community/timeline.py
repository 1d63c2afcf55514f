"""What community knows of a person's timeline: interactions, and help received and given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Exists, OuterRef, Q

from community.addressee import MAY_ADDRESS, addressee_of
from community.exchanges import exchanges
from community.interaction_kinds import asking_kinds, asking_staff_kinds, interaction_kinds
from community.models import Channel, HelpRecord, Interaction, Member
from community.private_texts import is_hidden, readable_help, readable_text, readable_title
from community.waiting import waiting_among
from crm.models import Contact
from crm.timeline.changes import RecordChanges
from crm.timeline.entry import Entry
from crm.timeline.source import Asked
from gateway.history import Change, entries_of, events_of
from gateway.panels import Figure, Link, PermissionCheck, RowAction
from gateway.users import name_of_user

RECEIVED, GIVEN = "help_received", "help_given"
CAMPAIGN_TOUCH = "campaign_touch"  # a kind to ask for: clicks here, and in metrics what came without one
VIEW_HELP = "community.view_helprecord"
RECORD_HELP = "community.add_helprecord"
ANSWER = "admin:community_interaction_record_help"
ICONS = {
    "question": "help",
    "answer": "forum",
    "help": "volunteer_activism",
    "comment": "chat_bubble",
    "direct_message": "mail",
    "click": "ads_click",
    "event_attendance": "event_available",
    "like": "favorite",
    "share": "share",
    "mention": "alternate_email",
    "follow": "person_add",
    "view": "visibility",
    "broadcast": "campaign",
}

_ON_CHANNEL = "i.channel_id = (SELECT channel.id FROM community_channel channel WHERE channel.slug = %(channel)s)"
_CLICK_OF_CAMPAIGN = """i.kind = 'click' AND (i.campaign_id IS NOT NULL OR EXISTS (
    SELECT FROM crm_campaign coded WHERE lower(coded.code) = lower(i.utm_campaign)
))"""
# What help was recorded on is shown as that help, where the reader may see it.
_NOT_SHOWN_AS_HELP = """NOT EXISTS (
    SELECT FROM community_helprecord help
    WHERE help.interaction_id = i.id AND help.withdrawn_at IS NULL
        AND (help.contact_id = ANY (%(contacts)s) OR help.helper_member_id IN (SELECT account.id FROM account))
)"""
_RECEIVED = """
    SELECT i.occurred_at AS at, help.id
    FROM community_helprecord help JOIN community_interaction i ON i.id = help.interaction_id
    WHERE help.contact_id = ANY (%(contacts)s) AND (i.occurred_at, help.id) < (%(at)s, %(bound)s)
"""
_GIVEN = """
    SELECT i.occurred_at AS at, help.id
    FROM community_member account
    JOIN community_helprecord help ON help.helper_member_id = account.id
    JOIN community_interaction i ON i.id = help.interaction_id
    WHERE account.contact_id = ANY (%(contacts)s) AND (i.occurred_at, help.id) < (%(at)s, %(bound)s)
"""


@dataclass(frozen=True)
class InteractionEntries:
    """
    What the person did, what was addressed to them, and what answers something of theirs, whoever it names.

    Asked for campaign touches, it gives the clicks that name a campaign; as entries they are clicks.
    """

    key: str = "interactions"
    group: str = "Interactions"
    permission: str = "community.view_interaction"
    has_channels: bool = True

    @property
    def kinds(self) -> Mapping[str, str]:
        return {kind.key: kind.label for kind in interaction_kinds} | {CAMPAIGN_TOUCH: "Campaign touch"}

    def statement(self, asked: Asked) -> str:
        conditions = ["(i.occurred_at, i.id) < (%(at)s, %(bound)s)"]
        if asked.kind == CAMPAIGN_TOUCH:
            conditions.append(_CLICK_OF_CAMPAIGN)
        elif asked.kind:
            conditions.append("i.kind = %(kind)s")
        if asked.channel:
            conditions.append(_ON_CHANNEL)
        if asked.may(VIEW_HELP):
            conditions.append(_NOT_SHOWN_AS_HELP)
        records = "SELECT %(person)s::bigint AS person_id, unnest(%(contacts)s::bigint[]) AS id"
        return f"SELECT at, id FROM ({exchanges(records, condition=' AND '.join(conditions))}) exchange"

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        found = Interaction.objects.filter(pk__in=ids).select_related(
            "member__contact__person", "user", "channel", "campaign", *(f"{way}__person" for way in MAY_ADDRESS)
        )
        waits = self._waiting(found, asked)
        return {interaction.pk: self._entry(interaction, asked, waits=interaction.pk in waits) for interaction in found}

    def _waiting(self, found: Iterable[Interaction], asked: Asked) -> set[int]:
        """Return what of these waits for a reply, where the reader may give one. At most one query."""
        if not (asked.on_a_page and asked.may(RECORD_HELP)):
            return set()
        can_ask = {*asking_kinds(), *asking_staff_kinds()}
        asks = [one.pk for one in found if one.kind in can_ask and one.direction == Interaction.Direction.INBOUND]
        return waiting_among(asks, now=asked.now) if asks else set()

    def _entry(self, interaction: Interaction, asked: Asked, *, waits: bool) -> Entry:
        kind = interaction.kind or ""
        assert interaction.occurred_at is not None  # the statement leaves out what only was named
        to = addressee_of(interaction)
        standing, reason = _standing(interaction)
        return Entry(
            source=self.key,
            id=interaction.pk,
            occurred_at=interaction.occurred_at,
            kind=kind,
            title=self.kinds.get(kind, kind),
            icon=ICONS.get(kind, "chat_bubble"),
            link=Link(page="admin:community_interaction_change", args=(interaction.pk,)),
            actor=actor_of(interaction),
            actor_link=_link_to(interaction.member, asked),
            is_own=_is_of(interaction.member, asked),
            addressee=_called(to) if to else "",
            addressee_link=Link(page="admin:crm_contact_change", args=(to.person_id,)) if to else None,
            channel=interaction.channel.slug,
            channel_name=str(interaction.channel),
            text=readable_text(interaction, may=asked.may),
            is_hidden=is_hidden(interaction, may=asked.may),
            figures=_circumstances(interaction, may=asked.may),
            actions=[RowAction(label="Answer", link=Link(page=ANSWER, args=(interaction.pk,)))] if waits else (),
            standing=standing,
            reason=reason,
        )

    def channels(self, asked: Asked) -> Mapping[str, str]:
        members = Member.objects.filter(contact__in=asked.contacts, channel=OuterRef("pk"))
        addressed = Interaction.objects.filter(to_contact__in=asked.contacts, channel=OuterRef("pk"))
        found = Channel.objects.filter(Q(Exists(members)) | Q(Exists(addressed)))
        return dict(found.values_list("slug", "name"))


@dataclass(frozen=True)
class HelpEntries:
    """Help that the person got, and help that any of their accounts gave."""

    key: str = "help"
    group: str = "Help"
    permission: str = VIEW_HELP
    kinds: Mapping[str, str] = field(default_factory=lambda: {RECEIVED: "Help received", GIVEN: "Help given"})
    has_channels: bool = True

    def statement(self, asked: Asked) -> str:
        ways = {RECEIVED: _RECEIVED, GIVEN: _GIVEN}
        wanted = [ways[asked.kind]] if asked.kind else ways.values()
        narrowed = f" AND {_ON_CHANNEL}" if asked.channel else ""
        return " UNION ".join(f"{way}{narrowed}" for way in wanted)

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        found = HelpRecord.objects.filter(pk__in=ids).select_related(
            "interaction__channel",
            "interaction__campaign",
            "interaction__thread",
            "contact__person",
            "helper_member__contact__person",
            "helper_user",
        )
        return {record.pk: self._entry(record, asked) for record in found}

    def _entry(self, record: HelpRecord, asked: Asked) -> Entry:
        interaction, is_received = record.interaction, record.contact.person_id == asked.person
        assert interaction.occurred_at is not None
        said = [record.question, record.answer or interaction.text]
        standing, reason = _standing(interaction)
        figures = [Figure(label="Outcome", value=record.get_outcome_display())]
        if record.topic:
            figures.insert(0, Figure(label="Topic", value=record.topic))
        if record.rating:
            figures.append(Figure(label="Rating", value=record.rating, unit="count", note="of 5"))
        if record.minutes:
            figures.append(Figure(label="Minutes", value=record.minutes, unit="count"))
        return Entry(
            source=self.key,
            id=record.pk,
            occurred_at=interaction.occurred_at,
            kind=RECEIVED if is_received else GIVEN,
            title="Help received" if is_received else "Help given",
            icon="volunteer_activism",
            link=Link(page="admin:community_helprecord_change", args=(record.pk,)),
            actor=_called(record.helper_member.contact, record.helper_member)
            if record.helper_member
            else name_of_user(record.helper_user),
            actor_link=_link_to(record.helper_member, asked),
            is_own=_is_of(record.helper_member, asked),
            addressee=_called(record.contact),
            addressee_link=Link(page="admin:crm_contact_change", args=(record.contact.person_id,)),
            channel=interaction.channel.slug,
            channel_name=str(interaction.channel),
            text=readable_help(record, "\n\n".join(filter(None, said)), may=asked.may),
            is_hidden=is_hidden(interaction, may=asked.may),
            figures=[*figures, *_circumstances(interaction, may=asked.may)],
            standing="withdrawn" if record.withdrawn_at else standing,
            reason="" if record.withdrawn_at and not standing else reason,
        )

    def channels(self, asked: Asked) -> Mapping[str, str]:
        return {}  # help stands on interactions by or with the person: their channels are all


class AccountChanges(RecordChanges):
    """Accounts that came to the person from somebody else's record; what else became of one is on its own page."""

    def statement(self, asked: Asked) -> str:
        return f"{super().statement(asked)} AND event.pgh_label = 'relinked'"

    def load(self, ids: Sequence[int], asked: Asked) -> Mapping[int, Entry]:
        """One query."""
        events = list(events_of(Member).filter(pgh_id__in=ids).select_related("pgh_obj__channel"))
        entries = entries_of([(event, None) for event in events], leave_out=["contact"])
        return {
            event.pgh_id: replace(
                self._entry(event, None, entry),
                title="Account linked",
                changes=[Change(label="Account", before=None, after=f"{event.pgh_obj}, {event.pgh_obj.channel}")],
                link=Link(page="admin:community_member_change", args=(event.pgh_obj_id,)),
            )
            for event, entry in zip(events, entries, strict=True)
            if event.pgh_obj  # an account that is gone has nothing left to be called by
        }


ACCOUNT_CHANGES = AccountChanges("account-changes", Member, "contact_id", "account", "community.view_member")


def actor_of(interaction: Interaction) -> str:
    """Return who did it: what the person of the account is called, a colleague's name, or that nobody knows."""
    if interaction.member:
        return _called(interaction.member.contact, interaction.member)
    return name_of_user(interaction.user) or "somebody unknown"


def _called(contact: Contact, member: Member | None = None) -> str:
    """Return what a person is called: their name, else that of their account, else the record's number."""
    person = contact.person or contact
    if person.full_name or member is None:
        return str(person)
    return str(member)


def _link_to(member: Member | None, asked: Asked) -> Link | None:
    if member is None or _is_of(member, asked):
        return None
    return Link(page="admin:crm_contact_change", args=(member.contact.person_id,))


def _is_of(member: Member | None, asked: Asked) -> bool:
    return member is not None and member.contact.person_id == asked.person


def _standing(interaction: Interaction) -> tuple[str, str]:
    if interaction.retracted_at:
        return "retracted", interaction.retract_reason
    return ("deleted", "its text is gone; it happened and counts") if interaction.deleted_at else ("", "")


def _circumstances(interaction: Interaction, *, may: PermissionCheck) -> list[Figure]:
    """Return the thread and the campaign of an interaction, where it has them."""
    found = []
    if interaction.thread and interaction.thread.title:
        link = Link(page="admin:community_thread_change", args=(interaction.thread.pk,))
        found.append(Figure(label="In", value=readable_title(interaction.thread, interaction, may=may), link=link))
    if interaction.campaign:
        link = Link(page="admin:crm_campaign_change", args=(interaction.campaign.pk,))
        found.append(Figure(label="Campaign", value=str(interaction.campaign), link=link))
    elif interaction.utm_campaign:
        found.append(Figure(label="Campaign", value=interaction.utm_campaign))
    return found
