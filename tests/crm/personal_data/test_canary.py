"""A person with a token in every field is erased: no token is left anywhere."""

import datetime as dt
from importlib import import_module

import pytest
import redis
from django.conf import settings

from crm.models import Contact, Erasure
from crm.personal_data.deleted import erase_any, plan_erasure_of_any
from crm.personal_data.erasing import AlreadyErased, erase_person, plan_erasure
from tests.crm.personal_data import canary as nest

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def erase(contact_id: int):
    return erase_person(contact_id=contact_id, reason=Erasure.Reason.ASKED, now=NOW, through="command")


def valkey() -> str:
    """Return everything that the broker holds, as text."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    held = []
    for key in client.scan_iter():
        kind = client.type(key)
        held.append(key)
        if kind == b"list":
            held += client.lrange(key, 0, -1)
        elif kind == b"string":
            held.append(client.get(key))
        elif kind == b"hash":
            held += [part for pair in client.hgetall(key).items() for part in pair]
        elif kind == b"set":
            held += client.smembers(key)
        elif kind == b"zset":
            held += client.zrange(key, 0, -1)
    return b"\n".join(held).decode(errors="replace")


@pytest.mark.django_db
def test_no_token_is_left_after_an_erasure():
    canary = nest.hatch()
    nest.mention()
    before = nest.dump()
    assert canary.missing_from(before) == []
    assert len(canary.latest) > 50
    in_history = [token for token in canary.tokens if token in before and token not in canary.latest]
    assert len(in_history) > 20

    erase(canary.contacts[0])

    after = nest.dump() + valkey()
    assert canary.found_in(after) == []
    assert [line for line in after.splitlines() if "kanarie" in line.lower()] == []
    assert not import_module(settings.SESSION_ENGINE).SessionStore.get_model_class().objects.exists()


@pytest.mark.django_db
def test_an_erasure_does_what_its_plan_said_and_leaves_others_alone():
    canary = nest.hatch()
    nest.mention()
    planned = plan_erasure(canary.contacts[1])
    assert planned == plan_erasure(canary.contacts[0])
    others = list(Contact.objects.exclude(pk__in=canary.contacts).order_by("pk").values_list("pk", "full_name"))

    done = erase(canary.contacts[1])

    assert done == planned
    assert list(Contact.objects.filter(erased_at=None).order_by("pk").values_list("pk", "full_name")) == others
    erasure = Erasure.objects.get()
    assert erasure.person_id == canary.contacts[0]
    assert [pk for pk, _ in erasure.contacts] == canary.contacts
    with pytest.raises(AlreadyErased):
        erase(canary.contacts[0])
    assert plan_erasure(canary.contacts[0]).refusals


@pytest.mark.django_db
def test_no_token_is_left_of_a_deleted_contact():
    """A contact that nothing needs is deleted; its history goes when it is erased afterwards."""
    contact, canary = nest.hatch_unneeded()
    Contact.objects.get(pk=contact).delete()
    in_history = [token for token in canary.tokens if token in nest.dump()]
    assert len(in_history) > 15

    assert (
        plan_erasure_of_any(contact).tables
        == erase_any(contact_id=contact, reason=Erasure.Reason.ASKED, now=NOW, through="command").tables
    )

    assert canary.found_in(nest.dump() + valkey()) == []
    assert Contact.objects.get(pk=contact).full_name == f"Erased person {contact}"
