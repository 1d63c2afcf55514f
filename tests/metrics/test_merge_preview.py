"""The preview of a merge says what the merge then does, to the cent, and leaves nothing behind."""

import datetime as dt
import random
import threading
import time
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from community.models import Member
from crm.merging import merge
from crm.merging.preview import preview
from crm.models import Contact, Merge
from metrics import merge_preview
from metrics.merge_preview import FiguresTogether, figures_of
from metrics.models import StaleMark
from metrics.recompute import recompute_all, recompute_stale
from metrics.reports import ALL_MODELS, RoiQuery, roi_report, rows_of
from tests.admin_clients import who_may
from tests.factories.community import CostFactory, HelpRecordFactory, InteractionFactory, MemberFactory
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
    """
    Joe bought for 100.00 after one answer of mia's. Is mia somebody else, or Joe under another name?

    Joe got a reward of 40.00, mia one of 5.00.
    """
    mia = MemberFactory(handle="mia")
    joe = MemberFactory(channel=mia.channel, handle="joe", contact=ContactFactory(full_name="Joe Bloggs"))
    InteractionFactory(channel=mia.channel, member=mia, kind="answer", to_member=joe)
    ConversionFactory(contact=joe.contact, amount=Decimal("100.00"))
    ConversionFactory(contact=mia.contact, amount=Decimal("7.50"))
    CostFactory(category="rewards", contact=joe.contact, amount=Decimal("40.00"))
    CostFactory(category="rewards", contact=mia.contact, amount=Decimal("5.00"))
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
    assert money["Cost"] == (euro("40.00"), euro("5.00"), euro("45.00"), euro("0.00"))
    # (100.00 − 40.00) / 40.00, (7.50 − 5.00) / 5.00 and (107.50 − 45.00) / 45.00; as helper a reward is a cost as well:
    # Joe earned nothing, mia (100.00 − 5.00) / 5.00, and the two together nothing any more.
    returns = {label: [round(roi, 4) for roi in sides] for label, sides in table(content, "Return").items()}
    assert returns["Business ROI as customer"] == [euro("1.5"), euro("0.5"), euro("1.3889")]
    assert returns["Business ROI as helper"] == [euro(-1), euro(19), euro(-1)]
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
    for amount, talker in enumerate(Member.objects.order_by("pk")[:4], 3):
        CostFactory(category="rewards", contact=talker.contact, amount=Decimal(amount))
    recompute_all(now=NOW)
    sums, returns = [], []  # those that a merge changes

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
            "Revenue": lambda one: one.revenue,
            "Credited to touches": lambda one: one.credited,
            "Staff purchases": lambda one: one.staff_purchases,
            "As helper, time decay": lambda one: one.earned_as_helper["time_decay"],
        }.items():
            sides = (of(before[survivor.pk]), of(before[loser.pk]), of(after))
            assert table(shown, "Money in EUR")[label][:3] == sides
            sums += [label] if sides[2] != sides[0] + sides[1] else []
        for view, field in (("customer", "roi"), ("helper", "roi_as_helper")):
            sides = tuple(getattr(one, field).value for one in (before[survivor.pk], before[loser.pk], after))
            assert table(shown, "Return")[f"Business ROI as {view}"] == sides
            returns += [view] if None not in sides and sides[2] not in sides[:2] else []

    assert sums, "no merge of these worlds changes a sum: the test has shown little"
    assert returns, "no merge of these worlds changes a return: the test has shown little"


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_rows_of_a_few_people_are_those_of_the_report(seed):
    chance = random.Random(seed)
    world = World()
    kinds = ["add_interaction", "add_conversion", "add_refund", "add_help_record", "add_role", "add_member", "add_cost",
             "add_thread", "add_rate", "merge_contact"]  # fmt: skip
    world.apply((chance.choice(kinds), [chance.randrange(998) for _ in range(8)]) for _ in range(150))
    recompute_all(now=NOW)
    persons = list(Contact.objects.persons().order_by("pk").values_list("pk", flat=True))
    compared = 0

    for view in ("customer", "helper"):
        query = RoiQuery(scope="members", view=view, model=ALL_MODELS, now=NOW)
        rows = {row.key: row for row in roi_report(query).rows}
        assert rows_of(replace(query, ids=persons)) == rows
        for two in zip(persons, persons[1:], strict=False):
            assert rows_of(replace(query, ids=two)) == {key: rows[key] for key in two if key in rows}
        compared += len(rows)
        shown = figures_of(persons, now=NOW)
        for key, row in rows.items():
            figures = shown[key]
            if view == "customer":
                assert (figures.revenue, figures.credited, figures.cost) == (
                    row.revenue,
                    row.revenue_credited,
                    row.cost,
                )
                assert (figures.touched, figures.fully_refunded) == (
                    row.conversions_touched,
                    row.conversions_fully_refunded,
                )
                assert figures.roi == row.roi
            else:
                assert figures.earned_as_helper == {key: one.revenue_credited for key, one in row.models.items()}
                assert (figures.people_helped, figures.questions_answered) == (
                    row.social.people_helped,
                    row.social.questions_answered,
                )
                assert figures.roi_as_helper == row.roi

    assert compared > 3, "hardly anybody has figures: the test has shown little"


