-- Whose the stale conversions are, looked up again now that the blocks are locked.
UPDATE stale_conversion stale
SET
    person_id = now.person_id,
    is_stored = now.is_stored,
    stored_person_id = now.stored_person_id
FROM (
    SELECT
        known.conversion_id,
        contact.person_id,
        result.conversion_id IS NOT NULL AS is_stored,
        result.person_id AS stored_person_id
    FROM stale_conversion known
    LEFT JOIN crm_conversion root ON root.id = known.root_id
    LEFT JOIN crm_contact contact ON contact.id = root.contact_id
    LEFT JOIN metrics_conversionresult result ON result.conversion_id = known.conversion_id
) now
WHERE now.conversion_id = stale.conversion_id
    AND (now.person_id, now.is_stored, now.stored_person_id)
        IS DISTINCT FROM (stale.person_id, stale.is_stored, stale.stored_person_id)
