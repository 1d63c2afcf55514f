"""Operations for migrations: the same models and tables as those of Django, rendered once."""

from decimal import Decimal

import pgtrigger
import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations import AddField, CreateModel
from django.db.migrations.migration import Migration
from django.db.migrations.optimizer import MigrationOptimizer
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter

from crm.models import ExchangeRate
from gateway.history import Change, events_of, history_of
from gateway.migration_operations import AddFields, AddTrigger, CreateModels, begin_history
from tests.factories.crm import ExchangeRateFactory


def models_of_a_library() -> list[CreateModel]:
    number = ("id", models.BigAutoField(primary_key=True))
    by = models.ForeignKey("library.Author", models.CASCADE, related_name="books")
    return [CreateModel("Author", [number]), CreateModel("Book", [number, ("author", by)])]


def rendered_state() -> ProjectState:
    """Return a state that has models rendered already, as it has in the middle of a migration."""
    state = ProjectState()
    state.add_model(ModelState("library", "Shelf", [("id", models.BigAutoField(primary_key=True))]))
    state.apps.get_model("library", "shelf")
    return state


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("library_")}


def test_state_is_as_if_the_models_were_created_one_by_one():
    together, one_by_one = rendered_state(), rendered_state()

    CreateModels(models_of_a_library()).state_forwards("library", together)
    for model in models_of_a_library():
        model.state_forwards("library", one_by_one)

    assert together.models == one_by_one.models
    author, book = (together.apps.get_model("library", name) for name in ("author", "book"))
    assert book._meta.get_field("author").related_model is author
    assert [relation.name for relation in author._meta.related_objects] == ["books"]
    assert together.apps.get_model("library", "shelf")


@pytest.mark.django_db
def test_tables_come_and_go():
    operation = CreateModels(models_of_a_library())
    before, after = rendered_state(), rendered_state()
    operation.state_forwards("library", after)

    with connection.schema_editor() as editor:
        operation.database_forwards("library", editor, before, after)
    assert tables() == {"library_author", "library_book"}

    with connection.schema_editor() as editor:
        operation.database_backwards("library", editor, after, before)
    assert tables() == set()


def test_it_is_written_with_every_model():
    migration = Migration("0001_initial", "library")
    migration.operations = [CreateModels(models_of_a_library())]

    text = MigrationWriter(migration).as_string()

    assert "gateway.migration_operations.CreateModels(" in text
    assert text.count("migrations.CreateModel(") == 2
    assert migration.suggest_name() == "author_book"
    assert "Author, Book" in migration.operations[0].describe()


def fields_of_a_library() -> list[AddField]:
    lender = models.ForeignKey("library.Author", models.CASCADE, null=True, related_name="borrowed")
    return [
        AddField("author", "name", models.TextField(default=""), preserve_default=False),
        AddField("book", "lender", lender),
        AddField("book", "title", models.TextField(null=True)),
    ]


def test_state_is_as_if_the_fields_were_added_one_by_one():
    together, one_by_one = rendered_state(), rendered_state()
    for state in (together, one_by_one):
        CreateModels(models_of_a_library()).state_forwards("library", state)

    AddFields(fields_of_a_library()).state_forwards("library", together)
    for field in fields_of_a_library():
        field.state_forwards("library", one_by_one)

    assert together.models == one_by_one.models
    author, book = (together.apps.get_model("library", name) for name in ("author", "book"))
    assert [field.name for field in book._meta.fields] == ["id", "author", "lender", "title"]
    assert sorted(relation.name for relation in author._meta.related_objects) == ["books", "borrowed"]


@pytest.mark.django_db
def test_columns_come_and_go():
    empty, before, after = rendered_state(), rendered_state(), rendered_state()
    for state in (before, after):
        CreateModels(models_of_a_library()).state_forwards("library", state)
    operation = AddFields(fields_of_a_library())
    operation.state_forwards("library", after)

    def columns() -> list[str]:
        with connection.cursor() as cursor:
            return [column.name for column in connection.introspection.get_table_description(cursor, "library_book")]

    with connection.schema_editor() as editor:
        CreateModels(models_of_a_library()).database_forwards("library", editor, empty, before)
        operation.database_forwards("library", editor, before, after)
    assert columns() == ["id", "author_id", "lender_id", "title"]

    with connection.schema_editor() as editor:
        operation.database_backwards("library", editor, after, before)
    assert columns() == ["id", "author_id"]
    assert "author.name, book.lender, book.title" in operation.describe()
    assert operation.migration_name_fragment == "author_book"


@pytest.mark.parametrize(("about", "left"), [("author", 3), ("book", 4)])
def test_a_field_moves_past_the_triggers_of_other_models(about: str, left: int):
    trigger = pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)
    operations = [
        *models_of_a_library(),
        AddTrigger(about, trigger),
        AddField("book", "title", models.TextField()),
    ]

    assert len(MigrationOptimizer().optimize(operations, "library")) == left


@pytest.mark.django_db
def test_a_history_that_begins_late_knows_what_was_there_before_the_first_change():
    rate = ExchangeRateFactory(rate=Decimal("1.5"))
    events_of(ExchangeRate).delete()

    with connection.schema_editor() as editor:
        begin_history("crm", "ExchangeRateEvent").code(apps, editor)
    ExchangeRate.objects.filter(pk=rate.pk).update(rate=Decimal("2.5"))

    changed, begun = history_of(rate)
    assert changed.changes == [Change("rate", Decimal("1.5"), Decimal("2.5"))]
    assert (begun.kind, begun.who) == ("as it was when its history began", "the system")
