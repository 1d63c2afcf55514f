"""Triggers that note which contacts the search for duplicates has to look at again."""

from typing import Any

import pgtrigger

from gateway.statement_triggers import statement_triggers


def compare_again(contact: str, *, when: str = "TRUE", changed: tuple[str, ...] = ()) -> list[Any]:
    """
    Return triggers that note the contact of every new row, of one that is gone, and of one whose columns differ.

    `contact` is the column that holds it: a row that goes from one contact to another is noted for both. `when` is a
    condition on rows that come and go, `changed` the columns that count. One INSERT for each statement.
    """
    triggers = [_note("insert", pgtrigger.Insert, pgtrigger.Referencing(new="the_rows"), contact, when)]
    whose = "n.id"
    if contact != "id":  # with a contact itself, whatever is known of it is gone
        triggers.append(_note("delete", pgtrigger.Delete, pgtrigger.Referencing(old="the_rows"), contact, when))
        whose = f"unnest(ARRAY[o.{contact}, n.{contact}])"
    if changed:
        new, old = (", ".join(f"{row}.{column}" for column in changed) for row in ("n", "o"))
        update = f"""
            INSERT INTO crm_changedidentity (contact_id)
            SELECT DISTINCT {whose}
            FROM new_rows n
            JOIN old_rows o ON o.id = n.id
            WHERE ({new}) IS DISTINCT FROM ({old});
        """
        triggers += statement_triggers("compare", update=update)
    return triggers


def _note(name: str, operation: Any, rows: pgtrigger.Referencing, contact: str, when: str) -> Any:
    return pgtrigger.Trigger(
        name=f"compare_on_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=rows,
        func=f"""
            INSERT INTO crm_changedidentity (contact_id) SELECT {contact} FROM the_rows WHERE {when};
            RETURN NULL;
        """,
    )
