"""Triggers that note which contacts the search for duplicates has to look at again."""

from typing import Any

import pgtrigger

from gateway.statement_triggers import PLANNED_BY_INDEX, planned_by_index


def compare_again(contact: str, *, when: str = "TRUE", changed: tuple[str, ...] = ()) -> list[Any]:
    """
    Return triggers that note the contact of every new row, and of rows in which a column of `changed` differs.

    `contact` is the column that holds it; `when` a condition on new rows. One INSERT for each statement.
    """
    insert = f"""
        INSERT INTO crm_changedidentity (contact_id) SELECT {contact} FROM new_rows WHERE {when};
        RETURN NULL;
    """
    new, old = (", ".join(f"{row}.{column}" for column in changed) for row in ("n", "o"))
    update = f"""
        INSERT INTO crm_changedidentity (contact_id)
        SELECT n.{contact} FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE ({new}) IS DISTINCT FROM ({old});
    """
    triggers = [
        pgtrigger.Trigger(
            name="compare_on_insert",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"),
            func=insert,
        )
    ]
    if changed:
        triggers.append(
            pgtrigger.Trigger(
                name="compare_on_update",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),
                declare=PLANNED_BY_INDEX,
                func=planned_by_index(update),
            )
        )
    return triggers
