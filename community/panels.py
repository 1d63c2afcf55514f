"""What community shows on the contact page: accounts, help received and given."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, OuterRef, Q, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber

from community.conversation import Said, said_around, said_in_threads
from community.models import HelpRecord, Interaction, Member
from community.private_texts import is_hidden, readable_help
from gateway.panels import Column, Link, PanelContent, PermissionCheck, Row, RowAction, Table
from gateway.users import name_of_user

SHOWN = 10  # rows of a table; the newest
TEXT_SHOWN = 120  # characters
SAID_BEFORE, SAID_AFTER = 25, 25
SAID_IN_THREAD = 50
WORDS_SHOWN = 2_000  # characters of what was said
MAY_EDIT = "community.change_helprecord"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:TEXT_SHOWN]}…" if len(line) > TEXT_SHOWN else line


@dataclass(frozen=True)
class Accounts:
    """The person's accounts, over all merged records."""

    key: str = "accounts"
    title: str = "Accounts"
    order: int = 30
    permission: str = "community.view_member"
    description: str = "The person's accounts on our channels, and how much they did with each."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        found: dict[int | None, list[Row]] = {}
        done = Interaction.objects.filter(member=OuterRef("pk"), retracted_at=None).order_by().values("member")
        members = list(
            Member.objects.filter(contact__person__in=ids)
            .annotate(number_done=Coalesce(Subquery(done.annotate(n=Count("pk")).values("n")), 0))
            .select_related("channel", "contact")
            .order_by("channel__name", "pk")
        )
        done_by = Counter[int | None]()
        for member in members:
            done_by[member.contact.person_id] += member.number_done
        for member in members:
            whole = done_by[member.contact.person_id]
            found.setdefault(member.contact.person_id, []).append(
                Row(
                    values=(
                        str(member),
                        str(member.channel),
                        member.joined_at,
                        member.followers,
                        member.number_done,
                        Decimal(member.number_done) / whole if whole else None,
                    ),
                    links={
                        0: Link(page="admin:community_member_change", args=(member.pk,)),
                        1: Link(page="admin:community_channel_change", args=(member.channel_id,)),
                    },
                )
            )
        return {
            pk: PanelContent(
                tables=(
                    Table(
                        title="On our channels",
                        columns=(
                            Column(label="Account"),
                            Column(label="Channel"),
                            Column(label="Joined", unit="time"),
                            Column(label="Followers", unit="count"),
                            Column(label="Interactions", unit="count"),
                            Column(label="Share", unit="percent"),
                        ),
                        rows=found.get(pk, []),
                        empty="No account on any channel is known to be theirs.",
                    ),
                )
            )
            for pk in ids
        }


@dataclass(frozen=True)
class Help:
    """Help received, and help given by any of the person's accounts."""

    key: str = "help"
    title: str = "Help"
    order: int = 35
    permission: str = "community.view_helprecord"
    description: str = "Help that the person received and gave."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        received = self._newest("contact__person", ids)
        given = self._newest("helper_member__contact__person", ids)
        return {
            pk: PanelContent(
                tables=(
                    _help_table("Received", received.get(pk, []), may, who="By", empty="Nobody helped them yet."),
                    _help_table("Given", given.get(pk, []), may, who="To", empty="They helped nobody yet."),
                )
            )
            for pk in ids
        }

    def _newest(self, way: str, persons: Sequence[int]) -> dict[int | None, list[HelpRecord]]:
        ranked = (
            HelpRecord.objects.filter(Q(withdrawn_at=None), **{f"{way}__in": persons})
            .annotate(
                of_person=F(f"{way}_id"),
                place=Window(RowNumber(), partition_by=F(f"{way}_id"), order_by=("-interaction__occurred_at", "-pk")),
            )
            .filter(place__lte=SHOWN)
            .select_related("interaction", "contact", "helper_member", "helper_user")
            .order_by("of_person", "place")
        )
        found: dict[int | None, list[HelpRecord]] = {}
        for record in ranked:
            found.setdefault(record.of_person, []).append(record)
        return found


