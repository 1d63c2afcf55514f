"""An erasure moves no figure: every derived row and every report is what it was, apart from who people are."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from psycopg.types.range import DateRange

from community import retracting
from community.handling import dismiss
from community.models import HelpRecord, Interaction
from crm import voiding
from crm.models import Contact, Conversion, Erasure
from crm.personal_data.erasing import erase_person
from gateway.answers import to_json
from gateway.batches import upsert
from gateway.history import history_of
from metrics.models import StaleMark
from metrics.recompute import recompute_all, recompute_stale
from metrics.reports import RoiQuery, roi_report
from metrics.reports.about_people import PeopleQuery, people_report
from metrics.reports.layout import report_as_json
from metrics.reports.responses import ResponsesQuery, responses_reports
from tests.factories.community import CostFactory, InteractionFactory, MemberFactory, ThreadFactory
from tests.factories.crm import CampaignFactory, ContactFactory, ConversionFactory, RefundFactory

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
TABLES = ("credit", "conversionresult", "costday", "personday", "helperday", "campaignday", "channelday", "totalday")
MARCH = DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1))


def stored() -> dict[str, list[tuple]]:
    """Return every derived row."""
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT t::text FROM metrics_{table} t ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def reports() -> bytes:
    """Return every report as the API answers it."""
    asked = [(scope, "customer") for scope in ("summary", "campaigns", "channels", "communities", "members")]
    return b"\n".join(
        to_json(report_as_json(roi_report(RoiQuery(scope=scope, view=view, model="all", now=NOW))))
        for scope, view in [*asked, ("members", "helper")]
    )


def at(day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


@pytest.fixture
def joe(db) -> Contact:
    """
    Joe, with two records and an account, who asked, clicked, was answered by Mia and by staff, helped Eve, bought and
    gave back; and what Mia and Eve bought.
    """
    joe = ContactFactory(full_name="Joe Bloggs", ref="c1", country="IE", birth_year=1985, language="en-GB")
    second = ContactFactory(full_name="J. Bloggs", ref="c2")
    Contact.objects.filter(pk=second.pk).update(merged_into=joe)
    account = MemberFactory(contact=second, handle="joe-the-first", external_id="u5")
    channel = account.channel
    mia, eve = (MemberFactory(channel=channel, handle=handle) for handle in ("mia", "eve"))
    spring, autumn = CampaignFactory(code="Spring"), CampaignFactory(code="autumn")
    thread = ThreadFactory(channel=channel, opened_by=account, title="Joe asks", topic="fees", external_id="t1")
    asked = InteractionFactory(channel=channel, member=account, thread=thread, occurred_at=at(2), external_id="p9")
    answer = InteractionFactory(
        channel=channel, member=mia, kind="answer", thread=thread, reply_to=asked, occurred_at=at(3), external_id="p10"
    )
    HelpRecord.objects.create(
        interaction=answer,
        contact=second,
        helper_member=mia,
        question="Joe asks",
        topic="fees",
        outcome="solved",
        rating=5,
        minutes=7,
    )
    InteractionFactory(channel=channel, member=mia, kind="answer", to_member=account, occurred_at=at(4))
    InteractionFactory(channel=channel, member=account, kind="click", utm_campaign="SPRING", occurred_at=at(5))
    InteractionFactory(channel=channel, member=account, kind="click", utm_campaign="joe@example", occurred_at=at(6))
    InteractionFactory(
        channel=channel, member=account, kind="answer", to_member=eve, campaign=autumn, occurred_at=at(7)
    )
    bought = ConversionFactory(contact=joe, external_id="o1", occurred_at=at(20), utm_campaign="autumn")
    ConversionFactory(contact=second, amount=Decimal("33.33"), occurred_at=at(21), utm_campaign="nothing-we-know")
    RefundFactory(refund_of_external_id="o1", external_id="r1", occurred_at=at(25), amount=Decimal("33.34"))
    ConversionFactory(contact=eve.contact, amount=Decimal("50.01"), occurred_at=at(22))
    CostFactory(contact=joe, category="rewards", amount=Decimal("12.34"), days=MARCH)
    CostFactory(campaign=spring, amount=Decimal("40.00"), days=MARCH)
    recompute_all(now=NOW)
    assert bought.pk
    return joe


def test_every_stored_figure_and_every_report_stay(joe):
    before, told = stored(), reports()
    assert len(before["credit"]) >= 10
    account = joe.contacts.get(refs__external_id="c2").members.get()

    erase_person(contact_id=joe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")
    recompute_stale(now=NOW)

    assert not StaleMark.objects.exists()
    assert stored() == before
    account.refresh_from_db()
    expected = told.replace(b"Joe Bloggs", f"Erased person {joe.pk}".encode())
    expected = expected.replace(
        b'"external_id":"u5","handle":"joe-the-first"', f'"external_id":"{account.external_id}","handle":""'.encode()
    )
    assert reports() == expected
    recompute_all(now=NOW)
    assert stored() == before
    assert reports() == expected


def test_what_was_taken_out_before_the_erasure_is_restored_to_the_figures_and_brings_nobody_back(joe):
    before = stored()
    order, asked = Conversion.objects.get(external_id="o1"), Interaction.objects.get(external_id="p9")
    voiding.voiding.one(order.pk, reason="Joe Bloggs rang up", now=NOW)
    retracting.retracting.one(asked.pk, reason="Joe Bloggs rang up", now=NOW)

    erase_person(contact_id=joe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")
    recompute_stale(now=NOW)
    assert stored() != before
    voiding.restoring.one(order.pk, reason="It was paid.", now=NOW)
    retracting.restoring.one(asked.pk, reason="It was asked.", now=NOW)
    recompute_stale(now=NOW)

    assert stored() == before
    asked.refresh_from_db()
    assert (asked.text, asked.deleted_at) == ("", NOW)
    assert "Bloggs" not in str([history_of(order), history_of(asked)])


def test_response_figures_stay_by_topic_too(joe):
    account = joe.contacts.get(refs__external_id="c2").members.get()
    thanks = InteractionFactory(
        channel=account.channel, member=account, kind="direct_message", occurred_at=at(4), text="Thanks, says Joe."
    )
    dismiss([thanks.pk], reason="Joe thanked us", user_id=None, now=at(5))

    def responses():
        asked = [(by, topic) for by in ("channel", "community") for topic in ("", "fees", "other")]
        return responses_reports(*(ResponsesQuery(by=by, topic=topic, now=NOW) for by, topic in asked))

    before = responses()
    told = [(found.total.asked, found.total.replied, found.total.dismissed) for found in before]
    assert told == [(1, 1, 1), (1, 1, 0), (0, 0, 0)] * 2

    erase_person(contact_id=joe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")

    assert responses() == before
    assert set(HelpRecord.objects.values_list("topic", "question")) == {("fees", "")}


def test_of_the_figures_about_people_only_what_told_who_they_are_moves(joe):
    before = people_report(PeopleQuery(now=NOW))
    assert before.time_to_convert.n == 2

    erase_person(contact_id=joe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")
    recompute_stale(now=NOW)

    after = people_report(PeopleQuery(now=NOW))
    (known_before,), (known,) = before.known, after.known
    # Of Mia an account is known, and that she bought something; she stays.
    assert (known_before.identified, known) == (2, replace(known_before, identified=1))
    # Joe and Mia did something; she says nothing of herself. In 2026 he becomes 41.
    said = {"country": {"IE": 1}, "age_group": {"35_44": 1}, "language": {"en": 1}}
    assert before.activity.groups == {what: {**groups, "unknown": 1} for what, groups in said.items()}
    assert after.activity == replace(before.activity, groups={what: {"unknown": 2} for what in said})
    assert after == replace(before, known=after.known, activity=after.activity)


def test_a_later_refund_takes_back_what_the_original_earned(joe):
    erase_person(contact_id=joe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")
    original = Conversion.objects.get(contact=joe, amount=Decimal("100"))

    upsert(
        collection="conversions",
        items=[
            {
                "source": "shop",
                "external_id": "r2",
                "refund_of": {"source": "shop", "external_id": "o1"},
                "occurred_at": "2026-03-26T09:00:00Z",
                "amount": "66.66",
            }
        ],
        now=NOW,
    )
    recompute_stale(now=NOW)

    with connection.cursor() as cursor:
        # 33.34 and 66.66 are all of 100.00: for every model, the refunds' rows and the original's come to nothing.
        cursor.execute(
            "SELECT sum(linear_minor), sum(first_touch_minor), sum(last_touch_minor), count(DISTINCT conversion_id)"
            " FROM metrics_credit c JOIN crm_conversion v ON v.id = c.conversion_id"
            " WHERE v.id = %s OR v.refund_of_external_id = %s",
            [original.pk, original.external_id],
        )
        assert cursor.fetchone() == (0, 0, 0, 3)
