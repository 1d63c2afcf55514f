"""
What people without a name are called: the handles of their accounts, kept in `Contact.known_as` by triggers.

crm owns the column and shows it, community knows the accounts. A contact that was not merged is known by the
accounts of all records of its person, one that was merged by its own. The triggers run once per statement over
its rows, so that no way of writing accounts can forget them, and write only what differs.
"""

from typing import Any

import pgtrigger

from crm.models import Contact
from crm.search_text import SEARCH_TEXT

HANDLES_SHOWN = 10

_SEARCH_TEXT = SEARCH_TEXT.format(
    full_name="t.full_name", preferred_name="t.preferred_name", known_as="called.known_as"
)

# Rows are locked first, in the order of their ids: what is written then follows from accounts as they are by now,
# whoever changed them meanwhile. Statements are planned anew each time (EXECUTE): a plan made while the tables were
# empty would read all of them ever after. Each table is gone through once for all rows of the statement: looking
# up each contact by itself takes hours in a table that the planner still believes to be empty.
_WRITE = f"""
    EXECUTE 'SELECT count(*) FROM (SELECT FROM crm_contact WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) x'
    USING concerned;
    EXECUTE $statement$
        WITH one AS MATERIALIZED (SELECT DISTINCT id FROM unnest($1) AS id),
        whose AS MATERIALIZED (
            SELECT id AS called_id, id AS record_id FROM one
            UNION
            SELECT c.person_id, c.id FROM crm_contact c WHERE c.person_id = ANY($1)
        ),
        handle AS MATERIALIZED (
            SELECT whose.called_id, m.handle, min(m.id) AS first
            FROM whose
            JOIN community_member m ON m.contact_id = whose.record_id
            WHERE m.handle <> ''
            GROUP BY whose.called_id, m.handle
        ),
        placed AS MATERIALIZED (
            SELECT *, row_number() OVER (PARTITION BY called_id ORDER BY first) AS place FROM handle
        ),
        called AS MATERIALIZED (
            SELECT one.id,
                COALESCE(string_agg(p.handle, ', ' ORDER BY p.first) FILTER (WHERE p.place <= {HANDLES_SHOWN}), '')
                    AS known_as
            FROM one
            LEFT JOIN placed p ON p.called_id = one.id
            GROUP BY one.id
        )
        UPDATE crm_contact t
        SET known_as = called.known_as, search_text = {_SEARCH_TEXT}
        FROM called
        WHERE t.id = called.id AND t.known_as <> called.known_as
    $statement$ USING concerned;
    RETURN NULL;
"""


def _of_accounts(changed: str) -> str:
    """The body of a trigger for the contacts among `changed` and the persons they belong to."""
    return f"""
    EXECUTE $statement$
        SELECT array_agg(changed.contact_id) FROM ({changed}) changed (contact_id)
    $statement$ INTO concerned;
    IF concerned IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE 'SELECT array_agg(DISTINCT whose.id) FROM crm_contact c'
            ' CROSS JOIN LATERAL (VALUES (c.id), (c.person_id)) whose (id) WHERE c.id = ANY($1)'
    INTO concerned USING concerned;
    {_WRITE}
"""


_CHANGED = """
    SELECT whose.contact_id
    FROM old_rows o
    JOIN new_rows n ON n.id = o.id
    CROSS JOIN LATERAL (VALUES (o.contact_id), (n.contact_id)) whose (contact_id)
    WHERE (n.contact_id, n.handle) IS DISTINCT FROM (o.contact_id, o.handle)
"""


def _trigger(name: str, operation: Any, referencing: Any, changed: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=referencing,
        declare=[("concerned", "bigint[]")],
        func=_of_accounts(changed),
    )


MEMBER_TRIGGERS = [
    _trigger(
        "known_as_on_insert",
        pgtrigger.Insert,
        pgtrigger.Referencing(new="new_rows"),
        "SELECT contact_id FROM new_rows WHERE handle <> ''",
    ),
    _trigger("known_as_on_update", pgtrigger.Update, pgtrigger.Referencing(old="old_rows", new="new_rows"), _CHANGED),
    _trigger(
        "known_as_on_delete",
        pgtrigger.Delete,
        pgtrigger.Referencing(old="old_rows"),
        "SELECT contact_id FROM old_rows WHERE handle <> ''",
    ),
]


class CalledContact(Contact):
    """A merge, or its undoing, takes accounts along: both persons are called anew."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers = [
            pgtrigger.Trigger(
                name="known_as_on_merge",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("merged_into_id", "person_id"),
                condition=pgtrigger.Q(old__person_id__df=pgtrigger.F("new__person_id")),
                declare=[("concerned", "bigint[]")],
                func="concerned := ARRAY[NEW.id, OLD.person_id, NEW.person_id];" + _WRITE,
            )
        ]
