"""Sixteen clients write the same 200 contacts at once, through a real server: nothing breaks, nothing is lost."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.contrib.auth import get_user_model

from crm.models import Consent, Contact, ContactPoint, ContactRef
from gateway.models import ApiKey

CONTACTS = 200
ROUNDS = 5  # in each every client says each contact anew: 1,000 upserts by each of them

# Each client is the master of one field, and what it says of contact `n` in a round it says of no other one.
FIELDS: dict[str, Callable[[int, int], object]] = {
    "full_name": lambda n, r: f"Joe Bloggs {n}-{r}",
    "preferred_name": lambda n, r: f"Joe {n}-{r}",
    "email": lambda n, r: f"joe-{n}-{r}@example.com",
    "phone": lambda n, r: f"+44207946{r}{n:03}",
    "stage": lambda n, r: ["lead", "customer"][(n + r) % 2],
    "tags": lambda n, r: [f"{n}-{r}", "vip"],
    "custom_fields": lambda n, r: {"shoe size": n, "round": r},
    "motivation": lambda n, r: f"Wants to learn {n}-{r}.",
    "language": lambda n, r: ["da", "de", "en"][(n + r) % 3],
    "time_zone": lambda n, r: ["Europe/Copenhagen", "Europe/Berlin", "Europe/London"][(n + r) % 3],
    "do_not_contact": lambda n, r: (n + r) % 2 == 0,
    "owner": lambda n, r: ["ana", "ben"][(n + r) % 2],
    "company": lambda n, r: {"source": "shop", "external_id": f"f{(n + r) % 9}"},
    "source_updated_at": lambda n, r: f"2026-03-{r + 1:02}T09:00:00Z",
    # These two add up.
    "refs": lambda n, r: [{"source": "crm", "external_id": f"{n}-{r}"}],
    "consents": lambda n, r: [{"purpose": f"news {r}", "granted_at": "2026-01-01T00:00:00Z", "source": f"form {n}"}],
}


def item(n: int, field: str, turn: int) -> dict[str, object]:
    return {"source": "shop", "external_id": f"c{n}", field: FIELDS[field](n, turn)}


@pytest.mark.django_db(transaction=True)
def test_sixteen_clients_upserting_the_same_contacts_lose_nothing(live_server):
    for name in ("ana", "ben"):
        get_user_model().objects.create_user(name)
    _, token = ApiKey.objects.issue(name="sync", scopes=["contacts:read", "contacts:write", "addresses:read"])
    address = f"{live_server.url}/api/v1/contacts/"

    def run_client(field: str) -> list[int]:
        order = random.Random(field)
        statuses = []
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            for turn in range(ROUNDS):
                items = [item(n, field, turn) for n in range(CONTACTS)]
                order.shuffle(items)
                statuses.append(session.post(address, json=items[0], timeout=60).status_code)
                answer = session.post(f"{address}batch/upsert", json={"items": items}, timeout=60)
                statuses.append(answer.status_code)
                assert answer.json().get("failed") == 0, answer.json()
        return statuses

    assert len(FIELDS) == 16
    with ThreadPoolExecutor(len(FIELDS)) as pool:
        statuses = [status for found in pool.map(run_client, FIELDS) for status in found]

    assert set(statuses) <= {200, 201}
    assert len(statuses) == len(FIELDS) * ROUNDS * 2
    assert Contact.objects.count() == CONTACTS
    assert ContactRef.objects.count() == CONTACTS * (1 + ROUNDS)
    assert ContactPoint.objects.count() == 2 * CONTACTS
    assert Consent.objects.count() == CONTACTS * ROUNDS
    records = requests.get(
        address, params={"limit": 1000}, headers={"Authorization": f"Bearer {token}"}, timeout=60
    ).json()["results"]
    assert len(records) == CONTACTS
    motivations = dict(Contact.objects.values_list("pk", "motivation"))  # nobody agreed that it is shown
    for record in records:
        (shop,) = (ref["external_id"] for ref in record["refs"] if ref["source"] == "shop")
        n = int(shop.removeprefix("c"))
        last = {field: said(n, ROUNDS - 1) for field, said in FIELDS.items() if field not in ("refs", "consents")}
        assert record["emails"] == [last.pop("email")]
        assert record["phones"] == [last.pop("phone")]
        assert record["company"]["external_id"] == last.pop("company")["external_id"]
        assert (record["motivation"], motivations[record["id"]]) == (None, last.pop("motivation"))
        assert {field: record[field] for field in last} == last
        crm = {ref["external_id"] for ref in record["refs"] if ref["source"] == "crm"}
        assert crm == {f"{n}-{turn}" for turn in range(ROUNDS)}
        assert {(consent["purpose"], consent["source"]) for consent in record["consents"]} == {
            (f"news {turn}", f"form {n}") for turn in range(ROUNDS)
        }
