"""
An oracle for credits: what the tables must hold, worked out from the facts in plain Python and exact fractions.

It is written for reading, not for speed, and shares no code with the product: for every conversion it
looks at every interaction and asks whom it touched. Only the integer weights of time decay are taken
from the stored rows, since shares are exact for those; `exact_decay_weight` checks them on their own.
"""

import datetime as dt
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal, getcontext
from fractions import Fraction
from itertools import accumulate
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q

from community.models import Cost, HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Campaign, Contact, Conversion, ConversionKind, ExchangeRate
from metrics.models import (
    CampaignDay,
    ChannelDay,
    ConversionResult,
    CostDay,
    Credit,
    HelperDay,
    PersonDay,
    TotalDay,
)

TOUCH_KINDS = {"question", "answer", "help", "comment", "direct_message", "click", "event_attendance"}
HELP_KINDS = {"answer", "help"}
MODELS = ["first_touch", "last_touch", "linear", "position_based", "time_decay"]
TABLES = [Credit, ConversionResult, CostDay, PersonDay, HelperDay, CampaignDay, ChannelDay, TotalDay]
DIGITS = {"EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3}


def stored_tables():
    """Return every derived table as a sorted list of rows, to be compared with `==`."""
    return {
        table.__name__: sorted(
            table.objects.values_list(*[field.attname for field in table._meta.concrete_fields]), key=repr
        )
        for table in TABLES
    }


def empty_tables():
    """Delete every derived row, as if nothing had ever been computed."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table._meta.db_table}")


def exact_decay_weight(age: dt.timedelta) -> Decimal:
    """Return 2^24 x 2^(-age / 7 days), to 40 digits."""
    getcontext().prec = 40
    days = Decimal(age.days) + Decimal(age.seconds) / 86400 + Decimal(age.microseconds) / 86_400_000_000
    return Decimal(2) ** (24 - days / 7)


class Facts:
    """All facts, read once; with `persons`, those that the figures of these persons follow from."""

    def __init__(self, persons=None):
        contacts, members = Contact.objects.all(), Member.objects.all()
        threads, interactions = Thread.objects.all(), Interaction.objects.all()
        if persons is not None:
            own = list(Member.objects.filter(contact__person__in=persons).values_list("pk", flat=True))
            known = set()
            for whose in (
                Q(member__in=own),
                Q(to_member__in=own),
                Q(to_contact__person__in=persons),
                Q(reply_to__member__in=own),
                Q(thread__opened_by__in=own),
            ):
                found = Interaction.objects.filter(whose).values_list("pk", "reply_to_id")
                known |= {pk for pair in found for pk in pair if pk is not None}
            interactions = interactions.filter(pk__in=known)
            named = interactions.values_list("member_id", "to_member_id", "thread__opened_by_id")
            members = members.filter(pk__in={pk for names in named for pk in names if pk is not None} | set(own))
            threads = threads.filter(interactions__in=known).distinct()
            contacts = contacts.filter(Q(person__in=persons) | Q(pk__in=members.values("contact_id")))
        self.person = dict(contacts.values_list("pk", "person_id"))
        self.members = {member.pk: member for member in members}
        self.threads = {thread.pk: thread for thread in threads}
        self.interactions = {interaction.pk: interaction for interaction in interactions}
        self.campaign_by_code = {campaign.code.lower(): campaign.pk for campaign in Campaign.objects.all()}
        self.help = dict(HelpRecord.objects.filter(withdrawn_at=None).values_list("interaction_id", "contact__person"))
        self.roles = defaultdict(list)
        for role in MemberRole.objects.all():
            self.roles[role.member_id].append(role)
        self.rates = {(rate.currency, rate.date): rate.rate for rate in ExchangeRate.objects.all()}
        self.lookback = {kind.pk: dt.timedelta(hours=24 * kind.lookback_days) for kind in ConversionKind.objects.all()}

    def role(self, member_id, at):
        held = [role for role in self.roles[member_id] if role.since is None or role.since <= at]
        first = dt.datetime.min.replace(tzinfo=dt.UTC)
        return max(held, key=lambda role: role.since or first).role if held else "community"

    def person_of_member(self, member_id):
        return self.person[self.members[member_id].contact_id] if member_id else None

    def addressee(self, interaction):
        if interaction.to_member_id:
            return self.person_of_member(interaction.to_member_id)
        if interaction.to_contact_id:
            return self.person[interaction.to_contact_id]
        answered = self.interactions.get(interaction.reply_to_id)
        if answered is not None and answered.member_id:
            return self.person_of_member(answered.member_id)
        if answered is not None and answered.user_id:
            return None
        if interaction.kind == "answer" and interaction.thread_id:
            return self.person_of_member(self.threads[interaction.thread_id].opened_by_id)
        return None

    def campaign(self, fact):
        return getattr(fact, "campaign_id", None) or self.coded_campaign(fact)

    def coded_campaign(self, fact):
        code = fact.utm_campaign
        return self.campaign_by_code.get(code.lower()) if code else None

    def rate(self, currency, day):
        if currency == settings.KITH_CURRENCY:
            return Decimal(1)
        for age in range(8):
            if (currency, day - dt.timedelta(days=age)) in self.rates:
                return self.rates[currency, day - dt.timedelta(days=age)]
        return None


def local_day(at):
    return at.astimezone(ZoneInfo(settings.KITH_TIME_ZONE)).date()


def in_minor(amount, rate):
    """Convert and round half up to minor units of the reporting currency; None without a rate."""
    if amount == 0:
        return 0
    if rate is None:
        return None
    exact = amount * rate * 10 ** DIGITS[settings.KITH_CURRENCY]
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def split(total, shares):
    """Cut `total` where the running sum of exact shares, of a whole of any size, rounded down, says so."""
    whole = sum(shares)
    if not whole:
        return [0] * len(shares)
    cuts = [0, *(total * upto // whole for upto in accumulate(shares))]
    return [after - before for before, after in zip(cuts, cuts[1:], strict=False)]


def shares_of(model, weights):
    """Return the exact share of each touch; `weights` are time decay's, oldest first, of a whole that is their sum."""
    n = len(weights)
    if model == "first_touch":
        return [Fraction(1)] + [Fraction(0)] * (n - 1)
    if model == "last_touch":
        return [Fraction(0)] * (n - 1) + [Fraction(1)]
    if model == "linear":
        return [Fraction(1, n)] * n
    if model == "position_based":
        if n == 1:
            return [Fraction(1)]
        if n == 2:
            return [Fraction(1, 2)] * 2
        return [Fraction(2, 5), *[Fraction(1, 5 * (n - 2))] * (n - 2), Fraction(2, 5)]
    return weights


def was_mailed(interaction):
    """Whether it was sent to nobody in particular."""
    return interaction.direction == "outbound" and not (
        interaction.to_member_id
        or interaction.to_contact_id
        or interaction.reply_to_id
        or (interaction.kind == "answer" and interaction.thread_id)
    )


def touches_of(facts, conversion, person):
    """Return the touches of one conversion, oldest first, as rows without amounts."""
    after = conversion.occurred_at - facts.lookback[conversion.kind_id]
    touches, own_clicks = [], []
    for interaction in facts.interactions.values():
        if person is None or interaction.kind not in TOUCH_KINDS or interaction.retracted_at:
            continue
        if not after < interaction.occurred_at <= conversion.occurred_at:
            continue
        role = facts.role(interaction.member_id, interaction.occurred_at) if interaction.member_id else None
        acted = facts.person_of_member(interaction.member_id) == person
        if was_mailed(interaction) or role == "bot" or not (acted or facts.addressee(interaction) == person):
            continue
        if acted:
            actor = "self"
        elif interaction.user_id or role == "staff":
            actor = "staff"
        else:
            actor = "member" if interaction.member_id else "unknown"
        campaign = facts.campaign(interaction)
        helps = not acted and (interaction.kind in HELP_KINDS or facts.help.get(interaction.pk) == person)
        touches.append(
            (
                interaction.occurred_at,
                interaction.pk,
                interaction.member_id,
                actor,
                campaign,
                interaction.channel_id,
                helps,
            )
        )
        if (
            acted
            and interaction.kind == "click"
            and interaction.occurred_at > conversion.occurred_at - dt.timedelta(hours=24)
        ):
            own_clicks += [campaign, facts.coded_campaign(interaction)]
    touches.sort(key=lambda touch: touch[:2])
    campaign = facts.campaign(conversion)
    if campaign and campaign not in own_clicks:
        touches.append((conversion.occurred_at, None, None, "self", campaign, None, False))
    return touches


def _standing(persons):
    """Return the conversions that stand: all, or those of `persons` and the refunds that name one of them."""
    conversions = Conversion.objects.filter(voided_at=None)
    if persons is None:
        return conversions
    bought = conversions.filter(contact__person__in=persons, refund_of_external_id=None)
    refunds = conversions.filter(
        refund_of_external_id__in=bought.exclude(external_id=None).values("external_id"),
        refund_of_source__in=bought.exclude(source=None).values("source"),
    )
    return bought | refunds


def expected_tables(persons=None):
    """
    Return what the derived tables must hold, in the shape of `stored_tables`.

    With `persons` the ledger and the results are those of these persons only; the other tables mean nothing then.
    """
    facts = Facts(persons)
    stored_weights = {
        (c, p): (w, i)
        for c, p, w, i in Credit.objects.values_list("conversion_id", "position", "decay_weight", "interaction_id")
    }
    credits, results, cost_days = [], [], []
    standing = list(_standing(persons))
    by_ref = {(c.source, c.external_id): c for c in standing if c.external_id and c.refund_of_external_id is None}
    refunds = defaultdict(list)
    for conversion in standing:
        if conversion.refund_of_external_id is None:
            continue
        original = by_ref.get((conversion.refund_of_source, conversion.refund_of_external_id))
        if original is not None:
            refunds[original.pk].append(conversion)
            continue
        day = local_day(conversion.occurred_at)
        value = in_minor(conversion.amount, facts.rate(conversion.currency, day))
        line = "unattributed" if value is not None else "not_converted"
        value = -value if value is not None else None
        results.append((conversion.pk, None, None, day, line, value, value or 0, 0, False, True, False))
    for original in standing:
        if original.refund_of_external_id is not None:
            continue
        person = facts.person[original.contact_id] if original.contact_id else None
        day = local_day(original.occurred_at)
        rate = facts.rate(original.currency, day)
        value = in_minor(original.amount, rate)
        staff = any(
            facts.person[member.contact_id] == person and facts.role(member.pk, original.occurred_at) == "staff"
            for member in facts.members.values()
        )
        touches = touches_of(facts, original, person) if value is not None and not staff else []
        n = len(touches)
        if value is None:
            line = "not_converted"
        elif staff:
            line = "staff_purchases"
        else:
            line = "credited" if touches else "unattributed"
        helped = any(touch[-1] for touch in touches)
        returned = sorted(refunds[original.pk], key=lambda refund: (refund.occurred_at, refund.pk))
        total_returned = sum((refund.amount for refund in returned), Decimal(0))
        results.append(
            (
                original.pk, person, original.kind_id, day, line, value, value if line == "unattributed" else 0, n,
                helped, False, bool(returned) and original.amount > 0 and total_returned >= original.amount,
            )
        )  # fmt: skip
        weights = []
        for position, touch in enumerate(touches, 1):
            weight, _ = stored_weights.get((original.pk, position), (0, None))
            exact = exact_decay_weight(touches[-1][0] - touch[0])
            assert abs(Decimal(weight) - exact) <= Decimal("0.500001"), (weight, exact)
            weights.append(weight)
        parts = {model: split(value, shares_of(model, weights)) for model in MODELS} if touches else {}

        def rows(conversion, is_refund, day, amounts, touches=touches, weights=weights, person=person):
            for index, (_, interaction, member, actor, campaign, channel, helps) in enumerate(touches):
                credits.append(
                    (
                        conversion.pk, index + 1, len(touches), interaction, person, member, actor, campaign, channel,
                        helps, is_refund, day, weights[index], sum(weights),
                        *(amounts[model][index] for model in MODELS),
                    )
                )  # fmt: skip

        if touches:
            rows(original, False, day, parts)
        before_amount = Decimal(0)
        for refund in returned:
            upto, before = in_minor(before_amount + refund.amount, rate), in_minor(before_amount, rate)
            before_amount += refund.amount
            refund_day = local_day(refund.occurred_at)
            if value is None or upto is None:
                results.append(
                    (refund.pk, person, original.kind_id, refund_day, "not_converted", None, 0, n, helped, True, False)
                )
                continue
            exceeding = max(upto - value, 0) - max(before - value, 0)
            unattributed = upto - before if line == "unattributed" else exceeding
            results.append(
                (
                    refund.pk,
                    person,
                    original.kind_id,
                    refund_day,
                    line,
                    before - upto,
                    -unattributed,
                    n,
                    helped,
                    True,
                    False,
                )
            )
            if touches:
                reversed_parts = {}
                for model in MODELS:
                    after_it = split(min(upto, value), parts[model])
                    before_it = split(min(before, value), parts[model])
                    reversed_parts[model] = [b - a for a, b in zip(after_it, before_it, strict=True)]
                rows(refund, True, refund_day, reversed_parts)
    for cost in Cost.objects.filter(voided_at=None):
        value = in_minor(cost.amount, facts.rate(cost.currency, cost.days.lower))
        if value is None:
            continue
        days = (cost.days.upper - cost.days.lower).days
        for index in range(days):
            cost_days.append(
                (cost.pk, cost.days.lower + dt.timedelta(days=index), value // days + (index < value % days))
            )
    tables = {"Credit": credits, "ConversionResult": results, "CostDay": cost_days, **_rollups(credits, results)}
    return {name: sorted(rows, key=repr) for name, rows in tables.items()}


def _rollups(credits, results):
    sums = {name: defaultdict(lambda: [0] * 6) for name in ("CampaignDay", "ChannelDay", "HelperDay")}
    for credit in credits:
        member, actor, campaign, channel, day, amounts = (
            credit[5],
            credit[6],
            credit[7],
            credit[8],
            credit[11],
            credit[14:],
        )
        for name, key in (
            ("CampaignDay", (campaign or 0, day)),
            ("ChannelDay", (channel or 0, day)),
            ("HelperDay", (actor, member if actor == "member" else 0, day)),
        ):
            sums[name][key] = [a + b for a, b in zip(sums[name][key], (1, *amounts), strict=True)]
    persons, totals = defaultdict(lambda: [0] * 5), defaultdict(lambda: [0] * 6)
    for _, person, _, day, line, value, unattributed, _, _, is_refund, _ in results:
        value = value or 0
        credited = value - unattributed if line == "credited" else 0
        staff = value - unattributed if line == "staff_purchases" else 0
        row = (1, int(not is_refund), value, credited, unattributed)
        persons[person or 0, day] = [a + b for a, b in zip(persons[person or 0, day], row, strict=True)]
        totals[(day,)] = [a + b for a, b in zip(totals[(day,)], (*row, staff), strict=True)]
    by_columns = {
        "CampaignDay": lambda key, row: (*row, *key),
        "ChannelDay": lambda key, row: (*row, *key),
        "HelperDay": lambda key, row: (*row, *key),
        "PersonDay": lambda key, row: (*row, *key),
        "TotalDay": lambda key, row: (*row[:5], *key, row[5]),
    }
    sums |= {"PersonDay": persons, "TotalDay": totals}
    return {name: [by_columns[name](key, row) for key, row in sums[name].items()] for name in by_columns}
