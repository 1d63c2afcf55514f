"""The name of a person in the words of others: found in any case, in texts and in JSON, and nothing like it."""

import pytest

from community.models import Interaction
from crm.models import Consent, Contact, FollowUp, Note
from crm.personal_data.blotting import Traces, blot_out, count_mentions
from tests.factories.community import InteractionFactory
from tests.factories.crm import ConsentFactory, ContactFactory, FollowUpFactory, NoteFactory


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


@pytest.mark.django_db
@pytest.mark.parametrize("written", ["Åse  Ærø", "Åse\nÆrø", "Åse\u00a0Ærø", "A\u030ase Ærø", "ÅSE \r\n ÆRØ"])
def test_names_are_found_however_their_words_are_set_apart_and_their_accents_stored(written: str):
    note = NoteFactory(text=f"I met {written}.")
    spouse = ContactFactory(custom_fields={"spouse": f"is {written}"})
    apart = NoteFactory(text="Åse and Ærø")

    blot_out(Traces.made_of({"name": ["Åse Ærø"]}))

    for row in (note, spouse, apart):
        row.refresh_from_db()
    assert (note.text, spouse.custom_fields) == ("I met [erased].", {"spouse": "is [erased]"})
    assert apart.text == "Åse and Ærø"


@pytest.mark.django_db
def test_staff_write_of_others_in_notes_and_follow_ups_and_their_history():
    note = NoteFactory(text="Her sister is Joe Bloggs.")
    Note.objects.filter(pk=note.pk).update(text="Her sister is joe_b, or so she says.")
    FollowUpFactory(what="Ask Joe Bloggs")
    ConsentFactory(source="heard from Joe Bloggs")
    ContactFactory(tags=["knows Joe Bloggs", "vip", 'said "joe_b"'])
    traces = Traces(["Joe Bloggs", "joe_b"])

    assert count_mentions(traces, besides=lambda model: ()) == {
        "crm.Note": 1, "crm.NoteEvent": 2, "crm.FollowUp": 1, "crm.FollowUpEvent": 1, "crm.Consent": 1,
        "crm.ConsentEvent": 1, "crm.Contact": 1, "crm.ContactEvent": 1,
    }  # fmt: skip
    blot_out(traces)

    assert count_mentions(traces, besides=lambda model: ()) == {}
    assert Note.objects.get().text == "Her sister is [erased], or so she says."
    said = note.events.order_by("pgh_id").values_list("text", flat=True)
    assert list(said)[:2] == ["Her sister is [erased].", "Her sister is [erased], or so she says."]
    assert FollowUp.objects.get().what == "Ask [erased]"
    assert Consent.objects.get().source == "heard from [erased]"
    assert Contact.objects.exclude(tags=[]).get().tags == ["knows [erased]", "vip", 'said "[erased]"']


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("https://x.example/u/joe_b", "https://x.example/u/[erased]"),
        ("https://x.example/t/thank-you-Joe-Bloggs/7", "https://x.example/t/thank-you-[erased]/7"),
        ("https://x.example/?for=joe%40bloggs.example&to=Joe+Bloggs", "https://x.example/?for=[erased]&to=[erased]"),
        ("https://x.example/joe%20bloggs/asoe-joergensen", "https://x.example/[erased]/asoe-joergensen"),
        ("https://x.example/zoe-muller", "https://x.example/[erased]"),
        ("https://x.example/joe-bloggsen/joe_bc", "https://x.example/joe-bloggsen/joe_bc"),
    ],
)
def test_links_write_names_otherwise(url: str, becomes: str):
    InteractionFactory(url=url)

    blot_out(Traces(["joe@bloggs.example", "Joe Bloggs", "Zoë Müller", "joe_b"]))

    assert Interaction.objects.get().url == becomes
