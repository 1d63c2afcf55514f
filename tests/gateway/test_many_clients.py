"""Sixteen clients write the same 200 contacts at once, through a real server: nothing breaks, nothing is lost."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from crm.models import Contact, ContactPoint, ContactRef
from gateway.models import ApiKey

CONTACTS = 200
ROUNDS = 3

# Each client is the master of one field.
FIELDS: list[tuple[str, object]] = [
    ("full_name", "Joe Bloggs"),
    ("preferred_name", "Joe"),
    ("email", "joe@example.com"),
    ("phone", "+442079460000"),
    ("stage", "customer"),
    ("tags", ["vip"]),
    ("custom_fields", {"shoe size": 43}),
    ("motivation", "Wants to learn."),
    ("language", "da"),
    ("time_zone", "Europe/Copenhagen"),
    ("do_not_contact", True),
    ("company", {"source": "shop", "external_id": "f1"}),
    ("refs", [{"source": "crm", "external_id": "{n}"}]),
    ("consents", [{"purpose": "newsletter", "granted_at": "2026-01-01T00:00:00Z", "source": "form"}]),
    ("source_updated_at", None),
    ("owner", None),
]


def item(n: int, field: str, value: object) -> dict[str, object]:
    given = [{"source": "crm", "external_id": str(n)}] if field == "refs" else value
    return {"source": "shop", "external_id": f"c{n}", field: given}


@pytest.mark.django_db(transaction=True)
def test_sixteen_clients_upserting_the_same_contacts_lose_nothing(live_server):
    _, token = ApiKey.objects.issue(name="sync", scopes=["contacts:read", "contacts:write", "addresses:read"])
    address = f"{live_server.url}/api/v1/contacts/"

    def run_client(number: int) -> list[int]:
        field, value = FIELDS[number]
        order = random.Random(number)
        statuses = []
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            for _ in range(ROUNDS):
                numbers = list(range(CONTACTS))
                order.shuffle(numbers)
                answer = session.post(
                    f"{address}batch/upsert", json={"items": [item(n, field, value) for n in numbers]}, timeout=60
                )
                statuses.append(answer.status_code)
                assert answer.json()["failed"] == 0, answer.json()
                single = session.post(address, json=item(numbers[0], field, value), timeout=60)
                statuses.append(single.status_code)
        return statuses

    with ThreadPoolExecutor(len(FIELDS)) as pool:
        statuses = [status for found in pool.map(run_client, range(len(FIELDS))) for status in found]

    assert set(statuses) <= {200, 201}
    assert len(statuses) == len(FIELDS) * ROUNDS * 2
    assert Contact.objects.count() == CONTACTS
    assert ContactRef.objects.count() == 2 * CONTACTS
    assert ContactPoint.objects.count() == 2 * CONTACTS
    records = requests.get(
        address, params={"limit": 1000}, headers={"Authorization": f"Bearer {token}"}, timeout=60
    ).json()["results"]
    assert len(records) == CONTACTS
    for record in records:
        number = next(ref["external_id"] for ref in record["refs"] if ref["source"] == "crm")
        assert {"source": "shop", "external_id": f"c{number}"} in record["refs"]
        assert record["emails"] == ["joe@example.com"]
        assert record["phones"] == ["+442079460000"]
        assert record["company"]["external_id"] == "f1"
        assert [consent["purpose"] for consent in record["consents"]] == ["newsletter"]
        for field, value in FIELDS:
            if field in record and field not in ("company", "refs", "consents", "source_updated_at", "owner"):
                assert record[field] == value, field
