-- The blocks to lock for a claim: of the persons that the stale conversions belong to, by the facts and by
-- the tables; of the person that a mark names, whose conversion may be gone; and of costs.
SELECT coalesce(stale.person_id / %(block_size)s, %(guests_block)s) AS block
FROM stale
UNION
SELECT coalesce(stale.stored_person_id / %(block_size)s, %(guests_block)s)
FROM stale
WHERE stale.is_stored
UNION
SELECT contact.person_id / %(block_size)s
FROM claimed_mark mark
JOIN crm_contact contact ON contact.id = mark.contact_id
UNION
SELECT -3
FROM claimed_mark mark
WHERE mark.cost_id IS NOT NULL OR mark.currency IS NOT NULL
