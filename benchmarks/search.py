"""Finding people among a million while somebody types, and the search of the contact list over HTTP."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from benchmarks import people
from benchmarks.facts import Scale
from benchmarks.measuring import Measurement, waited
from gateway.models import ApiKey

RUNS = 40
LIMIT = 0.020  # seconds: whoever types does not wait
TYPED = {
    "a letter pair": "an",
    "half of a very common first name": "ann",
    "a very common first name": "anna",
    "a common full name": "anna smith",
    "two common words, turned round": "smith ann",
    "a common part inside of names": "ensen",
    "a rare first name": "wolfgang",
    "a rare name": "Zwetschgenbaum",
    "a name without its accents": "lukasz sorensen",
    "the beginning of an e-mail address": "maria.garcia1",
    "a whole e-mail address": people.RARE_EMAIL,
    "the domain that half of all have": "gmail.com",
    "a rare domain": "posteo.ex",
    "a telephone number": people.RARE_PHONE,
    "its last digits": "7946 0958",
    "three digits": "794",
    "the beginning of a handle": "annasmi",
    "a handle": "petegar42",
    "nothing found": "nobody has this",
    "nothing found, of common parts": "comgmail",
}
FIRST = {"a rare name", "a whole e-mail address", "a telephone number"}  # must find that person first


def measure(scale: Scale) -> Iterator[Measurement]:
    """Yield, for each text, what a user and a client wait, with and without the addresses."""
    people.load(scale.people)
    count = f"{scale.people:,}"
    for who, what, ask, sees_addresses in _readers():
        for name, text in TYPED.items():
            found = ask(text)
            if name in FIRST and (sees_addresses or name == "a rare name"):
                assert found[0] == scale.people, f"{what} did not find {name} first: {found[:3]}"
            times = waited(RUNS, lambda text=text, ask=ask: ask(text))  # type: ignore[misc]
            yield Measurement(
                operation=f"{what} among {count}, {who}: {name}, “{text}”", product=times.unlucky, limit=LIMIT,
                remark=f"p50 {times.usual * 1000:.1f} ms, worst {times.worst * 1000:.1f} ms, {len(found)} found",
            )  # fmt: skip


def _readers() -> Iterator[tuple[str, str, Callable[[str], list[int]], bool]]:
    """Yield who reads, what they use, the function that asks it, and whether it shows addresses."""
    seen = "with addresses"
    unseen = "names alone"
    user = get_user_model().objects.create_superuser(f"benchmark-{time.time_ns()}")
    analyst = get_user_model().objects.create_user(f"analyst-{time.time_ns()}", is_staff=True)
    analyst.user_permissions.add(Permission.objects.get(codename="view_contact"))
    for who, reader in ((seen, user), (unseen, analyst)):
        client = Client()
        client.force_login(reader)
        address = reverse("admin:crm_contact_find")
        yield who, "finding while typing", _asking(client, address, "q"), who == seen
        reader.delete()
    for who, scopes in ((seen, ["contacts:read", "addresses:read"]), (unseen, ["contacts:read"])):
        _, token = ApiKey.objects.issue(name="benchmark", scopes=scopes, expires_at=None)
        client = Client(headers={"Authorization": f"Bearer {token}"})
        yield who, "GET contacts/?search= (20)", _asking(client, "/api/v1/contacts/", "search", limit="20"), who == seen


def _asking(client: Client, address: str, name: str, **more: str) -> Callable[[str], list[int]]:
    def ask(text: str) -> list[int]:
        answer = client.get(f"{address}?{urlencode({name: text, **more})}")
        if answer.status_code not in (200, 400):  # the list refuses two letters
            raise RuntimeError(f"{address} answered {answer.status_code}: {answer.content[:200]!r}")
        return [row["id"] for row in answer.json().get("results", [])]

    return ask
