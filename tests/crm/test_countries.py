"""What countries and languages are called."""

import pytest

from crm.countries import COUNTRIES, countries_by_name, country_name, language_name
from crm.folding import fold


@pytest.mark.parametrize(
    ("code", "name"),
    [("IE", "Ireland"), ("CI", "Côte d’Ivoire"), ("unknown", "unknown"), ("other", "other"), ("EU", "EU"), ("", "")],
)
def test_a_country_has_a_name_and_anything_else_is_called_what_it_is(code: str, name: str):
    assert country_name(code) == name


def test_every_country_is_there_in_the_order_of_names_whatever_their_accents():
    codes, names = zip(*countries_by_name(), strict=True)

    assert set(codes) == COUNTRIES
    assert len(set(names)) == 249
    assert not set(names) & COUNTRIES
    assert list(names).index("Åland Islands") == sorted(map(fold, names)).index("aland islands") == 1
    assert names[-1] == "Zimbabwe"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("da", "Danish"),
        ("pt-BR", "Portuguese (Brazil)"),
        ("unknown", "unknown"),
        ("other", "other"),
        ("xx", "xx"),
        ("", ""),
        ("en-", "en-"),
        ("a b", "a b"),
        ("i-klingon", "i-klingon"),
    ],
)
def test_a_language_has_a_name_and_anything_else_is_called_what_it_is(tag: str, name: str):
    assert language_name(tag) == name
