"""The menu on the left, by who works with what: staff, those who run campaigns, those who read figures."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.html import format_html

from metrics.admin.left_on_read import waiting_badge


def _may_view(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _item(title: str, icon: str, model: str, *, permission: str = "") -> dict[str, object]:
    """Return an entry that leads to a model's list; `permission` is the one to view it unless it is given."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _may_view(permission or f"{app}.view_{name}"),
    }


LEFT_ON_READ = "Left on read"

NAVIGATION: list[dict[str, object]] = [
    {
        "items": [
            {"title": "Start", "icon": "home", "link": reverse_lazy("admin:index")},
            {
                "title": LEFT_ON_READ,
                "icon": "mark_email_unread",
                "link": reverse_lazy("admin:community_waitinginteraction_changelist"),
                "permission": _may_view("community.view_interaction"),
            },
            {
                "title": "Response times",
                "icon": "timer",
                "link": reverse_lazy("response-times"),
                "permission": _may_view("metrics.view_credit"),
            },
        ]
    },
    {
        "title": "People",
        "separator": True,
        "items": [
            _item("Contacts", "person", "crm.contact"),
            _item("Follow-ups", "event_upcoming", "crm.followup"),
            _item("Notes", "sticky_note_2", "crm.note"),
            _item("Companies", "apartment", "crm.company"),
            _item("Possible duplicates", "group", "crm.duplicatesuggestion"),
            _item("Merges", "call_merge", "crm.merge"),
            _item("Members", "alternate_email", "community.member"),
            _item("Help records", "volunteer_activism", "community.helprecord"),
            _item("Threads", "forum", "community.thread"),
            _item("Interactions", "chat_bubble", "community.interaction"),
        ],
    },
    {
        "title": "Campaigns and money",
        "separator": True,
        "items": [
            _item("Campaigns", "campaign", "crm.campaign"),
            _item("Conversions", "shopping_cart", "crm.conversion"),
            _item("Costs", "payments", "community.cost"),
            _item("Exchange rates", "currency_exchange", "crm.exchangerate"),
        ],
    },
    {
        "title": "Behind the figures",
        "separator": True,
        "collapsible": True,
        "items": [
            _item("Credits", "receipt_long", "metrics.creditrow", permission="metrics.view_credit"),
            _item("Results", "rule", "metrics.conversionresult"),
            _item("Costs by day", "calendar_month", "metrics.costdayrow", permission="metrics.view_costday"),
            _item("Campaigns by day", "campaign", "metrics.campaigndayrow", permission="metrics.view_campaignday"),
            _item("Channels by day", "hub", "metrics.channeldayrow", permission="metrics.view_channelday"),
            _item("Buyers by day", "person", "metrics.persondayrow", permission="metrics.view_personday"),
            _item("Helpers by day", "volunteer_activism", "metrics.helperdayrow", permission="metrics.view_helperday"),
            _item("Totals by day", "functions", "metrics.totalday"),
            _item("Waiting", "hourglass", "metrics.stalemark", permission="metrics.view_credit"),
            _item("Recompute pieces", "sync", "metrics.recomputechunk", permission="metrics.view_credit"),
            _item("Fingerprint", "fingerprint", "metrics.fingerprint", permission="metrics.view_credit"),
        ],
    },
    {
        "title": "Settings",
        "separator": True,
        "collapsible": True,
        "items": [
            _item("Communities", "groups", "community.community"),
            _item("Channels", "hub", "community.channel"),
            _item("Business hours", "schedule", "community.businesshours"),
            _item("Kinds of conversion", "category", "crm.conversionkind"),
            _item("Consents", "handshake", "crm.consent"),
            _item("Marks", "star", "crm.outcomemark"),
            _item("Exports of people", "folder_zip", "crm.personexport"),
            _item("Erasures", "person_remove", "crm.erasure"),
            _item("Jobs", "pending_actions", "jobs.job"),
            _item("API keys", "key", "gateway.apikey"),
            _item("Users", "badge", "auth.user"),
            _item("Groups", "group_work", "auth.group"),
            _item("Second factors", "phonelink_lock", "mfa.authenticator"),
            _item("Locked logins", "lock_clock", "axes.accessattempt"),
            _item("Logins", "login", "axes.accesslog"),
        ],
    },
]


def navigation(request: HttpRequest) -> list[dict[str, object]]:
    """Return the menu; entries that the person may not see are left out by the theme."""
    first, *others = NAVIGATION
    # Always there, and unseen while it is empty: the queue puts the new number into it when something was done.
    badge = format_html('<span id="kith-waiting">{}</span>', waiting_badge(request))
    items = [
        {**item, "badge": badge, "badge_variant": "warning"} if item["title"] == LEFT_ON_READ else item
        for item in cast(list[dict[str, object]], first["items"])
    ]
    return [{**first, "items": items}, *others]
