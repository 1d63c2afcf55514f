"""
Filling the demo company into Kith, through the same service path that clients use.

The job that did it is the marker: a second run finds it and changes nothing; a run that was killed
is simply done again, since the same items twice change nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from django.contrib.auth import get_user_model

from community.models import Colleague, Community
from config.models import StandardRole
from config.roles import ADMINISTRATOR, ANALYST, CAMPAIGN_MANAGER, HELPER
from crm.models import Contact, ContactRef
from demo.attending import attend
from demo.generator import Item, collections
from demo.generator.people import SOURCE, STAFF
from gateway.batches import CHUNK_SIZE, upsert
from gateway.errors import DomainError
from jobs.models import Job

JOB_KIND = "demo"

Progress = Callable[[str, int], None]  # the collection's key, and how many of its items are in so far


class NotEmpty(DomainError):
    """The database holds data of somebody else's, which a made-up company must not be mixed with."""

    code = "not_empty"
    status = 409


class OtherDay(DomainError):
    """The demo company is there already and reaches to another day."""

    code = "other_day"
    status = 409


class ItemsRefused(Exception):
    """Kith refused items of the demo company: one of the two has a bug."""


@dataclass(frozen=True)
class Company:
    """The demo company as it stands: up to which day, how many items of each collection, and whether just made."""

    until: date
    items: dict[str, int]
    is_new: bool


def fill(*, until: date | None, today: date, now: datetime, progress: Progress = lambda _key, _count: None) -> Company:
    """
    Make sure that the demo company is there, and return it.

    `until` is the day before which its 24 months end; None is any: what is there already, else
    `today`. Raises `OtherDay` when it is there with another day, `NotEmpty` when the database holds
    data that is not the demo company's.
    """
    job = Job.objects.filter(kind=JOB_KIND).order_by("id").last()
    if job is None:
        _refuse_if_not_empty()
        job = Job.objects.create(
            kind=JOB_KIND,
            parameters={"until": (until or today).isoformat()},
            unit="items",
            requested_through="command",
        )
    reached = date.fromisoformat(job.parameters["until"])
    if until and until != reached:
        raise OtherDay(
            f"The demo company is there already and ends on {reached}. On Kith's own servers `make clean` removes it; "
            "on others, name a database of its own."
        )
    if job.state == Job.State.SUCCEEDED:
        return Company(reached, job.report, is_new=False)

    _start(job, now)
    make_staff()
    items = {key: _upsert_all(key, stream, now=now, progress=progress) for key, stream in collections(reached)}
    say_who_staff_are()
    attend(until=reached, now=now)
    _finish(job, items, now)
    return Company(reached, items, is_new=True)


ROLE_OF = {"ana": HELPER, "ben": ANALYST, "chloe": CAMPAIGN_MANAGER, "dan": ADMINISTRATOR}


def make_staff() -> None:
    """Make the colleagues, each with a role, as users without a password: nobody can log in as them yet."""
    users = get_user_model().objects
    roles = {role.name: role.group for role in StandardRole.objects.select_related("group")}
    for username, name in STAFF:
        first_name, last_name = name.split(" ")
        user, is_new = users.get_or_create(
            username=username,
            defaults={
                "first_name": first_name,
                "last_name": last_name,
                "email": f"{username}@example.com",
                "is_staff": True,
            },
        )
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            role = roles.get(ROLE_OF[username])
            if role is not None:  # an administrator may have deleted it
                user.groups.add(role)


def say_who_staff_are() -> None:
    """Say of each colleague's login which person it is, as the shop knows them. Three queries."""
    users = dict(get_user_model().objects.values_list("username", "pk"))
    people = {f"staff-{username}": users[username] for username, _ in STAFF}
    known = ContactRef.objects.filter(source=SOURCE, external_id__in=people).values_list("external_id", "contact_id")
    Colleague.objects.bulk_create(
        [Colleague(user_id=people[external_id], contact_id=contact) for external_id, contact in known],
        ignore_conflicts=True,
    )


def _refuse_if_not_empty() -> None:
    if Contact.objects.exists() or Community.objects.exists():
        raise NotEmpty("This database holds data already; the demo company only goes into an empty one.")


def _start(job: Job, now: datetime) -> None:
    job.state, job.started_at, job.finished_at, job.done = Job.State.RUNNING, now, None, 0
    job.save(update_fields=["state", "started_at", "finished_at", "done"])


def _finish(job: Job, items: dict[str, int], now: datetime) -> None:
    job.state, job.finished_at, job.report = Job.State.SUCCEEDED, now, items
    job.done = job.total = sum(items.values())
    job.save(update_fields=["state", "finished_at", "report", "done", "total"])


def _upsert_all(key: str, stream: Iterator[Item], *, now: datetime, progress: Progress) -> int:
    """Upsert a stream batch by batch, as a client would, and return how many items it had."""
    count = 0
    while batch := list(islice(stream, CHUNK_SIZE)):
        outcome = upsert(collection=key, items=batch, now=now)
        if outcome.failed:
            first = next(result for result in outcome.results if result.status == "failed")
            raise ItemsRefused(f"{key}: {batch[first.index]} was refused: {first.errors}")
        count += len(batch)
        progress(key, count)
    return count
