"""The preview of a merge says what the merge then does, to the cent, and leaves nothing behind."""

import datetime as dt
import random
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from community.models import Member
from crm.merging import merge
from crm.merging.preview import preview
from crm.models import Contact, Merge
from metrics.merge_preview import FiguresTogether, figures_of
from metrics.models import StaleMark
from metrics.recompute import recompute_all, recompute_stale
from tests.factories.community import HelpRecordFactory, InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory, ConversionFactory, EmailFactory
from tests.metrics.oracle import stored_tables
from tests.metrics.world import World

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NOTHING = Decimal("0.00")


def everybody(permission):
    return True


def table(content, title):
    return {row.values[0]: row.values[1:] for row in next(t for t in content.tables if t.title == title).rows}


@pytest.fixture
def joe_and_mia():
    """Joe bought for 100.00 after one answer of mia's. Is mia somebody else, or Joe under another name?"""
    mia = MemberFactory(handle="mia")
    joe = MemberFactory(channel=mia.channel, handle="joe", contact=ContactFactory(full_name="Joe Bloggs"))
    InteractionFactory(channel=mia.channel, member=mia, kind="answer", to_member=joe)
    ConversionFactory(contact=joe.contact, amount=Decimal("100.00"))
    ConversionFactory(contact=mia.contact, amount=Decimal("7.50"))
    recompute_all(now=NOW)
    return joe.contact, mia.contact


def test_preview_shows_figures_of_both_and_of_the_one_they_would_be(joe_and_mia):
    joe, mia = joe_and_mia

    content = FiguresTogether().load(joe.pk, mia.pk, now=NOW, may=everybody)

    euro = Decimal
    money = table(content, "Money in EUR")
    assert money["Revenue"] == (euro("100.00"), euro("7.50"), euro("107.50"), euro("0.00"))
    # mia's answer touched her own order too: she did it, and it came before.
    assert money["Credited to touches"] == (euro("100.00"), euro("7.50"), euro("107.50"), euro("0.00"))
    assert money["As helper, linear"] == (euro("0.00"), euro("100.00"), euro("0.00"), euro("-100.00"))
    assert table(content, "Counts")["Conversions touched"] == (1, 1, 2)


def test_preview_leaves_nothing_behind(joe_and_mia):
    joe, mia = joe_and_mia
    before = stored_tables()

    preview(joe.pk, mia.pk, may=everybody, now=NOW)

    assert stored_tables() == before
    assert not Merge.objects.exists()
    assert not StaleMark.objects.exists()
    assert Contact.objects.get(pk=mia.pk).merged_into is None


@pytest.mark.parametrize("seed", range(3))
def test_preview_equals_what_the_merge_then_does(seed):
    chance = random.Random(seed)
    world = World()
    kinds = ["add_interaction", "add_conversion", "add_refund", "add_help_record", "add_role", "add_member", "add_cost"]
    world.apply((chance.choice(kinds), [chance.randrange(998) for _ in range(8)]) for _ in range(60))
    recompute_all(now=NOW)
    changed = []

    for _ in range(2):
        # The first accounts of a world talk to each other: merging two of them changes what they earned.
        talkers = Contact.objects.persons().filter(contacts__members__in=Member.objects.order_by("pk")[:4])
        survivor, loser = chance.sample(list(talkers.distinct().order_by("pk")), 2)
        # Something new that no recompute has seen yet: the preview does not read stale figures.
        world.apply([("add_conversion", [chance.randrange(998) for _ in range(8)])])
        shown = FiguresTogether().load(survivor.pk, loser.pk, now=NOW, may=everybody)

        recompute_stale(now=NOW)
        before = figures_of([survivor.pk, loser.pk], now=NOW)
        merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)
        recompute_stale(now=NOW)
        after = figures_of([survivor.pk], now=NOW)[survivor.pk]

        for label, of in {
            "Revenue": lambda one: one.customer.revenue if one.customer else NOTHING,
            "Credited to touches": lambda one: one.customer.revenue_credited if one.customer else NOTHING,
            "Staff purchases": lambda one: one.staff_purchases,
            "As helper, time decay": lambda one: (
                one.helper.models["time_decay"].revenue_credited if one.helper else NOTHING
            ),
        }.items():
            sides = (of(before[survivor.pk]), of(before[loser.pk]), of(after))
            assert table(shown, "Money in EUR")[label][:3] == sides
            changed += [label] if sides[2] != sides[0] + sides[1] else []

    assert changed, "no merge of these worlds changes a sum: the test has shown little"


def test_preview_asks_a_fixed_number_of_questions(joe_and_mia):
    joe, mia = joe_and_mia

    def questions():
        with CaptureQueriesContext(connection, ) as queries:  # fmt: skip
            preview(joe.pk, mia.pk, may=everybody, now=NOW)
        return len(queries)

    few = questions()
    for contact in (joe, mia):
        for _ in range(5):
            member = MemberFactory(contact=contact)
            InteractionFactory(channel=member.channel, member=member)
            HelpRecordFactory(contact=contact)
            ConversionFactory(contact=contact)
            EmailFactory(contact=contact)
    recompute_all(now=NOW)

    assert questions() == few


def test_preview_too_heavy_to_wait_for_says_so(joe_and_mia, monkeypatch):
    joe, mia = joe_and_mia
    monkeypatch.setattr("metrics.merge_preview.PATIENCE_SECONDS", 0.001)

    content = FiguresTogether().load(joe.pk, mia.pk, now=NOW, may=everybody)

    assert content.tables == ()
    assert "cannot be worked out while you wait" in content.notes[0]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