def _help_table(title: str, records: Sequence[HelpRecord], may: PermissionCheck, *, who: str, empty: str) -> Table:
    return Table(
        title=title,
        columns=(
            Column(label="When", unit="time"),
            Column(label=who),
            Column(label="Topic"),
            Column(label="Question", unit="sentence"),
            Column(label="Outcome"),
            Column(label="Rating", unit="count"),
        ),
        rows=[
            Row(
                values=(
                    record.interaction.occurred_at,
                    str(record.contact if who == "To" else record.helper_member or name_of_user(record.helper_user)),
                    record.topic,
                    _cut(readable_help(record, record.question or record.interaction.text, may=may)),
                    record.get_outcome_display(),
                    record.rating,
                ),
                links={
                    0: Link(page="admin:community_helprecord_change", args=(record.pk,)),
                    1: _whom(record, who),
                },
                actions=_actions(record, may),
            )
            for record in records
        ],
        empty=empty,
    )


def _whom(record: HelpRecord, who: str) -> Link | None:
    if who == "To":
        return Link(page="admin:crm_contact_change", args=(record.contact_id,))
    if record.helper_member_id:
        return Link(page="admin:community_member_change", args=(record.helper_member_id,))
    return None


def _actions(record: HelpRecord, may: PermissionCheck) -> Sequence[RowAction]:
    """Return how help is mended: for those who may edit it and read what was said."""
    if not may(MAY_EDIT) or is_hidden(record.interaction, may=may):
        return ()
    return [
        RowAction(label=label, link=Link(page=f"admin:community_helprecord_{act}", args=(record.pk,)))
        for act, label in (("edit", "Edit"), ("undo", "Undo"))
    ]


@dataclass(frozen=True)
class SaidAround:
    """The conversation in which an interaction stands."""

    key: str = "said"
    title: str = "What was said"
    order: int = 5
    permission: str = "community.view_interaction"
    description: str = "What was said before and after it in its thread, or in reply."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        talks = said_around(ids, before=SAID_BEFORE, after=SAID_AFTER, may=may)
        return {pk: _conversation(talks[pk], may, current=pk) for pk in ids}


@dataclass(frozen=True)
class SaidInThread:
    """The conversation of a thread: its end, where it is long."""

    key: str = "said"
    title: str = "What was said"
    order: int = 5
    permission: str = "community.view_interaction"
    description: str = "What was said in the thread, oldest to newest."

    def load(self, ids: Sequence[int], *, now: datetime, may: PermissionCheck) -> Mapping[int, PanelContent]:
        talks = said_in_threads(ids, most=SAID_IN_THREAD, may=may)
        return {pk: _conversation(talks[pk], may) for pk in ids}


def _conversation(talk: Sequence[Said], may: PermissionCheck, *, current: int | None = None) -> PanelContent:
    thread = next((said.thread_id for said in talk if said.thread_id is not None), None)
    whole = Link(page="admin:community_interaction_changelist", query={"thread__id__exact": thread or 0})
    return PanelContent(
        tables=(
            Table(
                title="Oldest to newest",
                columns=(
                    Column(label="When", unit="time"),
                    Column(label="Who"),
                    Column(label="What was said", unit="sentence"),
                ),
                rows=[
                    Row(
                        values=(said.at, _who_said(said), _words(said.text)),
                        links={
                            0: Link(page="admin:community_interaction_change", args=(said.id,)),
                            1: _member(said, may),
                        },
                        is_current=said.id == current,
                    )
                    for said in talk
                ],
                empty="Nothing was said yet that Kith knows of.",
                more=whole if thread is not None else None,
                more_label="All of the thread",
            ),
        )
    )


def _who_said(said: Said) -> str:
    return f"{said.by}: {said.kind}" + (f", {said.standing}" if said.standing else "")


def _words(text: str) -> str:
    return f"{text[:WORDS_SHOWN]}…" if len(text) > WORDS_SHOWN else text


def _member(said: Said, may: PermissionCheck) -> Link | None:
    if said.member_id is None or not may("community.view_member"):
        return None
    return Link(page="admin:community_member_change", args=(said.member_id,))
