"""Lists and the search of contacts over HTTP (inside the process) against JSON that PostgreSQL builds itself."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse

from benchmarks.facts import Scale
from benchmarks.measuring import Measurement, median_of, waited
from gateway.models import ApiKey

FLOOR = (Path(__file__).parent / "floors" / "contact_list.sql").read_text(encoding="utf-8")
PAGE = 100  # contacts on a page
DEEP = 9_000  # the page that must be as quick as the first
RUNS = 50
SEARCHES = ("joe", "person77", "@example", "Priya 3f", "nobody has this")
# While typing: two letters, a first name that a sixteenth has, what everybody has, a part, rare, absent, two words.
TYPED = ("jo", "joe", ".com", "oe 3", "person77", "zzz", "3fa priya")


def _floor(after: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FLOOR, {"after": after})
        cursor.fetchone()


def measure(scale: Scale) -> Iterator[Measurement]:
    """Yield the first page, a deep page and searches: the median of what a client waits."""
    _, token = ApiKey.objects.issue(name="benchmark", scopes=["contacts:read"], expires_at=None)
    client = Client(headers={"Authorization": f"Bearer {token}"})

    def get(address: str) -> dict[str, object]:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}: {answer.content[:200]!r}")
        return dict(answer.json())

    first = f"/api/v1/contacts/?limit={PAGE}&ordering=id"
    deep_page = min(DEEP, scale.contacts // PAGE - 1)
    cursor = get("/api/v1/contacts/?limit=1000&ordering=id")["next"]
    for _ in range(deep_page * PAGE // 1000 - 1):
        assert isinstance(cursor, str)
        cursor = get(cursor)["next"]
    deep = str(cursor).replace("limit=1000", f"limit={PAGE}")

    for name, address, after in (("first page", first, 0), (f"page {deep_page:,}", deep, deep_page * PAGE)):
        get(address)
        floor = median_of(RUNS, lambda after=after: _floor(after))  # type: ignore[misc]
        product = median_of(RUNS, lambda address=address: get(address))  # type: ignore[misc]
        yield Measurement(
            operation=f"list of {PAGE} contacts of {scale.contacts:,}, {name}", floor=floor,
            floor_is="JSON built by PostgreSQL", product=product, amount=PAGE, unit="contacts", target=3.0,
        )  # fmt: skip
    for text in SEARCHES:
        address = f"/api/v1/contacts/?{urlencode({'search': text, 'limit': 20})}"
        get(address)
        usual = median_of(RUNS, lambda address=address: get(address))  # type: ignore[misc]
        yield Measurement(
            operation=f"search for “{text}” among {scale.contacts:,}", product=usual, limit=0.020
        )  # fmt: skip
    yield from _finding(scale)


def _finding(scale: Scale) -> Iterator[Measurement]:
    """Yield how long the page that finds people while typing takes: the 95th percentile has to be quick."""
    user = get_user_model().objects.create_superuser(f"benchmark-{time.time_ns()}")
    client = Client()
    client.force_login(user)
    for text in TYPED:
        address = f"{reverse('admin:crm_contact_find')}?{urlencode({'q': text})}"
        client.get(address)
        times = waited(RUNS, lambda address=address: client.get(address))  # type: ignore[misc]
        yield Measurement(
            operation=f"finding “{text}” while typing among {scale.contacts:,}, p95", product=times.unlucky,
            limit=0.020, remark=f"p50 {times.usual * 1000:.1f} ms",
        )  # fmt: skip
    user.delete()
