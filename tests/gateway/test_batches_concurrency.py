"""Many writers at once: nothing is doubled, nothing is lost, no deadlock reaches anybody."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from community.models import HelpRecord, Interaction, Member, Thread
from crm.models import Campaign, Contact, ContactPoint, ContactRef
from crm.models.campaign import OWN_PARENT
from gateway.collections import collections
from tests.factories.community import ChannelFactory
from tests.holding import somebody_waits, wait_until
from tests.sending import codes, send

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 16
CONTACTS = 200
# Each client owns one field, so that a lost update shows as a missing value.
FIELDS = [
    "full_name", "preferred_name", "motivation", "language", "time_zone", "stage", "do_not_contact", "email",
    "phone", "tags", "custom_fields", "company", "consents", "refs", "emails", "source_updated_at",
]  # fmt: skip


def value_of(field, number):
    return {
        "stage": "customer",
        "do_not_contact": True,
        "email": f"joe-{number}@example.com",
        "emails": [f"joe-{number}@example.com"],
        "phone": f"+44 20 7946 {number:04}",
        "tags": [f"tag-{number}"],
        "custom_fields": {"number": number},
        "company": {"source": "shop", "external_id": f"f{number % 7}"},
        "consents": [{"purpose": "newsletter", "granted_at": "2026-01-01T00:00:00Z", "source": "form"}],
        "refs": [{"source": "crm", "external_id": str(number)}],
        "source_updated_at": "2026-03-02T00:00:00Z",
    }.get(field, f"{field} {number}")


def at_once(work):
    """Run `work(client)` in one thread per client, all starting together; what one raises, the test raises."""
    barrier = threading.Barrier(CLIENTS)

    def run(client):
        barrier.wait()
        try:
            return work(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(run, range(CLIENTS)))


def after(first, second):
    """Do `first`, and `second` on another connection, which waits until that commits; return what `second` gave."""

    def run():
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            begun = pool.submit(run)
            wait_until(lambda: begun.done() or somebody_waits())
            assert not begun.done(), "it did not wait"
        return begun.result()


def on_forum(external_id, **fields):
    return {"channel": "forum", "external_id": external_id, **fields}


def test_sixteen_clients_write_the_same_200_contacts_and_no_field_is_lost():
    def write(client):
        shuffled = random.Random(client)
        failed = 0
        for _ in range(5):  # 5 x 200 = 1,000 upserts for each client
            items = [
                {"source": "shop", "external_id": f"c{number}", FIELDS[client]: value_of(FIELDS[client], number)}
                for number in range(CONTACTS)
            ]
            shuffled.shuffle(items)
            failed += send("contacts", *items).failed
        return failed

    assert at_once(write) == [0] * CLIENTS

    assert Contact.objects.count() == CONTACTS
    assert ContactRef.objects.count() == 2 * CONTACTS
    assert ContactPoint.objects.count() == 2 * CONTACTS
    for contact in Contact.objects.prefetch_related("refs", "points", "consents").select_related("company"):
        number = contact.custom_fields["number"]
        assert (contact.full_name, contact.preferred_name) == (f"full_name {number}", f"preferred_name {number}")
        assert (contact.motivation, contact.language) == (f"motivation {number}", f"language {number}")
        assert (contact.time_zone, contact.stage, contact.do_not_contact) == (f"time_zone {number}", "customer", True)
        assert (contact.tags, contact.company.external_id) == ([f"tag-{number}"], f"f{number % 7}")
        assert {ref.external_id for ref in contact.refs.all()} == {f"c{number}", str(number)}
        assert {point.raw for point in contact.points.all()} == {
            f"joe-{number}@example.com",
            f"+44 20 7946 {number:04}",
        }
        assert len(contact.consents.all()) == 1
        assert f"full_name {number}" in contact.search_text
        assert f"joe-{number}@example.com" in contact.search_text
        assert contact.source_updated_at is not None


def test_sixteen_clients_name_and_write_the_same_rows_of_a_channel():
    ChannelFactory(slug="forum")

    def write(client):
        shuffled = random.Random(client)
        items = [
            {
                "channel": "forum",
                "external_id": f"p{number}",
                "kind": "answer",
                "occurred_at": "2026-03-02T09:00:00Z",
                "member": f"u{number % 20}",
                "to": f"u{(number + 1) % 20}",
                "thread": f"t{number % 30}",
                "reply_to": f"p{(number * 7) % 150}",
                "campaign": f"c{number % 3}",
            }
            for number in range(100)
        ]
        threads = [
            {"channel": "forum", "external_id": f"t{number}", "opened_by": "u99", "accepted_answer": f"p{number}"}
            for number in range(30)
        ]
        members = [
            {
                "channel": "forum",
                "external_id": f"u{number}",
                "contact": {"source": "shop", "external_id": f"c{number}"},
            }
            for number in range(20)
        ]
        failed = 0
        for collection, batch in shuffled.sample(
            [("interactions", items), ("threads", threads), ("members", members)], k=3
        ):
            shuffled.shuffle(batch)
            failed += send(collection, *batch).failed
        return failed

    assert at_once(write) == [0] * CLIENTS

    # Targets beyond the 100 items: those n x 7 mod 150 that are 100 or more.
    placeholders = {number * 7 % 150 for number in range(100)} - set(range(100))
    assert Interaction.objects.count() == 100 + len(placeholders)
    assert (Member.objects.count(), Thread.objects.count(), Campaign.objects.count()) == (21, 30, 3)
    accepted = Interaction.objects.filter(help_record__isnull=False, help_record__withdrawn_at=None)
    assert accepted.count() == 30  # every accepted answer is help, whoever wrote its half last
    persons = {member.external_id: member.contact.person for member in Member.objects.select_related("contact__person")}
    assert {number: persons[f"u{number}"].refs.get().external_id for number in range(20)} == {
        number: f"c{number}" for number in range(20)
    }


def test_sixteen_clients_change_threads_and_what_is_said_in_them():
    ChannelFactory(slug="forum")

    def write(client):
        shuffled = random.Random(client)
        failed = 0
        for turn in range(3):
            said = {"kind": "answer", "occurred_at": "2026-03-02T09:00:00Z", "text": f"{client} {turn}"}
            answers = [on_forum(f"p{number}", member=f"u{number}", thread=f"t{number}", **said) for number in range(30)]
            threads = [
                on_forum(f"t{number}", title=f"{client} {turn}", opened_by="u99", accepted_answer=f"p{number}")
                for number in range(30)
            ]
            for collection, batch in shuffled.sample([("interactions", answers), ("threads", threads)], k=2):
                shuffled.shuffle(batch)
                failed += send(collection, *batch).failed
        return failed

    assert at_once(write) == [0] * CLIENTS
    assert (Interaction.objects.count(), Thread.objects.count()) == (30, 30)
    assert Interaction.objects.filter(help_record__isnull=False, help_record__withdrawn_at=None).count() == 30


def test_an_answer_that_somebody_else_accepted_meanwhile_is_help_no_longer():
    ChannelFactory(slug="forum")
    said = {"kind": "answer", "occurred_at": "2026-03-02T09:00:00Z"}
    send("interactions", *[on_forum(f"p{number}", member=f"u{number}", **said) for number in range(3)])
    send("threads", on_forum("t0", opened_by="u99", accepted_answer="p0"))

    accepted = after(
        lambda: send("threads", on_forum("t0", accepted_answer="p1")),
        lambda: send("threads", on_forum("t0", accepted_answer="p2")),
    )

    assert accepted.updated == 1
    standing = HelpRecord.objects.filter(withdrawn_at=None)
    assert list(standing.values_list("interaction__external_id", flat=True)) == ["p2"]


def delete_by_api(thread):
    collections["threads"].remove(thread.pk, now=timezone.now())


def delete_in_admin(thread):
    admin.site._registry[Thread].delete_model(RequestFactory().post("/"), thread)


@pytest.mark.parametrize("delete", [delete_by_api, delete_in_admin])
@pytest.mark.parametrize("before", [{}, {"accepted_answer": "p0"}])
def test_a_thread_that_is_deleted_leaves_no_help_of_what_somebody_else_accepted_meanwhile(delete, before):
    ChannelFactory(slug="forum")
    said = {"kind": "answer", "occurred_at": "2026-03-02T09:00:00Z"}
    send("interactions", *[on_forum(f"p{number}", member=f"u{number}", **said) for number in range(2)])
    send("threads", on_forum("t0", opened_by="u99", **before))
    thread = Thread.objects.get(external_id="t0")

    after(lambda: send("threads", on_forum("t0", accepted_answer="p1")), lambda: delete(thread))

    assert not Thread.objects.exists()
    assert not HelpRecord.objects.filter(withdrawn_at=None).exists()


def test_sixteen_clients_say_what_the_same_merged_people_wish():
    records = [{"source": "shop", "external_id": f"c{number}"} for number in range(30)]
    ids = [outcome.id for outcome in send("contacts", *records).results]
    for survivor, first, second in zip(ids[1::3], ids[::3], ids[2::3], strict=True):
        Contact.objects.filter(pk__in=[first, second]).update(merged_into=survivor)

    def write(client):
        shuffled = random.Random(client)
        failed = 0
        for turn in range(3):
            items = [record | {"do_not_contact": (client + turn) % 2 == 0} for record in records]
            failed += send("contacts", *shuffled.sample(items, k=20)).failed
        return failed

    assert at_once(write) == [0] * CLIENTS


def test_campaigns_that_two_clients_put_below_each_other_make_no_circle():
    send("campaigns", {"code": "spring"}, {"code": "may"})

    put = after(
        lambda: send("campaigns", {"code": "may", "parent": "spring"}),
        lambda: send("campaigns", {"code": "spring", "parent": "may"}),
    )

    assert codes(put.results[0]) == [("parent", "crm_campaign_not_its_own_parent")]
    assert dict(Campaign.objects.values_list("code", "parent__code")) == {"spring": None, "may": "spring"}


def test_a_client_and_a_form_that_put_campaigns_below_each_other_make_no_circle():
    send("campaigns", {"code": "spring"}, {"code": "may"})
    known = {campaign.code: campaign.pk for campaign in Campaign.objects.all()}
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("ana"))
    address = reverse("admin:crm_campaign_change", args=[known["spring"]])

    answer = after(
        lambda: send("campaigns", {"code": "may", "parent": "spring"}),
        lambda: browser.post(address, {"code": "spring", "status": "running", "parent": known["may"]}),
    )

    assert answer.context["adminform"].form.errors == {"parent": [OWN_PARENT]}
    assert dict(Campaign.objects.values_list("code", "parent__code")) == {"spring": None, "may": "spring"}
