"""
A small world of facts that changes at random: what the property tests drive through every way of recomputing.

An operation is a name and eight numbers; the numbers choose among whatever exists, so every list of
operations is valid and hypothesis can shrink it. Times lie on a coarse grid, so that ties, window edges
and clicks exactly a day old happen all the time.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from hypothesis import strategies as st
from psycopg.types.range import DateRange

from community.models import Channel, Community, Cost, HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Campaign, Contact, Conversion, ConversionKind, ExchangeRate

START = dt.datetime(2026, 3, 26, tzinfo=dt.UTC)  # the clocks go forward on the third day
STEP = dt.timedelta(hours=6)
STEPS = 48
KINDS = ["question", "answer", "comment", "click", "like", "help", "direct_message", "answer"]
CODES = ["spring", "SPRING", "Summer", "summer", "other", None, None, None]
CURRENCIES = ["EUR", "EUR", "GBP", "JPY"]
AMOUNTS = ["0", "0.01", "0.07", "1", "10.00", "99.99", "100", "33.34", "5497558138"]


def operations(*names, max_size):
    """Strategy: a list of operations, of all kinds or of those named."""
    return st.lists(
        st.tuples(st.sampled_from(names or sorted(OPERATIONS)), st.lists(st.integers(0, 997), min_size=8, max_size=8)),
        max_size=max_size,
    )


@contextmanager
def undone() -> Iterator[None]:
    """
    Roll back what the block does to the database, and the numbers that it gave.

    Two blocks then number their rows alike, and ids lie close together, as chunks of persons have them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences WHERE schemaname = 'public'"
        )
        sequences, last_given = zip(*cursor.fetchall(), strict=True)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(name, coalesce(given, 1), given IS NOT NULL)"
                " FROM unnest(%s::regclass[], %s::bigint[]) AS sequence (name, given)",
                [list(sequences), list(last_given)],
            )


def _deletes(model):
    """Return the operation that deletes one of the rows of `model`."""

    def delete(world, n):
        row = world.pick(model.objects, n[0])
        if row is not None:
            row.delete()

    return delete


