"""
SQL for the upsert of contacts that keeps what a merge chose until the source says something new.

A merge decides values of the survivor (`crm.merging.fields`: layers). Its source knows nothing of that and sends
tonight what it sent last night. Such a value changes nothing while what the merge chose is still there; a value that is
not the one from before the merge is news, and is written.

The expressions speak of the stored contact as `t`, of what an item says as `s` and of `chosen.layers`, which `CHOSEN`
joins to it. All of it is read by the statement that writes, when the contact is locked: a merge that came in between
has been seen.
"""

from crm.merging.fields import COLUMNS, CUSTOM

# By path: what was there before all that was chosen, and what is there since. Layers lie on top of each other as long
# as the upper one was laid on what the lower one gave; where something else came in between, that was there before.
# The contacts without a merge, nearly all, are told apart by one look at an index; OFFSET lets each be looked at once.
CHOSEN = """
CROSS JOIN LATERAL (
    SELECT CASE WHEN EXISTS (
        SELECT FROM crm_merge m WHERE m.survivor_id = s.pk AND m.unmerged_at IS NULL AND m.taken_over <> '{}'
    ) THEN (
        SELECT jsonb_object_agg(decided.path, decided.layer)
        FROM (
            SELECT l.path,
                ((array_agg(l.layer ORDER BY l.id DESC) FILTER (WHERE l.is_lowest))[1] - 'after')
                || ((array_agg(l.layer ORDER BY l.id DESC))[1] - 'before') AS layer
            FROM (
                SELECT m.id, d.path, d.layer,
                    (lag(m.id) OVER upwards) IS NULL
                    OR (d.layer -> 'before') IS DISTINCT FROM (lag(d.layer -> 'after') OVER upwards) AS is_lowest
                FROM crm_merge m
                CROSS JOIN LATERAL jsonb_each(m.taken_over) AS d(path, layer)
                WHERE m.survivor_id = s.pk AND m.unmerged_at IS NULL
                WINDOW upwards AS (PARTITION BY d.path ORDER BY m.id)
            ) l
            GROUP BY l.path
        ) decided
    ) END AS layers
    OFFSET 0
) chosen
"""

# Each tag by itself: one that a merge has brought, and the source does not know, stays behind the source's own.
_TAGS = """
CASE WHEN chosen.layers IS NULL THEN s.tags ELSE s.tags || ARRAY(
    SELECT given.tag FROM unnest(t.tags) WITH ORDINALITY AS given(tag, place)
    WHERE chosen.layers -> ('tags:' || given.tag) = '{"after": true}' AND given.tag <> ALL (s.tags)
    ORDER BY given.place
) END
"""

# Each custom field by itself; one that the merge took away stays away.
_CUSTOM_FIELDS = f"""
CASE WHEN chosen.layers IS NULL THEN s.custom_fields ELSE (
    SELECT (s.custom_fields - COALESCE(array_agg(kept.name), '{{}}')) || COALESCE(
        jsonb_object_agg(kept.name, t.custom_fields -> kept.name) FILTER (WHERE t.custom_fields ? kept.name), '{{}}'
    )
    FROM (
        SELECT substr(l.path, {len(CUSTOM) + 2}) AS name, l.layer
        FROM jsonb_each(chosen.layers) AS l(path, layer)
        WHERE starts_with(l.path, '{CUSTOM}:')
    ) kept
    WHERE (kept.layer -> 'after') IS NOT DISTINCT FROM (t.custom_fields -> kept.name)
      AND (kept.layer -> 'before') IS NOT DISTINCT FROM (s.custom_fields -> kept.name)
) END
"""


def _unless_said_before(path: str, column: str) -> str:
    said_before = f"chosen.layers -> '{path}' = jsonb_build_object('before', s.{column}, 'after', t.{column})"
    return f"CASE WHEN chosen.layers IS NOT NULL AND {said_before} THEN t.{column} ELSE s.{column} END"


# What each column becomes when a source gives it.
SAID_BY_SOURCE = {field.column: _unless_said_before(field.key, field.column) for field in COLUMNS} | {
    "tags": _TAGS,
    CUSTOM: _CUSTOM_FIELDS,
}
# What staff heard from the person no source takes back: most send the column that they have, asked or not.
SAID_BY_SOURCE["do_not_contact"] = f"(t.do_not_contact_noted_at IS NOT NULL OR {SAID_BY_SOURCE['do_not_contact']})"