MERGING = ("merge_contact", "view_contact", "view_contactpoint", "view_member")


def test_page_opens_before_the_figures_are_worked_out(joe_and_mia):
    joe, mia = joe_and_mia
    client = who_may(*MERGING, "view_credit")
    client.get(reverse("admin:index"))  # Django keeps content types and compiled templates

    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("admin:crm_contact_merge", args=[joe.pk]), {"with": mia.pk})

    assert len(queries) <= 25
    assert [query["sql"] for query in queries if "INSERT" in query["sql"]] == []  # nothing is merged to draw it
    assert [(part.key, bool(content.tables)) for part, content in page.context["parts"]] == [
        ("records", True),
        ("accounts", True),
    ]
    figures = reverse("admin:crm_contact_merge_part", args=[joe.pk, mia.pk, "figures"])
    assert f'hx-get="{figures}"' in page.content.decode()
    assert f'<a class="kith-link" href="{figures}">' in page.content.decode()  # the way without JavaScript

    part, whole = client.get(figures, headers={"HX-Request": "true"}), client.get(figures)

    assert "<html" not in part.content.decode()
    assert "Merge Joe Bloggs and mia" in whole.content.decode()
    for answer in (part, whole):
        revenue = table(answer.context["content"], "Money in EUR")["Revenue"]
        assert revenue == (Decimal("100.00"), Decimal("7.50"), Decimal("107.50"), NOTHING)
        assert "107.50" in answer.content.decode()
    assert not Merge.objects.exists()


def test_part_is_shown_to_whoever_may_open_the_page_and_see_figures(joe_and_mia):
    joe, mia = joe_and_mia

    def status(client, key="figures", other=mia.pk):
        return client.get(reverse("admin:crm_contact_merge_part", args=[joe.pk, other, key])).status_code

    assert status(who_may("view_contact", "view_credit")) == 403
    assert status(who_may("merge_contact", "view_credit")) == 403
    clerk = who_may(*MERGING)
    assert status(clerk) == 403
    page = clerk.get(reverse("admin:crm_contact_merge", args=[joe.pk]), {"with": mia.pk})
    assert page.context["later_parts"] == []
    both = who_may(*MERGING, "view_credit")
    assert (status(both), status(both, "records"), status(both, "prophecy")) == (200, 200, 404)
    for other in (joe.pk, 999_999, 2**80):
        assert status(both, other=other) == 404


QUESTIONS = 25  # of the whole answer, login and permissions included, whatever the two have done …
BEHIND = 5  # … what it takes to recompute the two first where figures are behind …
PLANNED = 16  # … and to plan anew for more than a thousand conversions


