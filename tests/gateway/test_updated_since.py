"""
Whoever follows by `updated_since` hears of everything that a list tells: also of what other rows decide.

Each act changes one thing. Before and after it every list is read whole: a row that reads otherwise has to be among
those that were updated since, and nobody else's.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from rest_framework.test import APIClient

from community.models import Interaction
from community.retracting import restoring, retracting
from crm.merging import merge, unmerge
from crm.models import Contact, Conversion, ConversionKind
from crm.voiding import voiding
from gateway.routes import known_scopes
from tests.api_clients import client_with
from tests.factories.community import ChannelFactory, HelpRecordFactory, InteractionFactory, ThreadFactory
from tests.factories.crm import ContactFactory, ContactRefFactory, ConversionFactory
from tests.sending import NOW, send_one

pytestmark = pytest.mark.django_db

LISTS = ("contacts", "threads", "help-records")
LONG_AGO, SINCE = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
JOE, SHOP_JOE, OLD_JOE, MIA = (
    {"source": "shop", "external_id": name} for name in ("joe", "shop-joe", "old-joe", "mia")
)
POST = {
    "channel": "forum",
    "external_id": "p1",
    "kind": "question",
    "occurred_at": "2026-03-01T09:00:00Z",
    "thread": "t1",
}
ORDER = {
    "source": "shop", "external_id": "o1", "kind": "purchase", "contact": SHOP_JOE,
    "occurred_at": "2026-03-01T09:00:00Z", "amount": "10.00", "currency": "EUR",
}  # fmt: skip


@pytest.fixture
def world() -> None:
    """Joe has a record of the shop's merged into his; old Joe is somebody else as yet, and so is Mia."""
    contacts = [ContactFactory(full_name=ref["external_id"], stage="lead") for ref in (JOE, SHOP_JOE, OLD_JOE, MIA)]
    for contact, ref in zip(contacts, (JOE, SHOP_JOE, OLD_JOE, MIA), strict=True):
        ContactRefFactory(contact=contact, **ref)
    merge(survivor_id=contacts[0].pk, loser_id=contacts[1].pk, now=NOW)
    forum = ChannelFactory(slug="forum")
    ThreadFactory(channel=forum, external_id="t1", title="Payroll")
    other = ThreadFactory(channel=forum, external_id="t2", title="Said openly before")
    InteractionFactory(channel=forum, thread=other, kind="comment")
    for name in ("h1", "h2"):
        HelpRecordFactory(contact=contacts[3], interaction__external_id=name)


def contact_of(name: str) -> Contact:
    return Contact.objects.get(full_name=name)


def age() -> None:
    """Let everything be old: whatever is written from now on was updated since `SINCE`."""
    with connection.cursor() as cursor:
        for table in ("crm_contact", "community_thread", "community_helprecord"):
            cursor.execute(f"UPDATE {table} SET updated_at = %s", [LONG_AGO])


def read(client: APIClient, **query: str) -> dict[tuple[str, int], dict]:
    rows = {}
    for name in LISTS:
        answer = client.get(f"/api/v1/{name}/", {"limit": 1000, "include_inactive": "true", **query})
        assert answer.status_code == 200, answer.content
        rows |= {(name, record["id"]): {**record, "updated_at": ""} for record in answer.json()["results"]}
    return rows


def nothing() -> None:
    """Nothing came before."""


def a_wish_on_another_record() -> None:
    send_one("contacts", **SHOP_JOE, do_not_contact=True)


def a_wish_of_old_joe() -> None:
    send_one("contacts", **OLD_JOE, do_not_contact=True)


def a_merge_above() -> None:
    merge(survivor_id=contact_of("old-joe").pk, loser_id=contact_of("joe").pk, now=NOW)


def a_merge_below() -> None:
    merge(survivor_id=contact_of("joe").pk, loser_id=contact_of("old-joe").pk, now=NOW)


def the_merge_above_taken_apart() -> None:
    unmerge(loser_id=contact_of("joe").pk, now=NOW)


def the_shops_record_taken_out() -> None:
    unmerge(loser_id=contact_of("shop-joe").pk, now=NOW)


def an_order() -> None:
    send_one("conversions", **ORDER)


def the_order_voided() -> None:
    voiding.one(Conversion.objects.get().pk, reason="a test", now=NOW)


def the_order_found_to_be_mias() -> None:
    send_one("conversions", **ORDER | {"contact": MIA})


def the_order_found_to_be_a_sign_up() -> None:
    send_one("conversions", **ORDER | {"kind": "sign_up"})


def a_sign_up() -> None:
    send_one("conversions", **ORDER | {"kind": "sign_up"})


def purchases_said_to_have_no_value() -> None:
    ConversionKind.objects.filter(key="purchase").update(has_value=False)


def sign_ups_said_to_have_value() -> None:
    ConversionKind.objects.filter(key="sign_up").update(has_value=True)


def a_further_reference() -> None:
    assert send_one("contacts", **MIA, refs=[{"source": "crm", "external_id": "77"}]).status == "updated"


def an_open_post() -> None:
    send_one("interactions", **POST)


def the_post_made_private() -> None:
    send_one("interactions", **POST, is_private=True)


def the_help() -> int:
    return Interaction.objects.get(external_id="h1").pk


def the_help_retracted() -> None:
    retracting.one(the_help(), reason="a test", now=NOW)


