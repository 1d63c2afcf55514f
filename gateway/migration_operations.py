"""
Operations for migrations, in place of library ones that cost too much.

An operation renders the model that it is about anew, and with it every model that is connected to it, which
here is nearly all there are: some 80 ms each time, and almost all of the time that migrations take.

- `makemigrations` writes `pgtrigger.migrations.AddTrigger` and `RemoveTrigger`, although nothing of a rendered
  model depends on its triggers. Change the import in a migration that has many of them. `manage.py
  optimizemigration` then moves fields of new models past them, into the model.
- Put the models that a migration creates into one `CreateModels`, with their fields, indexes and constraints, and
  the fields that it adds to others into one `AddFields`.

A few of either cost nothing worth the trouble.
"""

from collections.abc import Sequence

import pgtrigger.migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import AddField
from django.db.migrations.operations.models import CreateModel
from django.db.migrations.operations.special import RunPython
from django.db.migrations.state import ProjectState, StateApps


class RenderedOnce(Operation):
    """Operations that are done in their order, and rendered together, with whatever is connected to them, once."""

    def parts(self) -> Sequence[CreateModel] | Sequence[AddField]:
        """Return the operations."""
        raise NotImplementedError

    def touched(self) -> set[str]:
        """Return the names of the models that they are about."""
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        rendered = state.__dict__.pop("apps", None)
        for part in self.parts():
            part.state_forwards(app_label, state)
        if rendered is not None:
            state.__dict__["apps"] = rendered
            state.reload_models([(app_label, name) for name in self.touched()], delay=False)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for part in self.parts():
            part.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for part in reversed(self.parts()):
            part.database_backwards(app_label, schema_editor, from_state, to_state)


class CreateModels(RenderedOnce):
    """Create models in this order."""

    serialization_expand_args = ["models"]

    def __init__(self, models: Sequence[CreateModel]) -> None:
        self.models = models

    def parts(self) -> Sequence[CreateModel]:
        return self.models

    def touched(self) -> set[str]:
        return {model.name_lower for model in self.models}

    def describe(self) -> str:
        return "Create models " + ", ".join(model.name for model in self.models)

    @property
    def migration_name_fragment(self) -> str:
        return "_".join(model.name_lower for model in self.models[:2])


class AddFields(RenderedOnce):
    """Add fields to models in this order."""

    serialization_expand_args = ["fields"]

    def __init__(self, fields: Sequence[AddField]) -> None:
        self.fields = fields

    def parts(self) -> Sequence[AddField]:
        return self.fields

    def touched(self) -> set[str]:
        return {field.model_name_lower for field in self.fields}

    def describe(self) -> str:
        return "Add fields " + ", ".join(f"{field.model_name}.{field.name}" for field in self.fields)

    @property
    def migration_name_fragment(self) -> str:
        return "_".join(sorted(self.touched()))


class AboutOneModel:
    """An operation that other models have nothing to do with: theirs may move past it."""

    model_name: str

    def references_model(self, name: str, app_label: str) -> bool:
        """Whether `name` is the model of this trigger."""
        return name.lower() == self.model_name.lower()


class AddTrigger(AboutOneModel, pgtrigger.migrations.AddTrigger):
    """Create a trigger, and leave the rendered models as they are."""

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        options = state.models[app_label, self.model_name].options
        options["triggers"] = [*options.get("triggers", []), self.trigger]


class RemoveTrigger(AboutOneModel, pgtrigger.migrations.RemoveTrigger):
    """Drop a trigger, and leave the rendered models as they are."""

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        options = state.models[app_label, self.model_name].options
        options["triggers"] = [trigger for trigger in options.get("triggers", []) if trigger.name != self.name]


def begin_history(app_label: str, event_name: str) -> RunPython:
    """
    Begin the history of rows that are there already with what they are now.

    Else their first change would not say what was there before it. One statement; nothing on the way back.
    """

    def begin(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        event = apps.get_model(app_label, event_name)
        record = event._meta.get_field("pgh_obj").related_model
        fields = event._meta.concrete_fields
        kept = ", ".join(f'"{field.column}"' for field in fields if not field.name.startswith("pgh_"))
        schema_editor.execute(
            f'INSERT INTO "{event._meta.db_table}" (pgh_obj_id, pgh_created_at, pgh_label, {kept})'
            f' SELECT "{record._meta.pk.column}", now(), \'begin\', {kept} FROM "{record._meta.db_table}"'
        )

    return RunPython(begin, RunPython.noop, elidable=True)
