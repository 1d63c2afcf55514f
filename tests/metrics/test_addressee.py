"""Whom an interaction addresses: the same by every statement that finds it, in every way there is to be addressed."""

import datetime as dt
from itertools import product

import pytest
from django.db import connection

from community.addressee import MAY_ADDRESS, addressee_of
from community.exchanges import exchanges, oldest_exchanges
from community.interaction_kinds import touch_kinds
from community.models import Interaction
from community.tiles import first_and_last_exchange
from metrics.models import Credit
from metrics.recompute import recompute_all, recompute_stale
from metrics.reports.shares import TOUCHES
from tests.factories.community import InteractionFactory, MemberFactory, ThreadFactory, UserFactory
from tests.factories.crm import ConversionFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 2, 1, 12, tzinfo=dt.UTC)
RECORDS = "SELECT person_id, id, '2026-06-01'::timestamptz AS until FROM crm_contact"


@pytest.fixture
def everybody():
    """Four persons, told apart by how they are addressed, who all buy something in the end."""
    named, author, opener = MemberFactory(), MemberFactory(), MemberFactory()
    found = {"member": named, "author": author, "opener": opener, "contact": MemberFactory()}
    for member in found.values():
        ConversionFactory(contact=member.contact, occurred_at=NOON + dt.timedelta(days=89))
    return found


@pytest.fixture
def addressing(everybody):
    """An hour apart, what nobody known says: every kind to address by, every name, every reply, every thread."""
    channel = everybody["opener"].channel
    replies = {
        "to nobody": None,
        "to the author": InteractionFactory(channel=channel, member=everybody["author"], occurred_at=NOON),
        "to a login": InteractionFactory(channel=channel, member=None, user=UserFactory(), occurred_at=NOON),
        "to somebody unknown": InteractionFactory(channel=channel, member=None, occurred_at=NOON),
        "to what is only named": Interaction.objects.create(channel=channel, external_id="named"),
    }
    names = {
        "": {},
        "member": {"to_member": everybody["member"]},
        "contact": {"to_contact": everybody["contact"].contact},
    }
    threads = [None, ThreadFactory(channel=channel, opened_by=everybody["opener"]), ThreadFactory(channel=channel)]
    ways = list(product(["question", "answer", "comment"], names.values(), replies.values(), threads))
    return [
        InteractionFactory(
            channel=channel, member=None, kind=kind, reply_to=reply_to, thread=thread,
            occurred_at=NOON + dt.timedelta(hours=number + 1), **name,
        ).pk
        for number, (kind, name, reply_to, thread) in enumerate(ways)
    ]  # fmt: skip


@pytest.fixture
def said(everybody, addressing):
    """The id of each interaction and of the person whom it addresses, as the rule has it."""
    found = Interaction.objects.filter(pk__in=addressing).select_related(*MAY_ADDRESS)
    return [(contact.person_id, one.pk) for one in found if (contact := addressee_of(one))]


def select(sql, **parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def test_by_name_else_the_author_replied_to_else_by_an_answer_the_opener(everybody, said):
    # Of 135: 45 name a member and 45 a contact; of the others 9 reply to the author, and of the 12 answers that
    # reply neither to the author nor to a login, but to nobody, somebody unknown or what is only named, 3 in a thread
    # that somebody known opened.
    by_person = [person for person, _ in said]
    counts = {way: by_person.count(member.contact_id) for way, member in everybody.items()}

    assert counts == {"member": 45, "contact": 45, "author": 9, "opener": 3}


def test_exchanges_of_few(said, addressing):
    found = select(
        f"SELECT person_id, id FROM ({exchanges(RECORDS, condition='i.id = ANY(%(ids)s)', only_addressed=True)}) found",
        ids=addressing,
        limit=1000,
    )

    assert sorted(found) == sorted(said)


def test_exchanges_of_many(said, addressing):
    oldest = oldest_exchanges(RECORDS, condition="i.id = %(id)s")

    found = [(person, pk) for pk in addressing for person, _ in select(oldest, id=pk)]

    assert sorted(found) == sorted(said)


def test_touches_by_which_costs_are_shared(said, addressing):
    touches = TOUCHES.replace("WHERE i.kind", "WHERE i.id = %(id)s AND i.kind")

    period = {"zone": "UTC", "starts_at": "-infinity", "ends_at": "infinity", "touch_kinds": touch_kinds()}
    found = [(row[2], pk) for pk in addressing for row in select(touches, id=pk, **period)]

    assert sorted(found) == sorted(said)


def test_touches_that_earn_credit(said, addressing):
    recompute_all(now=NOW)

    found = Credit.objects.filter(interaction__in=addressing).values_list("person_id", "interaction_id")

    assert sorted(found) == sorted(said)


def test_what_was_sent_to_nobody_in_particular_is_no_touch_of_who_sent_it(everybody):
    joe = everybody["member"]
    mailing = InteractionFactory(channel=joe.channel, member=joe, kind="comment", occurred_at=NOON)
    period = {"zone": "UTC", "starts_at": "-infinity", "ends_at": "infinity", "touch_kinds": touch_kinds()}

    def touched():
        tiles = first_and_last_exchange([joe.contact_id], now=NOW)[joe.contact_id]
        return [row[2] for row in select(TOUCHES, **period)], tiles.first and tiles.first.id

    assert touched() == ([joe.contact_id], mailing.pk)
    Interaction.objects.filter(pk=mailing.pk).update(direction="outbound")
    assert touched() == ([], None)


def test_marks_of_whom_a_change_makes_stale(said, addressing):
    recompute_all(now=NOW)

    Interaction.objects.filter(pk__in=addressing).update(retracted_at=NOW)
    recompute_stale(now=NOW)

    assert not Credit.objects.filter(interaction__in=addressing).exists()
