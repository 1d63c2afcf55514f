"""References from derived rows to facts."""

from typing import Any

from django.db import models


def reference(to: type[models.Model], *, null: bool = False, primary_key: bool = False) -> Any:
    """
    Return a foreign key without index, constraint in the database or way back from the fact.

    Derived rows never hold a fact back: deleting one must not wait for the recompute that follows.
    """
    field = models.OneToOneField if primary_key else models.ForeignKey
    options: dict[str, Any] = {"primary_key": True} if primary_key else {"db_index": False, "null": null}
    return field(to, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", **options)
