-- The blocks to lock: of the persons that the stale conversions belong to, by the facts and by the tables, and of
-- those that marks name: their conversion may be gone from the facts, while a worker that saw it there has
-- not committed yet.
INSERT INTO locked_block (block)
SELECT coalesce(stale.person_id / %(block_size)s %% %(blocks)s, %(guests_block)s)
FROM stale_conversion stale
UNION
SELECT coalesce(stale.stored_person_id / %(block_size)s %% %(blocks)s, %(guests_block)s)
FROM stale_conversion stale
WHERE stale.is_stored
UNION
SELECT contact.person_id / %(block_size)s %% %(blocks)s
FROM claimed_mark mark
JOIN crm_contact contact ON contact.id = mark.contact_id
