"""The name of a person in the words of others: found in any case, in texts and in JSON, and nothing like it."""

import pytest

from community.models import Interaction
from crm.models import Contact
from crm.personal_data.blotting import Traces, blot_out, count_mentions
from tests.factories.community import InteractionFactory
from tests.factories.crm import ContactFactory


@pytest.mark.parametrize(
    ("texts", "hints"),
    [
        (["maria.lind@example.com", "Maria Lind"], ["Maria Lind", "maria.lind@example.com"]),
        (["maria.lind@example.com", "@maria.lind", "maria.lind"], ["maria.lind"]),  # which the others hold
        (["Jürgen Müller-Lindström"], ["ller-Lindstr"]),
        (['Joe "Jo" Bloggs'], [" Bloggs"]),  # in JSON the quotes are written otherwise
        (["Joe Bloggs", "Åsø Ærø"], []),  # nothing certain about the second: it is looked for by the expression alone
        ([], []),
    ],
)
def test_hints_are_certain_parts_of_what_is_looked_for(texts: list[str], hints: list[str]):
    assert list(Traces(texts).hints()) == hints


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["Joe Bloggs", "Åsø Ærø", "Jürgen Müller-Lindström", 'Joe "Jo" Bloggs', "joe_b%x100", r"Joe \Bloggs", "Σίσυφος Ις"],
)
def test_names_are_found_in_any_case_and_as_whole_words(name: str):
    own = InteractionFactory(text=f"I am {name}.")
    for words in (f"Ask {name} about it.", f"{name.upper()}!", f"({name.lower()})"):
        InteractionFactory(text=words)
    for words in (f"Ask {name}s about it.", f"X{name}", name[:-1], "joeXbYx100"):
        InteractionFactory(text=words)
    ContactFactory(custom_fields={"spouse": name})
    ContactFactory(custom_fields={"spouse": name[1:]})
    traces = Traces([name])

    def found() -> dict[str, int]:
        counts = count_mentions(traces, besides=lambda model: {own.pk} if model is Interaction else ())
        return {label: count for label, count in counts.items() if not label.endswith("Event")}

    assert found() == {"community.Interaction": 3, "crm.Contact": 1}
    assert blot_out(traces)["community.Interaction"] == 4
    assert found() == {}
    assert sorted(Interaction.objects.filter(text__contains="[erased]").values_list("text", flat=True)) == [
        "([erased])",
        "Ask [erased] about it.",
        "I am [erased].",
        "[erased]!",
    ]
    assert Contact.objects.filter(custom_fields={"spouse": "[erased]"}).count() == 1
