-- The conversions of one chunk of a full recompute: those of its persons, or of guests, by the facts as
-- they are, and those that the tables so far hold for them. `closure.sql` adds the refunds.
INSERT INTO seed_conversion (conversion_id)
SELECT conversion.id
FROM crm_conversion conversion
JOIN crm_contact contact ON contact.id = conversion.contact_id
WHERE NOT %(guests)s
    AND contact.person_id >= %(first)s
    AND contact.person_id < %(last)s
UNION
SELECT conversion.id
FROM crm_conversion conversion
LEFT JOIN crm_conversion original
    ON original.source = conversion.refund_of_source
    AND original.external_id = conversion.refund_of_external_id
    AND original.refund_of_source IS NULL
    AND original.voided_at IS NULL
WHERE %(guests)s
    AND conversion.contact_id IS NULL
    AND original.contact_id IS NULL
UNION
SELECT result.conversion_id
FROM metrics_conversionresult result
WHERE CASE WHEN %(guests)s
    THEN result.person_id IS NULL
    ELSE result.person_id >= %(first)s AND result.person_id < %(last)s
END
