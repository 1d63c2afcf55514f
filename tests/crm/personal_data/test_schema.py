"""Everything that can hold something about a person is declared."""

from django.apps.registry import Apps
from django.db import models

from crm.extensions import personal_data
from crm.models import Contact
from crm.personal_data import schema
from crm.personal_data.declarations import PersonalData, Words
from crm.personal_data.schema import stored_models, undeclared, ways_of


def test_every_model_field_and_way_to_a_person_is_declared():
    assert undeclared() == [], (
        "An app holds something new: say in its personal_data.py what it tells about people, and what an erasure "
        "does to it."
    )


def test_no_declaration_speaks_of_a_model_that_is_gone():
    assert {entry.key for entry in personal_data} - {model._meta.label for model in stored_models()} == set()


def test_a_new_model_field_or_way_is_told_in_a_sentence(monkeypatch):
    class Letter(models.Model):
        contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
        text = models.TextField()

        class Meta:
            app_label = "crm"
            apps = Apps()

        def __str__(self):
            return self.text

    monkeypatch.setattr(schema, "stored_models", lambda: [Letter])

    assert undeclared()[0].startswith("crm.Letter is new: what does it hold about people? Declare it in")
    with personal_data.temporarily(PersonalData(model="crm.Letter", nobody="said so")):
        assert [sentence.split(":")[0] for sentence in undeclared()] == [
            "crm.Letter.text can hold words about people",
            "crm.Letter.contact leads to rows about people",
        ]
    with personal_data.temporarily(PersonalData(model="crm.Letter", reach={"contact": "contact"}, rows="delete")):
        assert [sentence.split(":")[0] for sentence in undeclared()] == ["crm.Letter.text can hold words about people"]
    with personal_data.temporarily(
        PersonalData(model="crm.Letter", reach={"contact": "contact"}, fields={"text": Words(), "title": Words()})
    ):
        assert [sentence.split(",")[0] for sentence in undeclared()] == ["crm.Letter has no field title"]


def test_history_leads_to_a_person_by_its_own_columns_and_through_its_record():
    history = next(model for model in stored_models() if model._meta.label == "crm.ConversionEvent")

    assert list(ways_of(history)) == ["contact", "history: contact", "history: refund"]
