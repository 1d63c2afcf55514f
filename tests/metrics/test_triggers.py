"""The contract of stale marks: for every kind of change of every fact, exactly these marks and no others."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.forms.models import model_to_dict
from psycopg.types.range import DateRange

from community.models import Cost, HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Campaign, Contact, Conversion, ExchangeRate
from metrics.models import StaleMark
from tests.factories.community import (
    ChannelFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    MemberFactory,
    MemberRoleFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import (
    CampaignFactory,
    ContactFactory,
    ConversionFactory,
    ExchangeRateFactory,
    RefundFactory,
)

pytestmark = pytest.mark.django_db

NINE = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
TEN = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)


@pytest.fixture
def world():
    """Joe asked in a thread of his, Ann answered, and Joe bought; the marks of all this are gone."""
    joe, ann = MemberFactory(), MemberFactory()
    channel = joe.channel
    thread = ThreadFactory(channel=channel, opened_by=joe)
    question = InteractionFactory(channel=channel, member=joe, thread=thread, occurred_at=NINE)
    answer = InteractionFactory(
        channel=channel, member=ann, kind="answer", thread=thread, reply_to=question, occurred_at=TEN
    )
    order = ConversionFactory(contact=joe.contact, external_id="o1")
    refund = RefundFactory(refund_of_external_id="o1", external_id="r1")
    world = SimpleNamespace(
        joe=joe, ann=ann, channel=channel, thread=thread, question=question, answer=answer, order=order, refund=refund,
        other=ContactFactory(), role=MemberRoleFactory(member=ann, role="staff", since=NINE),
        campaign=CampaignFactory(code="Spring"), rate=ExchangeRateFactory(date=dt.date(2026, 3, 1)),
        cost=CostFactory(), user=UserFactory(),
    )  # fmt: skip
    world.help = HelpRecordFactory(interaction=answer, contact=joe.contact, helper_user=world.user)
    StaleMark.objects.all().delete()
    return world


def in_order(rows):
    """Return rows, and the columns in each, in one order, so that lists of marks can be compared."""
    return sorted((dict(sorted(row.items())) for row in rows), key=repr)


def marks():
    """Return every mark as a dictionary of the columns that are filled."""
    unsaid = {"id", "marked_at", None}
    rows = [model_to_dict(mark) for mark in StaleMark.objects.all()]
    return in_order({name: row[name] for name in row if name not in unsaid and row[name] is not None} for row in rows)


def test_every_change_of_an_interaction_marks_exactly_whom_it_touches_and_touched(world):
    def change(**values):
        Interaction.objects.filter(pk=world.answer.pk).update(**values)

    now = {"interaction_id": world.answer.pk}
    at_ten = {"since": TEN, "until": TEN}
    before = {"member_id": world.ann.pk, "author_of_id": world.question.pk, "thread_id": world.thread.pk, **at_ten}
    cases = {
        "time": ({"occurred_at": NINE}, [now, before]),
        "kind": ({"kind": "comment"}, [now, {**before, "since": NINE, "until": NINE}]),
        "thread": ({"thread": ThreadFactory(channel=world.channel)}, [now, {
            "member_id": world.ann.pk, "author_of_id": world.question.pk, "since": NINE, "until": NINE,
        }]),
        "answered": ({"reply_to": None}, [now, {
            "member_id": world.ann.pk, "author_of_id": world.question.pk, "since": NINE, "until": NINE,
        }]),
        "addressee": ({"to_member": world.joe}, [now, {"member_id": world.ann.pk, "since": NINE, "until": NINE}]),
        "addressed contact": ({"to_member": None, "to_contact": world.other}, [
            now,
            {"member_id": world.ann.pk, "since": NINE, "until": NINE},
            {"member_id": world.joe.pk, "since": NINE, "until": NINE},
        ]),
        "no addressee": ({"to_contact": None}, [now, {
            "member_id": world.ann.pk, "contact_id": world.other.pk, "since": NINE, "until": NINE,
        }]),
        "actor": ({"member": world.joe}, [
            now,
            {"member_id": world.ann.pk, "since": NINE, "until": NINE},
            {"replies_of_id": world.answer.pk, "member_id": world.ann.pk},
        ]),
        "staff user": ({"member": None, "user": world.user}, [
            now,
            {"member_id": world.joe.pk, "since": NINE, "until": NINE},
            {"replies_of_id": world.answer.pk, "member_id": world.joe.pk},
        ]),
        "nobody": ({"user": None}, [now, {"replies_of_id": world.answer.pk}]),
        "direction": ({"direction": "outbound"}, [now]),
        "campaign": ({"campaign": world.campaign}, [now]),
        "UTM code": ({"utm_campaign": "spring"}, [now]),
        "UTM code in capitals": ({"utm_campaign": "SPRING"}, []),
        "channel": ({"channel": ChannelFactory()}, [now]),
        "retracted": ({"retracted_at": TEN}, [now]),
        "retracted at another time": ({"retracted_at": NINE}, []),
        "not retracted": ({"retracted_at": None}, [now]),
        "tombstone": ({"text": "", "deleted_at": TEN}, []),
        "what no figure reads": ({"text": "", "url": "x", "language": "da", "is_private": True}, []),
    }  # fmt: skip

    for name, (values, expected) in cases.items():
        StaleMark.objects.all().delete()
        change(**values)
        assert marks() == in_order(expected), name


def test_an_interaction_marks_itself_when_it_arrives_and_not_when_it_is_only_named(world):
    named = Interaction.objects.create(channel=world.channel, external_id="p1")
    assert marks() == []

    Interaction.objects.filter(pk=named.pk).update(kind="comment", occurred_at=NINE)
    assert marks() == in_order([{"interaction_id": named.pk}])

    StaleMark.objects.all().delete()
    arrived = Interaction.objects.create(channel=world.channel, external_id="p2", kind="like", occurred_at=NINE)
    assert marks() == in_order([{"interaction_id": arrived.pk}])


def test_a_deleted_interaction_marks_whom_it_touched(world):
    world.help.delete()
    StaleMark.objects.all().delete()

    Interaction.objects.filter(pk=world.answer.pk).delete()

    former = {"member_id": world.ann.pk, "author_of_id": world.question.pk, "thread_id": world.thread.pk}
    assert marks() == in_order([{**former, "since": TEN, "until": TEN}])


def test_an_account_that_moves_marks_both_contacts_for_all_time(world):
    Member.objects.filter(pk=world.joe.pk).update(contact=world.other)

    assert marks() == in_order([{"contact_id": pk} for pk in sorted([world.joe.contact_id, world.other.pk], key=str)])


def test_an_account_marks_nothing_when_its_name_changes_or_when_it_is_new(world):
    Member.objects.filter(pk=world.joe.pk).update(handle="joe", followers=7)
    MemberFactory()

    assert marks() == []


def test_an_account_that_is_deleted_marks_its_contact(world):
    lone = MemberFactory()
    lone.delete()

    assert marks() == in_order([{"contact_id": lone.contact_id}])


def test_roles_mark_the_account_from_their_beginning_on(world):
    def role_marks():
        found = marks()
        StaleMark.objects.all().delete()
        return found

    role = MemberRole.objects.create(member=world.joe, role="bot", since=TEN)
    assert role_marks() == in_order([{"actor_id": world.joe.pk, "since": TEN}])

    MemberRole.objects.filter(pk=role.pk).update(since=NINE)
    assert role_marks() == in_order(
        [{"actor_id": world.joe.pk, "since": NINE}, {"actor_id": world.joe.pk, "since": TEN}]
    )

    MemberRole.objects.filter(pk=role.pk).update(role="bot")
    assert role_marks() == []

    role.delete()
    assert role_marks() == in_order([{"actor_id": world.joe.pk, "since": NINE}])

    MemberRole.objects.create(member=world.joe, role="community", since=None)
    assert role_marks() == []

    MemberRole.objects.filter(member=world.joe).update(role="staff")
    assert role_marks() == in_order([{"actor_id": world.joe.pk}])


def test_a_thread_marks_both_openers(world):
    Thread.objects.filter(pk=world.thread.pk).update(title="Hello", accepted_answer=world.answer)
    assert marks() == []

    Thread.objects.filter(pk=world.thread.pk).update(opened_by=world.ann)
    assert marks() == in_order([{"thread_id": world.thread.pk, "member_id": world.joe.pk}])


def test_a_merge_marks_the_contact_and_both_persons_and_all_that_hangs_on_it(world):
    loser, winner, below = world.joe.contact_id, world.other.pk, ContactFactory().pk
    Contact.objects.filter(pk=below).update(merged_into=loser)
    StaleMark.objects.all().delete()

    Contact.objects.filter(pk=loser).update(merged_into=winner)

    assert {mark["contact_id"] for mark in marks()} == {loser, winner, below}
    assert all(list(mark) == ["contact_id"] for mark in marks())


def test_a_contact_marks_nothing_when_its_name_changes(world):
    Contact.objects.filter(pk=world.other.pk).update(full_name="Other", stage="customer", tags=["vip"])

    assert marks() == []


def test_a_conversion_marks_itself_and_what_named_it_before(world):
    order = Conversion.objects.filter(pk=world.order.pk)
    before = {
        "conversion_id": world.order.pk, "contact_id": world.joe.contact_id,
        "ref_source": "shop", "ref_external_id": "o1",
    }  # fmt: skip
    for values in (
        {"amount": Decimal("7.00")}, {"currency": "GBP"}, {"occurred_at": NINE}, {"kind_id": "subscription"},
        {"utm_campaign": "spring"}, {"voided_at": TEN}, {"voided_at": None}, {"external_id": "o2"},
    ):  # fmt: skip
        StaleMark.objects.all().delete()
        order.update(**values)
        assert marks() == in_order([before]), values

    StaleMark.objects.all().delete()
    order.update(contact=None)
    assert marks() == in_order([{**before, "ref_external_id": "o2"}])

    StaleMark.objects.all().delete()
    order.update(order_number="7", utm_campaign="SPRING", utm_source="x")
    assert marks() == []


def test_a_new_conversion_marks_itself_unless_it_is_void(world):
    order = ConversionFactory()
    ConversionFactory(voided_at=TEN)

    assert marks() == in_order([{"conversion_id": order.pk}])


def test_a_refund_marks_what_it_was_a_refund_of(world):
    Conversion.objects.filter(pk=world.refund.pk).update(refund_of_external_id="o9")

    itself = {"conversion_id": world.refund.pk, "ref_source": "shop", "ref_external_id": "r1"}
    assert marks() == in_order([itself, {"ref_source": "shop", "ref_external_id": "o1"}])

    StaleMark.objects.all().delete()
    world.refund.delete()
    assert {mark["ref_external_id"] for mark in marks()} == {"r1", "o9"}


def test_a_campaign_marks_its_code(world):
    campaign = CampaignFactory(code="Summer")
    assert marks() == in_order([{"campaign_code": "summer"}])

    StaleMark.objects.all().delete()
    Campaign.objects.filter(pk=campaign.pk).update(code="SUMMER", name="Summer", status="ended")
    assert marks() == []

    Campaign.objects.filter(pk=campaign.pk).update(code="Autumn")
    assert marks() == in_order([{"campaign_code": "autumn"}, {"campaign_code": "summer"}])

    StaleMark.objects.all().delete()
    campaign.delete()
    assert marks() == in_order([{"campaign_code": "autumn"}])


def test_a_rate_marks_its_currency_from_its_day_on(world):
    first, second = dt.date(2026, 3, 1), dt.date(2026, 3, 2)
    rate = ExchangeRate.objects.filter(pk=world.rate.pk)

    rate.update(rate=Decimal("1.20"))
    assert marks() == in_order([{"currency": "GBP", "rate_date": first}])

    StaleMark.objects.all().delete()
    rate.update(date=second)
    assert marks() == in_order([{"currency": "GBP", "rate_date": first}, {"currency": "GBP", "rate_date": second}])

    StaleMark.objects.all().delete()
    rate.update(rate=Decimal("1.20"))
    assert marks() == []

    rate.delete()
    ExchangeRateFactory(date=first)
    assert marks() == in_order([{"currency": "GBP", "rate_date": first}, {"currency": "GBP", "rate_date": second}])


def test_help_marks_whom_its_interaction_touches(world):
    record = HelpRecord.objects.filter(pk=world.help.pk)
    expected = [{"interaction_id": world.answer.pk}]
    for values in ({"contact": world.other}, {"withdrawn_at": TEN}, {"withdrawn_at": None}):
        StaleMark.objects.all().delete()
        record.update(**values)
        assert marks() == in_order(expected), values

    StaleMark.objects.all().delete()
    record.update(rating=5, minutes=3, outcome="solved")
    assert marks() == []

    record.delete()
    assert marks() == expected


def test_a_cost_marks_itself(world):
    cost = Cost.objects.filter(pk=world.cost.pk)
    for values in (
        {"amount": Decimal("7.00")},
        {"currency": "GBP"},
        {"days": DateRange(dt.date(2026, 3, 1), dt.date(2026, 3, 2))},
        {"voided_at": TEN},
    ):
        StaleMark.objects.all().delete()
        cost.update(**values)
        assert marks() == in_order([{"cost_id": world.cost.pk}]), values

    StaleMark.objects.all().delete()
    cost.update(description="x", category="agency", campaign=world.campaign)
    assert marks() == []

    new = CostFactory()
    assert marks() == in_order([{"cost_id": new.pk}])


def test_a_bulk_statement_marks_every_row_it_changes(world):
    Interaction.objects.update(campaign=world.campaign)

    assert marks() == in_order([{"interaction_id": pk} for pk in sorted([world.question.pk, world.answer.pk], key=str)])
