-- Every conversion is computed together with its refunds, and a refund with its original: this takes those of
-- seed_conversion along with both. `root_id` is the original (the conversion itself where none is
-- known or it was voided), `person_id` whose conversion it is by the facts, `stored_person_id` whose it is in the tables.
INSERT INTO stale_conversion (conversion_id, root_id, person_id, is_stored, stored_person_id)
WITH root (id) AS (
    SELECT DISTINCT coalesce(refund.original_id, seed.conversion_id)
    FROM seed_conversion seed
    LEFT JOIN (
        SELECT refund.id, original.id AS original_id
        FROM crm_conversion refund
        JOIN crm_conversion original
            ON original.source = refund.refund_of_source
            AND original.external_id = refund.refund_of_external_id
            AND original.refund_of_source IS NULL
            AND original.voided_at IS NULL
        WHERE refund.refund_of_source IS NOT NULL
    ) refund ON refund.id = seed.conversion_id
),
grouped (conversion_id, root_id) AS (
    SELECT root.id, root.id
    FROM root
    UNION ALL
    SELECT refund.id, root.id
    FROM root
    JOIN crm_conversion original
        ON original.id = root.id AND original.refund_of_source IS NULL AND original.voided_at IS NULL
    JOIN crm_conversion refund
        ON refund.refund_of_source = original.source AND refund.refund_of_external_id = original.external_id
)
SELECT
    grouped.conversion_id,
    grouped.root_id,
    contact.person_id,
    result.conversion_id IS NOT NULL AS is_stored,
    result.person_id AS stored_person_id
FROM grouped
LEFT JOIN crm_conversion root ON root.id = grouped.root_id
LEFT JOIN crm_contact contact ON contact.id = root.contact_id
LEFT JOIN metrics_conversionresult result ON result.conversion_id = grouped.conversion_id
