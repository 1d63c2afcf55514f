"""Claim, assign, release, snooze, wake, dismiss, restore; and two people who claim at once."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from community import handling
from community.models import Handling
from tests.factories.community import InteractionFactory, UserFactory

NOW = dt.datetime(2026, 3, 2, 12, 30, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=1)


@pytest.fixture
def question(db):
    return InteractionFactory()


def test_a_claim_is_told_to_whoever_comes_second(question):
    ana, bo = UserFactory(first_name="Ana", last_name="Berg"), UserFactory()
    other = InteractionFactory()

    assert handling.claim([question.pk], user_id=ana.pk, now=NOW) == 1
    assert handling.claim([question.pk], user_id=ana.pk, now=LATER) == 0
    with pytest.raises(
        handling.AlreadyClaimed, match=r"Ana Berg takes care of this already, since 2 Mar 2026, 12:30\."
    ):
        handling.claim([other.pk, question.pk], user_id=bo.pk, now=LATER)

    row = Handling.objects.get(interaction=question)
    assert (row.assignee, row.assigned_at) == (ana, NOW)
    assert not Handling.objects.filter(interaction=other).exclude(assignee=None).exists()


def test_assigning_hands_over_and_releasing_undoes_it(question):
    ana, bo = UserFactory(), UserFactory()
    handling.claim([question.pk], user_id=ana.pk, now=NOW)

    assert handling.assign([question.pk], user_id=bo.pk, now=LATER) == 1
    assert handling.assign([question.pk], user_id=bo.pk, now=LATER) == 0
    assert Handling.objects.get().assignee == bo
    assert handling.release([question.pk]) == 1
    assert (Handling.objects.get().assignee, Handling.objects.get().assigned_at) == (None, None)


def test_nothing_is_assigned_to_somebody_who_left(question):
    gone = UserFactory(is_active=False)

    with pytest.raises(handling.UnknownUser):
        handling.assign([question.pk], user_id=gone.pk, now=NOW)


def test_snoozing_and_dismissing_are_undone_by_their_opposites(question):
    assert handling.snooze([question.pk], until=LATER, now=NOW) == 1
    assert handling.wake([question.pk]) == 1
    assert handling.dismiss([question.pk], reason=" thanks ", user_id=None, now=NOW) == 1
    assert Handling.objects.get().dismiss_reason == "thanks"
    assert handling.dismiss([question.pk], reason="again", user_id=None, now=NOW) == 0
    assert handling.restore([question.pk]) == 1

    row = Handling.objects.get()
    assert (row.snoozed_until, row.dismissed_at, row.dismiss_reason) == (None, None, "")


def test_refusals_name_what_is_wrong(question):
    with pytest.raises(handling.SnoozeEndsTooSoon):
        handling.snooze([question.pk], until=NOW, now=NOW)
    with pytest.raises(handling.NoReason):
        handling.dismiss([question.pk], reason="  ", user_id=None, now=NOW)
    with pytest.raises(handling.UnknownInteraction):
        handling.claim([question.pk, question.pk + 1_000], user_id=UserFactory().pk, now=NOW)
    assert not Handling.objects.exists()


def test_every_act_is_in_the_history(question):
    handling.claim([question.pk], user_id=UserFactory().pk, now=NOW)
    handling.release([question.pk])

    assert Handling.objects.get().events.count() == 3  # made, claimed, released


@pytest.mark.parametrize(
    "fields",
    [
        {"snoozed_at": NOW},
        {"snoozed_until": NOW},
        {"snoozed_at": NOW, "snoozed_until": NOW},
        {"dismissed_at": NOW},
        {"dismiss_reason": "why"},
    ],
)
def test_the_database_refuses_halves(question, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        Handling.objects.create(interaction=question, **fields)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("handled_before", [False, True])
def test_of_two_people_who_claim_at_once_one_wins(handled_before):
    question = InteractionFactory()
    users = [UserFactory(), UserFactory()]
    if handled_before:
        Handling.objects.create(interaction=question)
    together = threading.Barrier(2)
    outcomes: dict[int, object] = {}

    def claim(user_id: int) -> None:
        try:
            with transaction.atomic():
                connection.cursor().execute("SELECT 1")  # the connection is open before both begin
                together.wait(timeout=10)
                outcomes[user_id] = handling.claim([question.pk], user_id=user_id, now=NOW)
        except handling.AlreadyClaimed as refusal:
            outcomes[user_id] = refusal.extra["assignee"]
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=(user.pk,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    winner = Handling.objects.get().assignee
    loser = next(user for user in users if user != winner)
    assert outcomes == {winner.pk: 1, loser.pk: winner.get_username()}
