"""The menu on the left, by who works with what: staff, those who run campaigns, those who read figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from metrics.admin.left_on_read import waiting_badge


@dataclass(frozen=True)
class Item:
    """An entry: the name of the page that it opens, and the permission that it takes to see it."""

    title: str
    icon: str
    page: str
    permission: str = ""


@dataclass(frozen=True)
class Group:
    """Entries below one title; those that few need every day can be folded."""

    title: str = ""
    items: Sequence[Item] = ()
    is_collapsible: bool = False


@dataclass(frozen=True)
class ShownItem:
    """An entry as somebody sees it: its address, whether they are there, and a number beside it."""

    title: str
    icon: str
    link: str
    is_active: bool
    badge: str | None = None


@dataclass(frozen=True)
class ShownGroup:
    """A group as somebody sees it: never without an entry."""

    title: str
    items: Sequence[ShownItem]
    is_collapsible: bool

    @property
    def is_active(self) -> bool:
        """Whether the page that is open belongs to it."""
        return any(item.is_active for item in self.items)


def _list(title: str, icon: str, model: str, permission: str = "") -> Item:
    """Return an entry that leads to a model's list; `permission` is the one to view it unless it is given."""
    app, name = model.split(".")
    return Item(title, icon, f"admin:{app}_{name}_changelist", permission or f"{app}.view_{name}")


START = "admin:index"
QUEUE = "admin:community_waitinginteraction_changelist"
GROUPS = [
    Group(
        items=[
            Item("Start", "home", START),
            Item("Left on read", "mark_email_unread", QUEUE, "community.view_interaction"),
            Item("Response times", "timer", "response-times", "metrics.view_credit"),
            Item("People", "diversity_3", "about-people", "metrics.view_credit"),
        ],
    ),
    Group(
        "Contacts",
        items=[
            _list("Contacts", "person", "crm.contact"),
            _list("Follow-ups", "event_upcoming", "crm.followup"),
            _list("Notes", "sticky_note_2", "crm.note"),
            _list("Companies", "apartment", "crm.company"),
            _list("Possible duplicates", "group", "crm.duplicatesuggestion"),
            _list("Merges", "call_merge", "crm.merge"),
        ],
    ),
    Group(
        "Community",
        items=[
            _list("Communities", "groups", "community.community"),
            _list("Channels", "hub", "community.channel"),
            _list("Members", "alternate_email", "community.member"),
            _list("Threads", "forum", "community.thread"),
            _list("Interactions", "chat_bubble", "community.interaction"),
            _list("Help records", "volunteer_activism", "community.helprecord"),
        ],
    ),
    Group(
        "Campaigns and money",
        items=[
            _list("Campaigns", "campaign", "crm.campaign"),
            _list("Conversions", "shopping_cart", "crm.conversion"),
            _list("Costs", "payments", "community.cost"),
            _list("Exchange rates", "currency_exchange", "crm.exchangerate"),
        ],
    ),
    Group(
        "Behind the figures",
        is_collapsible=True,
        items=[
            _list("Credits", "receipt_long", "metrics.creditrow", "metrics.view_credit"),
            _list("Results", "rule", "metrics.conversionresult"),
            _list("Costs by day", "calendar_month", "metrics.costdayrow", "metrics.view_costday"),
            _list("Campaigns by day", "campaign", "metrics.campaigndayrow", "metrics.view_campaignday"),
            _list("Channels by day", "hub", "metrics.channeldayrow", "metrics.view_channelday"),
            _list("Buyers by day", "person", "metrics.persondayrow", "metrics.view_personday"),
            _list("Helpers by day", "volunteer_activism", "metrics.helperdayrow", "metrics.view_helperday"),
            _list("Totals by day", "functions", "metrics.totalday"),
            _list("Stale marks", "hourglass", "metrics.stalemark", "metrics.view_credit"),
            _list("Recompute chunks", "sync", "metrics.recomputechunk", "metrics.view_credit"),
            _list("Fingerprint", "fingerprint", "metrics.fingerprint", "metrics.view_credit"),
        ],
    ),
    Group(
        "Settings",
        is_collapsible=True,
        items=[
            _list("Channel sizes", "groups_2", "community.channelsize"),
            _list("Business hours", "schedule", "community.businesshours"),
            _list("Kinds of conversion", "category", "crm.conversionkind"),
            _list("Consents", "handshake", "crm.consent"),
            _list("Outcome marks", "star", "crm.outcomemark"),
            _list("Exports of people", "folder_zip", "crm.personexport"),
            _list("Erasures", "person_remove", "crm.erasure"),
            _list("Jobs", "pending_actions", "jobs.job"),
            _list("API keys", "key", "gateway.apikey"),
            _list("Users", "badge", "auth.user"),
            _list("Groups", "group_work", "auth.group"),
            _list("Second factors", "phonelink_lock", "mfa.authenticator"),
            _list("Locked logins", "lock_clock", "axes.accessattempt"),
            _list("Logins", "login", "axes.accesslog"),
        ],
    ),
]


def menu(request: HttpRequest) -> list[ShownGroup]:
    """Return what the person may see of the menu. One query, for the number that waits."""
    may, links = request.user.has_perm, _links(get_script_prefix())
    groups = [
        ShownGroup(
            group.title,
            [
                _shown(item, links[item.page], request)
                for item in group.items
                if not item.permission or may(item.permission)
            ],
            group.is_collapsible,
        )
        for group in GROUPS
    ]
    return [group for group in groups if group.items]


def _shown(item: Item, link: str, request: HttpRequest) -> ShownItem:
    is_active = request.path == link if item.page == START else request.path.startswith(link)
    # Always there, and unseen while it is empty: the queue puts the new number into it when something was done.
    badge = waiting_badge(request) if item.page == QUEUE else None
    return ShownItem(item.title, item.icon, link, is_active, badge)


@cache
def _links(prefix: str) -> dict[str, str]:
    """Return the address of each page of the menu; `prefix`, where Kith is mounted, is a part of all of them."""
    return {item.page: reverse(item.page) for group in GROUPS for item in group.items}