def the_help_restored() -> None:
    restoring.one(the_help(), reason="no test", now=NOW)


@pytest.mark.parametrize(
    ("before", "act", "told"),
    [
        (nothing, a_wish_on_another_record, {"joe", "shop-joe"}),
        (nothing, a_merge_above, {"joe", "shop-joe"}),
        (a_wish_of_old_joe, a_merge_below, {"joe", "shop-joe", "old-joe"}),
        (a_merge_above, the_merge_above_taken_apart, {"joe", "shop-joe"}),
        (an_order, the_shops_record_taken_out, {"joe", "shop-joe"}),
        (nothing, an_order, {"joe", "shop-joe"}),
        (an_order, the_order_voided, {"joe", "shop-joe"}),
        (an_order, the_order_found_to_be_mias, {"joe", "shop-joe", "mia"}),
        (an_order, the_order_found_to_be_a_sign_up, {"joe", "shop-joe"}),
        (an_order, purchases_said_to_have_no_value, {"joe", "shop-joe"}),
        (a_sign_up, sign_ups_said_to_have_value, {"joe", "shop-joe"}),
        (nothing, a_further_reference, {"mia"}),
        (nothing, an_open_post, {"t1"}),
        (an_open_post, the_post_made_private, {"t1"}),
        (nothing, the_help_retracted, {"h1"}),
        (the_help_retracted, the_help_restored, {"h1"}),
    ],
)
def test_a_row_that_reads_otherwise_was_updated(
    world: None, before: Callable[[], None], act: Callable[[], None], told: set[str]
):
    poller = client_with(*(set(known_scopes()) - {"private-interactions:read"}))
    before()
    age()
    stood = read(poller)

    act()

    stands = read(poller)
    changed = {key for key, record in stands.items() if record != stood[key]}
    heard = read(poller, updated_since=SINCE)

    def names(keys: Iterable[tuple[str, int]]) -> set[str]:
        return {stands[key].get("full_name") or stands[key]["external_id"] for key in keys}

    assert names(changed) - {"old-joe"} == told - {"old-joe"}
    assert names(changed) <= names(heard)
    assert not {"mia", "t2", "h2"} & (names(heard) - told)


def test_what_changes_nothing_is_not_told_again(world: None):
    """A second order, a kind that some of a customer's are of, a shell that is merged, a second post."""
    ConversionFactory(contact=contact_of("shop-joe"))
    send_one("interactions", **POST)
    mia, shell = contact_of("mia"), ContactFactory()
    age()

    send_one("conversions", **ORDER)
    send_one("conversions", **ORDER | {"external_id": "o2", "kind": "sign_up"})
    sign_ups_said_to_have_value()
    merge(survivor_id=mia.pk, loser_id=shell.pk, now=NOW)
    send_one("interactions", **POST | {"external_id": "p2"})

    poller = client_with("contacts:read", "threads:read", "help-records:read")
    heard = read(poller, updated_since=SINCE)
    assert heard.keys() <= {("contacts", mia.pk), ("contacts", shell.pk)}


def changes(client: APIClient, **query: str) -> dict:
    answer = client.get("/api/v1/contacts/", {"limit": "1", **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def the_next(client: APIClient, page: dict) -> dict:
    return client.get(page["next"]).json()


@pytest.mark.django_db(transaction=True)
def test_whoever_goes_on_as_told_hears_of_what_was_under_way():
    """A writer begins, waits for longer than anybody overlaps, and ends after others; its row is the oldest by then."""
    mia, joe, late = (ContactFactory(full_name=name) for name in ("Mia", "Joe", "Late"))
    Contact.objects.update(updated_at=LONG_AGO)
    client = client_with("contacts:read")
    other = connection.copy()
    try:
        with other.cursor() as writer:
            writer.execute("BEGIN")
            writer.execute(
                "UPDATE crm_contact SET full_name = 'Late Bloggs', updated_at = now() WHERE id = %s", [late.pk]
            )
            writer.execute("SELECT now()")
            began = writer.fetchone()[0]
            Contact.objects.filter(pk__in=[mia.pk, joe.pk]).update(updated_at=began + timedelta(hours=1))
            first = changes(client, updated_since=SINCE)
            writer.execute("COMMIT")
    finally:
        other.close()
    second = the_next(client, first)

    told = began - timedelta(minutes=1)
    assert datetime.fromisoformat(first["go_on_from"]) == told
    assert second["go_on_from"] == first["go_on_from"]  # of the first page, however long the walk took
    assert late.pk not in [record["id"] for record in first["results"] + second["results"]]
    again = changes(client, updated_since=first["go_on_from"])
    assert [record["full_name"] for record in again["results"]] == ["Late Bloggs"]  # before the others, by its time
    assert datetime.fromisoformat(again["go_on_from"]) > told  # nothing is under way any more


def test_where_to_go_on_is_told_with_changes_alone():
    ContactFactory.create_batch(2)
    client = client_with("contacts:read")

    plain = changes(client)
    assert "go_on_from" not in plain
    followed = client.get(plain["next"].replace("limit=1", f"limit=1&updated_since={LONG_AGO}&ordering=id"))
    assert (followed.status_code, followed.json()["errors"][0]["code"]) == (400, "invalid_cursor")
    assert "go_on_from" not in client.get("/api/v1/contacts/", {"include_inactive": "true"}).json()
