-- The floor of a list of contacts: the same 100 records, put into JSON by PostgreSQL itself.
SELECT json_agg(record)::text
FROM (
    SELECT
        c.id, c.full_name, c.preferred_name, c.stage, c.tags, c.custom_fields, c.motivation, c.language, c.time_zone,
        c.do_not_contact, c.merged_into_id AS merged_into, c.person_id, c.source_updated_at, c.created_at, c.updated_at,
        u.username AS owner,
        (SELECT json_build_object('id', f.id, 'name', f.name, 'source', f.source, 'external_id', f.external_id)
         FROM crm_company f WHERE f.id = c.company_id) AS company,
        (SELECT coalesce(json_agg(p.raw ORDER BY p.id) FILTER (WHERE p.kind = 'email'), '[]')
         FROM crm_contactpoint p WHERE p.contact_id = c.id) AS emails,
        (SELECT coalesce(json_agg(p.raw ORDER BY p.id) FILTER (WHERE p.kind = 'phone'), '[]')
         FROM crm_contactpoint p WHERE p.contact_id = c.id) AS phones,
        (SELECT coalesce(json_agg(json_build_object('source', r.source, 'external_id', r.external_id) ORDER BY r.id),
                         '[]')
         FROM crm_contactref r WHERE r.contact_id = c.id) AS refs,
        (SELECT coalesce(json_agg(json_build_object('purpose', k.purpose, 'channel', k.channel, 'granted_at',
                                                    k.granted_at, 'withdrawn_at', k.withdrawn_at, 'source', k.source)
                                  ORDER BY k.id), '[]')
         FROM crm_consent k WHERE k.contact_id = c.id) AS consents
    FROM crm_contact c
    LEFT JOIN auth_user u ON u.id = c.owner_id
    WHERE c.merged_into_id IS NULL AND c.id > %(after)s
    ORDER BY c.id
    LIMIT 100
) record
