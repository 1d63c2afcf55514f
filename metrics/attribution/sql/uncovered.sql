-- A merge may have moved a conversion to a person whose block is not locked here, between the look that
-- chose the locks and this one. Its group is left alone and marked again: whoever claims the new marks
-- chooses the locks anew. Returns how many conversions were put off, how many are left,
-- and how many of these the tables hold something of.
WITH uncovered AS (
    DELETE FROM stale_conversion
    WHERE root_id IN (
        SELECT stale.root_id
        FROM stale_conversion stale
        WHERE coalesce(stale.person_id / %(block_size)s %% %(blocks)s, %(guests_block)s)
                NOT IN (SELECT locked.block FROM locked_block locked)
            OR (
                stale.is_stored
                AND coalesce(stale.stored_person_id / %(block_size)s %% %(blocks)s, %(guests_block)s)
                    NOT IN (SELECT locked.block FROM locked_block locked)
            )
    )
    RETURNING conversion_id, is_stored
),
marked AS (
    INSERT INTO metrics_stalemark (conversion_id)
    SELECT conversion_id
    FROM uncovered
    RETURNING 1
)
SELECT
    (SELECT count(*) FROM marked),
    (SELECT count(*) FROM stale_conversion) - (SELECT count(*) FROM marked),
    (SELECT count(*) FROM stale_conversion WHERE is_stored) - (SELECT count(*) FROM uncovered WHERE is_stored)
