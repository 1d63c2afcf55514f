"""Who there is: customers and their companies, staff, and the accounts on forum, Instagram and Discord."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from demo.generator import names
from demo.generator.calendar import Calendar
from demo.generator.subjects import MOTIVATIONS

SOURCE = "shop"  # the system that our customers are known in
STAFF = (
    # user name, full name
    ("ana", "Ana Whelan"),
    ("ben", "Ben Okafor"),
    ("chloe", "Chloe Byrne"),
    ("dan", "Dan Lindqvist"),
)
CUSTOMERS = 1_700
COMPANIES = 120
# How many accounts a channel has, how many of them belong to customers we know, and how many of those
# to customers who have an account on the forum as well. The others are followers with a handle alone.
FORUM, FORUM_KNOWN = 1_340, 1_000
INSTAGRAM, INSTAGRAM_KNOWN, INSTAGRAM_ON_FORUM = 779, 230, 150
DISCORD, DISCORD_KNOWN, DISCORD_ON_FORUM = 370, 280, 200


@dataclass(frozen=True)
class Person:
    """A customer or a colleague, as the shop knows them."""

    external_id: str
    name: str
    email: str
    phone: str | None
    currency: str
    company: str | None
    is_staff: bool = False
    motivation: str = ""  # what moves them, as a colleague noted it
    newsletter_since: datetime | None = None  # when they agreed to it

    @property
    def ref(self) -> dict[str, str]:
        return {"source": SOURCE, "external_id": self.external_id}


@dataclass(frozen=True)
class Account:
    """A member: an account on a channel, of a person we know or of somebody behind a handle."""

    channel: str
    external_id: str
    handle: str
    joined_at: datetime
    person: Person | None = None
    followers: int | None = None
    role: str = "community"
    role_since: datetime | None = None  # empty: from the beginning


class Crowd:
    """Accounts that are drawn by how active they are: weight (rank + shift)^-power, as in real communities."""

    def __init__(self, accounts: Sequence[Account], *, shift: float, power: float) -> None:
        self.accounts = accounts
        self._upto = list(accumulate((rank + shift) ** -power for rank in range(len(accounts))))
        self._first = min(accounts, key=lambda account: account.joined_at)

    def draw(self, dice: Random, at: datetime, other_than: Account | None = None) -> Account:
        """Draw an account that had joined by then and is not the given one."""
        for _ in range(40):
            account = self.accounts[bisect_left(self._upto, dice.random() * self._upto[-1])]
            if account.joined_at <= at and account is not other_than:
                return account
        return self._first


@dataclass(frozen=True)
class Channel:
    """The accounts of one channel: those who ask and talk, the fewer who answer, our colleagues and the bot."""

    members: Sequence[Account]
    talkers: Crowd
    helpers: Crowd
    staff: Sequence[Account]
    bots: Sequence[Account] = field(default=())

    @property
    def accounts(self) -> list[Account]:
        return [*self.members, *self.staff, *self.bots]


@dataclass(frozen=True)
class Population:
    """Everybody."""

    companies: Sequence[tuple[str, str]]  # external id, name
    customers: Sequence[Person]
    staff: Sequence[Person]
    forum: Channel
    instagram: Channel
    discord: Channel


def populate(calendar: Calendar) -> Population:
    """Make everybody up, the same for the same calendar."""
    companies = _companies(Random("companies"))
    customers = _customers(Random("customers"), companies, calendar)
    staff = [
        Person(f"staff-{user}", name, f"{user}@example.com", None, "EUR", None, is_staff=True) for user, name in STAFF
    ]
    dice = Random("accounts")
    on_forum = customers[:FORUM_KNOWN]
    elsewhere = customers[FORUM_KNOWN:]
    instagram_only = INSTAGRAM_KNOWN - INSTAGRAM_ON_FORUM
    discord_only = DISCORD_KNOWN - DISCORD_ON_FORUM
    on_instagram = dice.sample(on_forum, INSTAGRAM_ON_FORUM) + elsewhere[:instagram_only]
    on_discord = dice.sample(on_forum, DISCORD_ON_FORUM) + elsewhere[instagram_only:][:discord_only]
    founding = calendar.starts_at - timedelta(days=600)
    return Population(
        companies=companies,
        customers=customers,
        staff=staff,
        forum=_channel(
            "forum",
            _accounts(Random("forum"), calendar, "forum", "u", FORUM, on_forum),
            staff=[_colleague("forum", person, founding) for person in staff[:3]],
            bots=[Account("forum", "helper-bot", "HelperBot", founding, role="bot")],
        ),
        instagram=_channel(
            "instagram",
            _accounts(Random("instagram"), calendar, "instagram", "ig", INSTAGRAM, on_instagram),
            staff=[Account("instagram", "harbourlane", "harbourlane", founding, staff[2], 8_412, "staff")],
        ),
        discord=_channel(
            "discord",
            _accounts(Random("discord"), calendar, "discord", "d", DISCORD, on_discord),
            staff=[
                _colleague("discord", staff[2], founding),
                # Dan was a member like others until he was hired, ten months into the two years.
                _colleague("discord", staff[3], founding, since=calendar.starts_at + timedelta(days=300)),
            ],
            bots=[Account("discord", "greeter", "Greeter", founding, role="bot")],
        ),
    )


def _companies(dice: Random) -> list[tuple[str, str]]:
    drawn: dict[str, None] = {}
    while len(drawn) < COMPANIES:
        drawn[names.company(dice)] = None
    return [(f"f{number}", name) for number, name in enumerate(drawn, 1)]


def _customers(dice: Random, companies: Sequence[tuple[str, str]], calendar: Calendar) -> list[Person]:
    people = []
    notes = Random("notes about customers")
    taken: set[str | None] = set()
    for number in range(1, CUSTOMERS + 1):
        name = names.full_name(dice)
        phone = names.phone(dice) if dice.random() < 0.55 else None
        people.append(
            Person(
                external_id=f"c{number}",
                name=name,
                email=names.email(name, number),
                phone=None if phone in taken else phone,  # there are a thousand numbers, and no two share one
                currency="GBP" if dice.random() < 0.25 else "EUR",
                company=dice.choice(companies)[0] if dice.random() < 0.2 else None,
                motivation=notes.choice(MOTIVATIONS) if notes.random() < 0.06 else "",
                newsletter_since=calendar.moment(notes) if notes.random() < 0.4 else None,
            )
        )
        taken.add(phone)
    return people


def _accounts(
    dice: Random, calendar: Calendar, channel: str, prefix: str, count: int, known: Sequence[Person]
) -> list[Account]:
    """Return `count` accounts in order of activity, those of known people spread among the others."""
    owners: list[Person | None] = [*known, *[None] * (count - len(known))]
    dice.shuffle(owners)
    accounts = []
    for number, person in enumerate(owners, 1):
        joined_at = calendar.moment(dice)
        if dice.random() < 0.45:  # they were there before the two years began
            joined_at = calendar.starts_at - (joined_at - calendar.starts_at) / 2
        accounts.append(
            Account(
                channel=channel,
                external_id=f"{prefix}{number}",
                handle=names.handle(dice, person.name if person else names.full_name(dice)),
                joined_at=joined_at.replace(microsecond=0),
                person=person,
                followers=int(dice.lognormvariate(5, 1.2)) if channel == "instagram" else None,
            )
        )
    return accounts


def _channel(
    slug: str, members: Sequence[Account], *, staff: Sequence[Account], bots: Sequence[Account] = ()
) -> Channel:
    by_helpfulness = list(members)
    Random(f"{slug} helpers").shuffle(by_helpfulness)
    return Channel(
        members=members,
        talkers=Crowd(members, shift=51, power=0.8),
        helpers=Crowd(by_helpfulness, shift=6, power=1.1),
        staff=staff,
        bots=bots,
    )


def _colleague(channel: str, person: Person, joined_at: datetime, *, since: datetime | None = None) -> Account:
    user = person.external_id.removeprefix("staff-")
    return Account(channel, f"staff-{user}", f"{user}_harbourlane", joined_at, person, role="staff", role_since=since)
