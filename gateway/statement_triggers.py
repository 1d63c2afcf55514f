"""
Triggers that fire once per statement, with plans that hold for any number of its rows.

The plans of a trigger are kept by the session. Made for a statement of one row, or while the tables were
empty, they would serve a statement of thousands ever after: each new row compared with each old one, whole
tables read for every row.
"""

from collections.abc import Sequence

import pgtrigger

PLANNED_BY_INDEX = [("seqscan_before", "text"), ("nestloop_before", "text")]


def planned_by_index(body: str) -> str:
    """
    Return the body of a statement trigger whose plans pair rows by sorting or hashing and find others by index.

    The trigger has to declare `PLANNED_BY_INDEX`; `body` must not return.
    """
    return f"""
    seqscan_before := current_setting('enable_seqscan');
    nestloop_before := current_setting('enable_nestloop');
    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true);
    {body}
    PERFORM set_config('enable_seqscan', seqscan_before, true), set_config('enable_nestloop', nestloop_before, true);
    RETURN NULL;
    """


def statement_triggers(
    does: str,
    *,
    insert: str | None = None,
    update: str | None = None,
    delete: str | None = None,
    declare: Sequence[tuple[str, str]] = (),
) -> list[pgtrigger.Trigger]:
    """
    Return the triggers, called `<does>_on_insert` and so on, that run these bodies over `old_rows` and `new_rows`.

    `declare` are the variables that the bodies name.
    """
    bodies = [
        ("insert", pgtrigger.Insert, pgtrigger.Referencing(new="new_rows"), insert),
        ("update", pgtrigger.Update, pgtrigger.Referencing(old="old_rows", new="new_rows"), update),
        ("delete", pgtrigger.Delete, pgtrigger.Referencing(old="old_rows"), delete),
    ]
    return [
        pgtrigger.Trigger(
            name=f"{does}_on_{change}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=referencing,
            declare=[*declare, *PLANNED_BY_INDEX],
            func=planned_by_index(body),
        )
        for change, operation, referencing, body in bodies
        if body is not None
    ]
