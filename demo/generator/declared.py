"""What some customers say of themselves: where they live, when they were born, the language they would rather read."""

from collections.abc import Sequence
from random import Random

from demo.generator.people import Person
from demo.generator.talk import Item

COUNTRIES = ("IE", "GB", "DE", "NL", "DK", "PL")
COUNTRY_WEIGHTS = (44, 25, 9, 8, 8, 6)
LANGUAGES = {"DE": "de", "NL": "nl", "DK": "da", "PL": "pl"}


def declared(customers: Sequence[Person], *, last_year: int) -> dict[str, Item]:
    """Return by external id what customers say of themselves, of those who say anything."""
    dice = Random("what customers say of themselves")
    said: dict[str, Item] = {}
    for person in customers:
        item: Item = {}
        if dice.random() < 0.55:
            [country] = dice.choices(COUNTRIES, COUNTRY_WEIGHTS)
            item |= {"country": country, "language": LANGUAGES.get(country, "en")}
        if dice.random() < 0.4:
            item["birth_year"] = last_year - max(17, round(dice.gauss(36, 11)))
        if item:
            said[person.external_id] = item
    return said