class World:
    """Applies operations to the facts in the database."""

    def __init__(self):
        self.names = 0
        self.user = get_user_model().objects.create(username="ana")
        community = Community.objects.create(slug="help", name="Help")
        self.channels = [
            Channel.objects.create(slug=slug, name=slug, community=community) for slug in ("forum", "insta")
        ]
        ConversionKind.objects.filter(key="subscription").update(lookback_days=2)
        for _ in range(4):
            Member.objects.create(channel=self.channels[0], external_id=self.name(), contact=Contact.objects.create())
        self._converse()

    def _converse(self):
        """Everybody asks, answers whoever asked last, and buys: so that whatever changes next matters to somebody."""
        ExchangeRate.objects.create(currency="GBP", date=(START + STEP * 40).date(), rate=Decimal("1.1534"))
        members = list(Member.objects.order_by("pk"))
        for number, member in enumerate(members):
            helper, common = members[number - 1], {"channel": self.channels[0]}
            thread = Thread.objects.create(external_id=self.name(), opened_by=member, **common)
            common |= {"occurred_at": START + STEP * (number + 20), "thread": thread}
            question = Interaction.objects.create(external_id=self.name(), kind="question", member=member, **common)
            for kind, reply_to, code in (
                ("answer", None, None),
                ("comment", question, None),
                ("click", None, "spring"),
            ):
                Interaction.objects.create(
                    external_id=self.name(), kind=kind, member=helper, reply_to=reply_to, utm_campaign=code, **common
                )
            order = Conversion.objects.create(
                source="shop", external_id=f"o{number}", contact=member.contact, kind_id="purchase",
                occurred_at=START + STEP * 40, amount=Decimal("10.01"), currency="GBP" if number % 2 else "EUR",
                utm_campaign="spring",
            )  # fmt: skip
            Conversion.objects.create(
                source="shop", external_id=f"o{number + 4}", refund_of_source="shop",
                refund_of_external_id=order.external_id, occurred_at=START + STEP * 44, amount=Decimal("3.33"),
            )  # fmt: skip

    def apply(self, operations):
        for name, numbers in operations:
            try:
                with transaction.atomic():
                    OPERATIONS[name](self, numbers)
            except IntegrityError:
                pass  # a merge that would be a circle, a code that is taken: the database refuses, nothing changes

    def name(self):
        self.names += 1
        return f"n{self.names}"

    @staticmethod
    def pick(queryset, number, *, null_below=0):
        """Return the row that a number chooses, of which nothing but the key is read; None where there is none."""
        if number < null_below:
            return None
        keys = queryset.order_by("pk").values_list("pk", flat=True)
        return queryset.model(pk=keys[number % len(keys)]) if keys else None

    def pick_whole(self, queryset, number):
        """Return the row that a number chooses, as it is; None where there is none."""
        row = self.pick(queryset, number)
        return row and queryset.get(pk=row.pk)

    @staticmethod
    def at(number):
        jitter = dt.timedelta(microseconds=(number // STEPS) % 2)
        return START + STEP * (number % STEPS) + jitter

    def add_member(self, n):
        contact = self.pick(Contact.objects, n[0]) if n[0] % 3 == 0 else None
        Member.objects.create(
            channel=self.channels[n[1] % 2], external_id=self.name(), contact=contact or Contact.objects.create()
        )

    def add_contact(self, n):
        Contact.objects.create()

    def _interaction_fields(self, n):
        addressee = n[4] % 5
        return {
            "kind": KINDS[n[1] % len(KINDS)],
            "direction": ["outbound", "inbound", "between_members"][n[2] % 3],
            "occurred_at": self.at(n[2]),
            "member": self.pick(Member.objects, n[3], null_below=150),
            "user": self.user if n[3] < 50 else None,
            "to_member": self.pick(Member.objects, n[4]) if addressee == 0 else None,
            "to_contact": self.pick(Contact.objects, n[4]) if addressee == 1 else None,
            "reply_to": self.pick(Interaction.objects, n[5], null_below=400),
            "thread": self.pick(Thread.objects, n[6], null_below=200),
            "campaign": self.pick(Campaign.objects, n[7], null_below=700),
            "utm_campaign": CODES[n[7] % len(CODES)],
        }

    def add_interaction(self, n):
        Interaction.objects.create(
            channel=self.channels[n[0] % 2], external_id=self.name(), **self._interaction_fields(n)
        )

    def add_named_interaction(self, n):
        Interaction.objects.create(channel=self.channels[n[0] % 2], external_id=self.name())

    def edit_interaction(self, n):
        interaction = self.pick_whole(Interaction.objects, n[0])
        if interaction is None:
            return
        fields = self._interaction_fields(n)
        if n[0] % 2 and interaction.kind is not None:
            chosen = list(fields)[n[1] % len(fields)]
            fields = {chosen: fields[chosen]}
        if fields.get("reply_to") == interaction:
            fields["reply_to"] = None
        Interaction.objects.filter(pk=interaction.pk).update(**fields)

    def move_interaction(self, n):
        interaction = self.pick(Interaction.objects, n[0])
        if interaction is not None:
            Interaction.objects.filter(pk=interaction.pk).update(channel=self.channels[n[1] % 2])

    def retract_interaction(self, n):
        interaction = self.pick(Interaction.objects, n[0])
        if interaction is not None:
            Interaction.objects.filter(pk=interaction.pk).update(retracted_at=self.at(n[1]) if n[1] % 3 else None)

    def delete_interaction(self, n):
        interaction = self.pick(
            Interaction.objects.filter(replies=None, help_record=None, accepted_in=None, confirmed_in=None), n[0]
        )
        if interaction is not None:
            Interaction.objects.filter(pk=interaction.pk).delete()

    def add_thread(self, n):
        Thread.objects.create(
            channel=self.channels[n[0] % 2],
            external_id=self.name(),
            opened_by=self.pick(Member.objects, n[1], null_below=300),
        )

    def edit_thread(self, n):
        thread = self.pick(Thread.objects, n[0])
        if thread is not None:
            Thread.objects.filter(pk=thread.pk).update(opened_by=self.pick(Member.objects, n[1], null_below=200))

    def add_role(self, n):
        MemberRole.objects.create(
            member=self.pick(Member.objects, n[0]),
            role=["community", "staff", "bot"][n[1] % 3],
            since=None if n[2] % 4 == 0 else self.at(n[2]),
        )

    def edit_role(self, n):
        role = self.pick(MemberRole.objects, n[0])
        if role is not None:
            MemberRole.objects.filter(pk=role.pk).update(
                role=["community", "staff", "bot"][n[1] % 3], since=None if n[2] % 4 == 0 else self.at(n[2])
            )

    delete_role = _deletes(MemberRole)

    def relink_member(self, n):
        member = self.pick(Member.objects, n[0])
        Member.objects.filter(pk=member.pk).update(contact=self.pick(Contact.objects, n[1]))

    def delete_member(self, n):
        member = self.pick(
            Member.objects.filter(interactions=None, addressed_by=None, opened_threads=None, help_given=None), n[0]
        )
        if member is not None and Member.objects.count() > 1:
            member.delete()

    def merge_contact(self, n):
        contact = self.pick(Contact.objects, n[0])
        Contact.objects.filter(pk=contact.pk).update(merged_into=self.pick(Contact.objects, n[1]))

    def unmerge_contact(self, n):
        contact = self.pick(Contact.objects.exclude(merged_into=None), n[0])
        if contact is not None:
            Contact.objects.filter(pk=contact.pk).update(merged_into=None)

    def _conversion_fields(self, n):
        return {
            "contact": self.pick(Contact.objects, n[1], null_below=150),
            "kind_id": ["purchase", "subscription"][n[2] % 2],
            "occurred_at": self.at(n[3]),
            "amount": self._amount(n[4], CURRENCIES[n[5] % 4]),
            "currency": CURRENCIES[n[5] % 4],
            "utm_campaign": CODES[n[6] % len(CODES)],
        }

    @staticmethod
    def _amount(number, currency):
        amount = Decimal(AMOUNTS[number % len(AMOUNTS)])
        return amount.quantize(Decimal(1)) if currency == "JPY" else amount

    def add_conversion(self, n):
        Conversion.objects.create(source="shop", external_id=f"o{n[0] % 12}", **self._conversion_fields(n))

    def edit_conversion(self, n):
        conversion = self.pick(Conversion.objects.filter(refund_of_source=None), n[0])
        if conversion is None:
            return
        fields = self._conversion_fields(n)
        if n[0] % 2:
            chosen = list(fields)[n[7] % len(fields)]
            fields = {chosen: fields[chosen]}
        Conversion.objects.filter(pk=conversion.pk).update(**fields)

    def rename_conversion(self, n):
        conversion = self.pick(Conversion.objects, n[0])
        if conversion is not None:
            Conversion.objects.filter(pk=conversion.pk).update(external_id=f"o{n[1] % 12}")

    def void_conversion(self, n):
        conversion = self.pick(Conversion.objects, n[0])
        if conversion is not None:
            Conversion.objects.filter(pk=conversion.pk).update(voided_at=self.at(n[1]) if n[1] % 3 else None)

    delete_conversion = _deletes(Conversion)

    def add_refund(self, n):
        currency = CURRENCIES[n[5] % 4] if n[5] % 3 else None
        Conversion.objects.create(
            source="shop",
            external_id=f"o{n[0] % 12}",
            refund_of_source="shop",
            refund_of_external_id=f"o{n[1] % 12}",
            occurred_at=self.at(n[3]),
            amount=self._amount(n[4], currency),
            currency=currency,
        )

    def edit_refund(self, n):
        refund = self.pick_whole(Conversion.objects.exclude(refund_of_source=None), n[0])
        if refund is not None:
            changes = [
                {"refund_of_external_id": f"o{n[1] % 12}"},
                {"amount": self._amount(n[1], refund.currency)},
                {"occurred_at": self.at(n[1])},
            ]
            Conversion.objects.filter(pk=refund.pk).update(**changes[n[2] % 3])

    def add_rate(self, n):
        ExchangeRate.objects.create(
            currency=["GBP", "JPY"][n[0] % 2],
            date=START.date() + dt.timedelta(days=n[1] % 22 - 9),
            rate=Decimal(["1.1534", "0.0061", "1.1", "2.3333333333"][n[2] % 4]),
        )

    def edit_rate(self, n):
        rate = self.pick(ExchangeRate.objects, n[0])
        if rate is not None:
            ExchangeRate.objects.filter(pk=rate.pk).update(
                date=START.date() + dt.timedelta(days=n[1] % 22 - 9),
                rate=Decimal(["1.1534", "0.0061", "1.1", "2.3333333333"][n[2] % 4]),
            )

    delete_rate = _deletes(ExchangeRate)

    def add_campaign(self, n):
        Campaign.objects.create(code=["spring", "SUMMER", "Other", "x"][n[0] % 4])

    def rename_campaign(self, n):
        campaign = self.pick(Campaign.objects, n[0])
        if campaign is not None:
            Campaign.objects.filter(pk=campaign.pk).update(code=["spring", "SUMMER", "Other", "x"][n[1] % 4])

    def delete_campaign(self, n):
        campaign = self.pick(Campaign.objects.filter(interactions=None, costs=None), n[0])
        if campaign is not None:
            campaign.delete()

    def add_help_record(self, n):
        interaction = self.pick(Interaction.objects.filter(help_record=None), n[0])
        if interaction is not None:
            HelpRecord.objects.create(
                interaction=interaction, contact=self.pick(Contact.objects, n[1]), helper_user=self.user
            )

    def edit_help_record(self, n):
        record = self.pick(HelpRecord.objects, n[0])
        if record is not None:
            HelpRecord.objects.filter(pk=record.pk).update(
                contact=self.pick(Contact.objects, n[1]), withdrawn_at=self.at(n[2]) if n[2] % 2 else None
            )

    delete_help_record = _deletes(HelpRecord)

    def add_cost(self, n):
        first = START.date() + dt.timedelta(days=n[1] % 12)
        currency = CURRENCIES[n[3] % 4]
        Cost.objects.create(
            source="ads",
            external_id=self.name(),
            category="advertising",
            amount=self._amount(n[2], currency),
            currency=currency,
            days=DateRange(first, first + dt.timedelta(days=1 + n[4] % 9)),
        )

    def edit_cost(self, n):
        cost = self.pick(Cost.objects, n[0])
        if cost is not None:
            first = START.date() + dt.timedelta(days=n[1] % 12)
            Cost.objects.filter(pk=cost.pk).update(
                days=DateRange(first, first + dt.timedelta(days=1 + n[4] % 9)),
                voided_at=self.at(n[2]) if n[2] % 2 else None,
            )

    delete_cost = _deletes(Cost)


OPERATIONS = {
    name: method
    for name, method in vars(World).items()
    if name.startswith(
        ("add_", "edit_", "delete_", "move_", "merge_", "unmerge_", "relink_", "retract_", "void_", "rename_")
    )
}
