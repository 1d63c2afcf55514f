"""
Every page of the admin at scale, as its users wait for it: how many queries, median and 95th percentile.

Parts that load themselves once their page is there are pages of their own here. Pages are asked for through Django's
test client: whole stack from middleware to template, without the network. A request is counted once and then timed 20
times (3 times where it takes seconds), each by a superuser, who is shown the most.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import daily_work
from benchmarks.exactness import NOW
from benchmarks.facts import Scale
from benchmarks.measuring import Measurement, waited
from config.admin.start_page import FIGURES, LATER_TABLES
from metrics.models import Credit
from metrics.recompute import recompute_all

RUNS = {"XS": 3}  # how often a page is asked for, where it is not OFTEN: to see that everything works
OFTEN = 20
SLOW, SELDOM = 2.0, 3  # seconds of queries, and how often a page is asked for that takes longer
MOST_QUERIES = 25
LIMIT, SEARCH_LIMIT = 0.500, 0.300  # seconds
# Of contacts: a usual word, what everybody has, what one has, what nobody has, two words.
WORDS = ("joe", "example", "person77", "nobody has this", "ada person5")
USUAL, NOTHING = "10", "nobody has this"  # in any other list
# Pages about one contact, the busiest being merged with the next.
ABOUT_A_CONTACT = (
    ("record help", "crm_contact_record_help"),
    ("preview of a merge", "crm_contact_merge", f"?with={daily_work.BUSIEST + 1}"),
    ("erase", "crm_contact_erase"),
    ("plan a follow-up", "crm_followup_plan"),
    ("write a note", "crm_note_write"),
)
REFUSED = (302, 403)  # pages that not even a superuser may open, such as those of what only machines write


@dataclass(frozen=True)
class Page:
    """
    A page and how long it may take; a part of one is asked for as htmx does.

    One that `does_it`, to show what it will do, and undoes it asks as many queries as there are tables.
    """

    name: str
    address: str
    limit: float = LIMIT
    is_part: bool = False
    does_it: bool = False

    def ask(self, client: Client) -> int:
        """Ask for it and return the status of the answer."""
        return client.get(self.address, headers={"HX-Request": "true"} if self.is_part else None).status_code


def measure(scale: Scale) -> Iterator[Measurement]:
    """Yield every page: each registered model's list, search, form, history, and the pages of our own."""
    if not Credit.objects.exists():
        recompute_all(now=NOW)
    daily_work.load(scale)
    user = get_user_model().objects.create_superuser(f"benchmark-{time.time_ns()}")
    client = Client()
    client.force_login(user)
    for page in pages():
        measured = _measured(client, page, runs=RUNS.get(scale.name, OFTEN))
        if measured is not None:
            yield measured
    user.delete()


def _measured(client: Client, page: Page, *, runs: int) -> Measurement | None:
    """Return what the page takes, or None where it is refused."""
    page.ask(client)  # Django keeps content types and compiled templates
    with CaptureQueriesContext(connection) as queries:
        status = page.ask(client)
    asked = len(queries)  # now: the next request empties the log
    if sum(float(query["time"]) for query in queries.captured_queries) > SLOW:
        runs = min(runs, SELDOM)
    if status in REFUSED:
        return None
    if status != 200:
        raise RuntimeError(f"{page.address} answered {status}.")
    times = waited(runs, lambda: page.ask(client))
    too_many = " **(too many)**" if asked > MOST_QUERIES and not page.does_it else ""
    return Measurement(
        operation=page.name, product=times.unlucky, limit=page.limit if not too_many else 0,
        remark=f"{asked} queries{too_many}, p50 {times.usual * 1000:.0f} ms",
    )  # fmt: skip


def pages() -> Iterator[Page]:
    """Return every page of the admin, with the busiest row of each model."""
    yield Page("start page", reverse("admin:index"))
    yield Page("start page, all time", f"{reverse('admin:index')}?period=all_time")
    for part in (FIGURES, *LATER_TABLES):
        address = reverse("start-part", args=[part])
        yield Page(f"start page, {part}", address, is_part=True)
        yield Page(f"start page, {part}, all time", f"{address}?period=all_time", is_part=True)
    yield Page("response times", reverse("response-times"))
    figures = reverse("response-times-figures")
    yield Page("response times, figures", figures, is_part=True)
    yield Page("response times, figures, all time", f"{figures}?period=all_time", is_part=True)
    yield Page("people", reverse("about-people"))
    figures = reverse("about-people-figures")
    yield Page("people, figures", figures, is_part=True)
    yield Page("people, figures, all time", f"{figures}?period=all_time", is_part=True)
    contact = reverse("admin:crm_contact_change", args=[daily_work.BUSIEST])
    yield Page("contact, the busiest", contact)
    yield Page("contact, the busiest, timeline", f"{contact}?tab=timeline", is_part=True)
    yield Page("contact, the busiest, figures", f"{contact}?tab=figures", is_part=True)
    yield Page("contact, the busiest, details", f"{contact}?tab=details")
    for what, name, *query in ABOUT_A_CONTACT:
        address = reverse(f"admin:{name}", args=[daily_work.BUSIEST]) + "".join(query)
        yield Page(f"contact, the busiest, {what}", address)
    merged = reverse("admin:crm_contact_merge_part", args=[daily_work.BUSIEST, daily_work.BUSIEST + 1, "figures"])
    yield Page("contact, the busiest, preview of a merge, figures", merged, is_part=True, does_it=True)
    plan = reverse("admin:crm_contact_erase_plan", args=[daily_work.BUSIEST])
    yield Page("contact, the busiest, plan of an erasure", plan, is_part=True, does_it=True)
    yield Page("search over the whole admin", f"{reverse('admin:search')}?s={WORDS[0]}")
    for model, options in sorted(admin.site._registry.items(), key=lambda one: one[0]._meta.label_lower):
        name = model._meta.label_lower.replace(".", "_")
        title = model._meta.label_lower
        changelist = reverse(f"admin:{name}_changelist")
        yield Page(f"{title}, list", changelist)
        words = WORDS if title == "crm.contact" else (USUAL, NOTHING) if options.search_fields else ()
        for word in words:
            limit = SEARCH_LIMIT if title == "crm.contact" else LIMIT
            yield Page(f"{title}, search for “{word}”", f"{changelist}?q={word.replace(' ', '+')}", limit)
        yield Page(f"{title}, add", reverse(f"admin:{name}_add"))
        row = _a_row(model)
        if row is not None:
            for page in ("change", "history", "delete"):
                yield Page(f"{title}, {page}", reverse(f"admin:{name}_{page}", args=[row]))
            for panel in options.panels if options.panels_load_later else ():
                address = reverse(f"admin:{name}_panel", args=[row, panel.key])
                yield Page(f"{title}, panel {panel.key}", address, is_part=True)


def _a_row(model: type[models.Model]) -> object | None:
    """Return the key of the first row, as addresses have it; None of an empty table."""
    first = model._default_manager.order_by("pk").first()
    if first is None:
        return None
    return ":".join(map(str, first.pk)) if isinstance(first.pk, tuple) else first.pk