def test_figures_ask_a_bounded_number_of_questions_for_two_thousand_facts_as_for_one(joe_and_mia):
    joe, mia = joe_and_mia
    client = who_may(*MERGING, "view_credit")
    client.get(reverse("admin:index"))  # Django keeps content types and compiled templates
    address = reverse("admin:crm_contact_merge_part", args=[joe.pk, mia.pk, "figures"])

    def questions():
        with CaptureQueriesContext(connection) as queries:
            content = client.get(address).context["content"]
        assert [one.title for one in content.tables] == ["Money in EUR", "Return", "Counts"]
        return len(queries)

    few = questions()
    assert few <= QUESTIONS
    for contact in (joe, mia):
        for _ in range(5):
            member = MemberFactory(contact=contact)
            InteractionFactory(channel=member.channel, member=member)
            HelpRecordFactory(contact=contact)
            ConversionFactory(contact=contact)
            EmailFactory(contact=contact)
    assert questions() <= QUESTIONS + BEHIND
    recompute_all(now=NOW)
    assert questions() == few

    with connection.cursor() as cursor:
        for contact, account in ((joe, "joe"), (mia, "mia")):
            cursor.execute(
                "INSERT INTO crm_conversion (contact_id, kind_id, source, external_id, occurred_at, amount, currency)"
                " SELECT %s, 'purchase', 'many', %s || n, timestamptz '2026-03-03' + n * interval '1 minute', 1, 'EUR'"
                " FROM generate_series(1, 1000) n",
                [contact.pk, account],
            )
            cursor.execute(
                "INSERT INTO community_interaction (channel_id, external_id, kind, occurred_at, member_id)"
                " SELECT m.channel_id, m.handle || n, 'like', timestamptz '2026-03-01' + n * interval '1 minute',"
                " m.id FROM community_member m, generate_series(1, 1000) n WHERE m.handle = %s",
                [account],
            )
    recompute_all(now=NOW)
    assert questions() <= QUESTIONS + PLANNED


@pytest.mark.django_db(transaction=True)
def test_others_wait_for_a_preview_no_longer_than_it_runs(monkeypatch):
    """While somebody looks at two persons, two others are merged: that waits for the look's end, and then goes on."""
    one, other, third, fourth = (ContactFactory() for _ in range(4))
    ConversionFactory(contact=other)
    recompute_all(now=NOW)
    looking, waited = threading.Event(), []
    figures = merge_preview.figures_of

    def slowly(persons, *, now):
        looking.set()
        time.sleep(0.5)
        return figures(persons, now=now)

    def merge_others():
        with closing(connection):
            looking.wait(10)
            begun = time.monotonic()
            merge(survivor_id=third.pk, loser_id=fourth.pk, now=NOW)
            waited.append(time.monotonic() - begun)

    monkeypatch.setattr("metrics.merge_preview.figures_of", slowly)
    thread = threading.Thread(target=merge_others)
    thread.start()
    begun = time.monotonic()
    preview(one.pk, other.pk, may=everybody, now=NOW)
    took = time.monotonic() - begun
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'")
        held = cursor.fetchone()[0]
    thread.join()

    assert held == 0
    assert waited[0] < took + 1.0
    assert Contact.objects.get(pk=fourth.pk).person_id == third.pk
    assert Contact.objects.get(pk=other.pk).person_id == other.pk


def test_preview_too_heavy_to_wait_for_says_so(joe_and_mia, monkeypatch):
    joe, mia = joe_and_mia
    monkeypatch.setattr("metrics.merge_preview.PATIENCE_SECONDS", 0.001)

    content = FiguresTogether().load(joe.pk, mia.pk, now=NOW, may=everybody)

    assert content.tables == ()
    assert "cannot be worked out while you wait" in content.notes[0]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
