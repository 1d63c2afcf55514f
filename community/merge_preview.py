"""What two persons have on our channels, side by side before they are merged: accounts, interactions, help."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F

from community.models import HelpRecord, Interaction, Member
from crm.merging.preview import count_row, counts_by_person, sides
from gateway.panels import Column, PanelContent, PermissionCheck, Row, Table


@dataclass(frozen=True)
class AccountsTogether:
    """Accounts of both, what they did, and help. Two accounts on one channel are pointed out."""

    key: str = "accounts"
    title: str = "In the community"
    order: int = 20
    permission: str = "community.view_member"
    takes_long: bool = False

    def load(self, survivor_id: int, loser_id: int, *, now: datetime, may: PermissionCheck) -> PanelContent:
        both = (survivor_id, loser_id)
        accounts = list(
            Member.objects.filter(contact__person__in=both)
            .annotate(person=F("contact__person"))
            .select_related("channel")
            .order_by("channel__name", "pk")
        )
        acts: Mapping[int, int] = dict(
            Interaction.objects.filter(member__in=accounts, retracted_at=None)
            .order_by()
            .values_list("member__contact__person")
            .annotate(n=Count("pk"))
        )
        given: Mapping[int, int] = dict(
            HelpRecord.objects.filter(helper_member__in=accounts, withdrawn_at=None)
            .order_by()
            .values_list("helper_member__contact__person")
            .annotate(n=Count("pk"))
        )
        rows = [
            count_row("Accounts", *(sum(account.person == person for account in accounts) for person in both)),
            count_row("Interactions of theirs", *(acts.get(person, 0) for person in both)),
            count_row("Help received", *counts_by_person(HelpRecord, both, withdrawn_at=None)),
            count_row("Help given", *(given.get(person, 0) for person in both)),
        ]
        channels = [{account.channel for account in accounts if account.person == person} for person in both]
        shared = sorted(channel.name for channel in channels[0] & channels[1])
        return PanelContent(
            tables=(
                Table(title="Activity", columns=sides("What"), rows=rows, empty="Nothing."),
                Table(
                    title="Accounts",
                    columns=(Column(label="Channel"), Column(label="This record"), Column(label="The other")),
                    rows=[
                        Row(
                            values=(
                                account.channel.name,
                                *(str(account) if account.person == person else None for person in both),
                            )
                        )
                        for account in accounts
                    ],
                    empty="Neither has an account.",
                ),
            ),
            notes=[f"Both have an account on {name}: people seldom have two there." for name in shared],
        )
