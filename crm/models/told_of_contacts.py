"""
Triggers that set a contact's `updated_at` when other rows change what clients read of it.

Clients follow contacts by `updated_since`. Whether a person wishes not to be contacted is said on any of their
records, and whether they are a customer by their conversions: a copy elsewhere has to hear of both.
"""

from typing import Any

import pgtrigger

from gateway.statement_triggers import PLANNED_BY_INDEX, planned_by_index

_OTHER_RECORDS = """
        UPDATE crm_contact c SET updated_at = now() WHERE c.person_id = ANY({persons}) AND c.id <> NEW.id;
"""


def told_with_the_person() -> list[pgtrigger.Trigger]:
    """Return triggers on contacts: the other records of a person are told anew with a wish, and with a merge."""
    wish = f"""
    IF EXISTS (SELECT FROM crm_contact c WHERE c.person_id = NEW.person_id AND c.id <> NEW.id) THEN
        {_OTHER_RECORDS.format(persons="ARRAY[NEW.person_id]")}
    END IF;
    RETURN NULL;
    """
    # Most of what is merged is the shell of an account, which says nothing and brought nothing.
    merge = f"""
    IF EXISTS (
        SELECT FROM crm_contact c
        WHERE c.person_id IN (OLD.person_id, NEW.person_id)
            AND (c.do_not_contact OR EXISTS (SELECT FROM crm_conversion v WHERE v.contact_id = c.id))
    ) THEN
        {_OTHER_RECORDS.format(persons="ARRAY[OLD.person_id, NEW.person_id]")}
    END IF;
    RETURN NULL;
    """
    return [
        pgtrigger.Trigger(
            name="told_with_wish",
            when=pgtrigger.After,
            operation=pgtrigger.UpdateOf("do_not_contact"),
            condition=pgtrigger.Q(old__do_not_contact__df=pgtrigger.F("new__do_not_contact")),
            func=wish,
        ),
        pgtrigger.Trigger(
            name="told_with_merge",
            when=pgtrigger.After,
            operation=pgtrigger.UpdateOf("merged_into_id"),
            condition=pgtrigger.Q(old__merged_into_id__df=pgtrigger.F("new__merged_into_id")),
            func=merge,
        ),
    ]


# Of whom something of value is or was, and nothing besides what the statement wrote: they turn customers or back.
# Looked up row by row: a join would read everything as soon as its plan was made for a larger statement.
_TURNED = """
    turned := ARRAY(
        SELECT told.id
        FROM (
            SELECT DISTINCT c.person_id
            FROM ({changed}) changed
            CROSS JOIN LATERAL (SELECT c.person_id FROM crm_contact c WHERE c.id = changed.contact_id LIMIT 1) c
        ) person
        CROSS JOIN LATERAL (
            SELECT c.id FROM crm_contact c
            WHERE c.person_id = person.person_id AND c.stage <> 'customer' AND c.updated_at < now()
            OFFSET 0
        ) told
        WHERE (
            SELECT bought.id FROM crm_contact theirs
            CROSS JOIN LATERAL (
                SELECT v.id FROM crm_conversion v
                WHERE v.contact_id = theirs.id AND v.voided_at IS NULL
                    AND (SELECT k.has_value FROM crm_conversionkind k WHERE k.key = v.kind_id)
                    AND v.id <> ALL (ARRAY(SELECT n.id FROM new_rows n))
                LIMIT 1
            ) bought
            WHERE theirs.person_id = person.person_id
            LIMIT 1
        ) IS NULL
    );
    IF cardinality(turned) > 0 THEN
        PERFORM count(*) FROM (SELECT FROM crm_contact WHERE id = ANY(turned) ORDER BY id FOR NO KEY UPDATE) locked;
        UPDATE crm_contact SET updated_at = now() WHERE id = ANY(turned);
    END IF;
"""
_ARRIVED = """
                SELECT n.contact_id FROM new_rows n
                WHERE n.voided_at IS NULL AND (SELECT k.has_value FROM crm_conversionkind k WHERE k.key = n.kind_id)
"""
_CHANGED = """
                SELECT unnest(ARRAY[o.contact_id, n.contact_id]) AS contact_id
                FROM new_rows n JOIN old_rows o ON o.id = n.id
                WHERE (n.contact_id, n.kind_id, n.voided_at IS NULL)
                    IS DISTINCT FROM (o.contact_id, o.kind_id, o.voided_at IS NULL)
"""


def told_with_conversions() -> list[pgtrigger.Trigger]:
    """Return triggers on conversions: whoever turns a customer by them, or back, is told anew."""
    return [
        _turned("insert", pgtrigger.Insert, _ARRIVED, new="new_rows"),
        _turned("update", pgtrigger.Update, _CHANGED, new="new_rows", old="old_rows"),
    ]


# Rare, and about a whole kind: each of its conversions is read once.
_KIND_TURNED = """
    WITH turned AS (
        SELECT c.id
        FROM (
            SELECT DISTINCT buyer.person_id
            FROM crm_conversion v
            JOIN crm_contact buyer ON buyer.id = v.contact_id
            WHERE v.kind_id = NEW.key AND v.voided_at IS NULL
        ) person
        JOIN crm_contact c ON c.person_id = person.person_id
        WHERE c.stage <> 'customer' AND NOT EXISTS (
            SELECT FROM crm_contact theirs
            JOIN crm_conversion v ON v.contact_id = theirs.id
            JOIN crm_conversionkind k ON k.key = v.kind_id
            WHERE theirs.person_id = person.person_id AND v.voided_at IS NULL AND k.has_value AND k.key <> NEW.key
        )
    ),
    locked AS (
        SELECT c.id FROM crm_contact c WHERE c.id IN (SELECT id FROM turned) ORDER BY c.id FOR NO KEY UPDATE
    )
    UPDATE crm_contact SET updated_at = now() WHERE id IN (SELECT id FROM locked);
    RETURN NULL;
"""


def told_with_kinds() -> list[pgtrigger.Trigger]:
    """Return the trigger on kinds of conversion: whom `has_value` turns a customer, or back, is told anew."""
    return [
        pgtrigger.Trigger(
            name="told_with_value",
            when=pgtrigger.After,
            operation=pgtrigger.UpdateOf("has_value"),
            condition=pgtrigger.Q(old__has_value__df=pgtrigger.F("new__has_value")),
            func=_KIND_TURNED,
        )
    ]


def _turned(name: str, operation: Any, changed: str, **rows: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"told_on_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**rows),
        declare=[*PLANNED_BY_INDEX, ("turned", "bigint[]")],
        func=planned_by_index(_TURNED.format(changed=changed)),
    )
