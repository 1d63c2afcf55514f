"""A few customers who are here twice: the newsletter knows them as well, under a slip of a name or another address."""

from collections.abc import Callable, Iterator, Sequence

from demo.generator.people import SOURCE, Person, Population
from demo.generator.talk import Item

NEWSLETTER = "newsletter"  # another system, which knows nothing of the shop's numbers


def contacts(people: Population) -> Iterator[Item]:
    """Yield what the newsletter says: three people with the shop's address, two whose names it misspells."""
    for number, person in enumerate(_spread(people.customers, lambda person: True, many=3), 1):
        first, _, last = person.name.partition(" ")
        yield {**_ref(number), "full_name": f"{first[0]}. {last}", "email": person.email, "stage": "lead"}
    at_work = _spread(people.customers, lambda person: person.company is not None and len(person.name) > 11, many=2)
    for number, person in enumerate(at_work, 4):
        yield {
            **_ref(number),
            "full_name": person.name[:-2] + person.name[-1],  # a letter is missing
            "email": f"{number}.{person.email}",
            "company": {"source": SOURCE, "external_id": person.company},
            "stage": "lead",
        }


def members(people: Population) -> Iterator[Item]:
    """Yield accounts that nobody has linked yet, each with a handle that reads like a customer's name."""
    known = {account.handle for account in people.instagram.accounts}
    for number, person in enumerate(_spread(people.customers, lambda person: len(person.name) > 9, many=2, skip=7), 1):
        handle = f"{person.name.lower().replace(' ', '_')}_{number}"
        if handle not in known:
            yield {
                "channel": "instagram",
                "external_id": f"twice-{number}",
                "handle": handle,
                "followers": 212,
            }


def _ref(number: int) -> Item:
    return {"source": NEWSLETTER, "external_id": f"n{number}"}


def _spread(people: Sequence[Person], which: Callable[[Person], bool], *, many: int, skip: int = 0) -> list[Person]:
    """Return `many` of those people, from all over the list."""
    wanted = [person for person in people if which(person)][skip:]
    return wanted[:: len(wanted) // many][:many]
