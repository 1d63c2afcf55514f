"""
Operations for migrations, in place of library ones that cost too much.

`makemigrations` writes `pgtrigger.migrations.AddTrigger` and `RemoveTrigger`. Each of those renders its
model anew, and with it every model that refers to it, although nothing of a rendered model depends on
its triggers: 163 of them were half of the time that all migrations took. Change the import in a new
migration that has many of them; a few cost nothing worth the trouble.
"""

import pgtrigger.migrations
from django.db.migrations.state import ProjectState


class AddTrigger(pgtrigger.migrations.AddTrigger):
    """Create a trigger, and leave the rendered models as they are."""

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        options = state.models[app_label, self.model_name].options
        options["triggers"] = [*options.get("triggers", []), self.trigger]


class RemoveTrigger(pgtrigger.migrations.RemoveTrigger):
    """Drop a trigger, and leave the rendered models as they are."""

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        options = state.models[app_label, self.model_name].options
        options["triggers"] = [trigger for trigger in options.get("triggers", []) if trigger.name != self.name]
