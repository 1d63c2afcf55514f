"""
Harbour Lane Training: a made-up company with two communities, 24 months of it, as items of the API.

    for key, items in collections(date(2026, 11, 1)):
        ...  # "communities", then "channels", … : `items` is a stream of dictionaries for POST …/batch/upsert

The same `until` gives the same items, on every machine: all chance comes from generators with a name
for a seed, and nothing depends on the clock or on the order of a hash.

    calendar.py    days and hours: terms, weekends, evenings, growth
    catalogue.py   the courses;  names.py  people's names;  subjects.py  what they ask and answer
    people.py      customers, staff, companies, accounts
    campaigns.py   the fourteen campaigns
    talk.py        forum, Discord, Instagram
    helping.py     calls and accepted answers
    help_pages.py  who looked at help pages;  sizes.py  how many people channels have
    declared.py    what customers say of themselves
    twice.py       a few people whom two systems know
    spending.py    costs;  sales.py  conversions, refunds, exchange rates
    desk.py        notes and follow-ups
    joe.py         the one story that README.md works by hand
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import chain

from demo.generator import desk, help_pages, helping, joe, sales, sizes, spending, talk, twice
from demo.generator.calendar import Calendar, stamp
from demo.generator.campaigns import Campaign, campaigns, owner
from demo.generator.declared import declared
from demo.generator.people import SOURCE, Account, Person, Population, populate
from demo.generator.talk import Item

COMMUNITIES: tuple[Item, ...] = (
    {
        "slug": "students",
        "name": "Students get answers",
        "purpose": "Everyone who learns with us gets an answer to their question, and soon.",
        "purpose_measure": "people_helped",
        "target": "900",
    },
    {
        "slug": "teachers",
        "name": "Teachers share",
        "purpose": "Whoever teaches with us finds material and advice from a colleague.",
        "purpose_measure": "questions_answered",
        "target": "150",
    },
)
CHANNELS: tuple[Item, ...] = (
    {"slug": "forum", "name": "Forum", "platform": "discourse", "community": "students", "reply_target_minutes": 480},
    {"slug": "phone", "name": "Telephone", "platform": "phone", "community": "students"},
    {
        "slug": "instagram",
        "name": "Instagram",
        "platform": "instagram",
        "community": "students",
        "reply_target_minutes": 240,
    },
    {"slug": "discord", "name": "Discord", "platform": "discord", "community": "teachers", "reply_target_minutes": 480},
)


def collections(until: date) -> Iterator[tuple[str, Iterator[Item]]]:
    """Yield every collection of the company's two years before `until`, with a stream of its items."""
    calendar = Calendar(until)
    people = populate(calendar)
    planned = campaigns(calendar)
    streams: tuple[tuple[str, Iterable[Item]], ...] = (
        ("exchange-rates", sales.exchange_rates(calendar)),
        ("communities", COMMUNITIES),
        ("channels", CHANNELS),
        ("channel-sizes", sizes.sizes(calendar, people)),
        ("companies", _companies(people)),
        ("contacts", chain(_contacts(calendar, people), twice.contacts(people))),
        ("members", chain(_members(people), twice.members(people))),
        ("campaigns", _campaigns(planned)),
        (
            "interactions",
            chain(talk.interactions(calendar, people, planned), help_pages.views(calendar, people)),
        ),
        ("threads", talk.threads(calendar, people)),
        ("help-records", chain(helping.rated_answers(calendar, people), helping.calls(calendar, people))),
        ("costs", spending.costs(calendar, people, planned)),
        ("conversions", sales.conversions(calendar, people, planned)),
        ("notes", desk.notes(calendar, people)),
        ("follow-ups", desk.follow_ups(calendar, people)),
    )
    for key, items in streams:
        yield key, chain(items, joe.steps(until, key))


def _companies(people: Population) -> Iterator[Item]:
    for external_id, name in people.companies:
        domain = f"{name.lower().replace(' ', '-').replace('è', 'e')}.example"
        yield {"source": SOURCE, "external_id": external_id, "name": name, "domain": domain}


def _contacts(calendar: Calendar, people: Population) -> Iterator[Item]:
    said = declared(people.customers, last_year=calendar.until.year)
    for person in chain(people.staff, people.customers):
        yield _contact(person, since=calendar.starts_at) | said.get(person.external_id, {})


def _contact(person: Person, *, since: datetime) -> Item:
    item: Item = {**person.ref, "full_name": person.name, "email": person.email, "stage": "customer"}
    if person.phone:
        item["phone"] = person.phone
    if person.company:
        item["company"] = {"source": SOURCE, "external_id": person.company}
    consents = []
    if person.newsletter_since:
        consents.append({"purpose": "newsletter", "granted_at": stamp(person.newsletter_since), "source": "order form"})
    if person.motivation:
        item["motivation"] = person.motivation
        consents.append({"purpose": "profiling", "granted_at": stamp(since), "source": "told a colleague"})
    if consents:
        item["consents"] = consents
    if person.is_staff:
        item["tags"] = ["staff"]
    return item


def _members(people: Population) -> Iterator[Item]:
    for channel in (people.forum, people.instagram, people.discord):
        for account in channel.accounts:
            yield _member(account)


def _member(account: Account) -> Item:
    item: Item = {
        "channel": account.channel,
        "external_id": account.external_id,
        "handle": account.handle,
        "joined_at": stamp(account.joined_at),
        "role": account.role,
    }
    if account.role_since:
        item["role_since"] = stamp(account.role_since)
    if account.person:
        item["contact"] = account.person.ref
    if account.followers is not None:
        item["followers"] = account.followers
    return item


def _campaigns(planned: Iterable[Campaign]) -> Iterator[Item]:
    # A parent stands before its children in the plan.
    for campaign in planned:
        plan = campaign.plan
        item: Item = {
            "code": plan.code,
            "name": plan.name,
            "objective": plan.objective,
            "status": "ended",
            "starts_on": campaign.starts_on.isoformat(),
            "ends_on": campaign.ends_on.isoformat(),
            "is_pilot": plan.is_pilot,
            "owner": owner(campaign),
        }
        if plan.budget:
            item |= {"budget": plan.budget, "currency": "EUR"}
        if plan.parent:
            item["parent"] = plan.parent
        yield item


__all__ = ["CHANNELS", "COMMUNITIES", "Calendar", "Item", "collections"]
