-- The blocks to lock: of the persons that the stale conversions belong to, by the facts and by the tables.
SELECT coalesce(stale.person_id / %(block_size)s, %(guests_block)s) AS block
FROM stale_conversion stale
UNION
SELECT coalesce(stale.stored_person_id / %(block_size)s, %(guests_block)s)
FROM stale_conversion stale
WHERE stale.is_stored
