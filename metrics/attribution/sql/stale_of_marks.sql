-- The conversions that the claimed marks make stale, by the facts as they are when this runs.
-- A mark that names persons makes those of their conversions stale whose window meets its span.
INSERT INTO seed_conversion (conversion_id)
WITH named_interaction (id) AS (
    SELECT mark.interaction_id
    FROM claimed_mark mark
    WHERE mark.interaction_id IS NOT NULL
    UNION
    SELECT reply.id
    FROM claimed_mark mark
    JOIN community_interaction reply ON reply.reply_to_id = mark.replies_of_id
    UNION
    SELECT act.id
    FROM claimed_mark mark
    JOIN community_interaction act
        ON act.member_id = mark.actor_id
        AND act.occurred_at >= coalesce(mark.since, '-infinity')
        AND act.occurred_at <= coalesce(mark.until, 'infinity')
    UNION
    SELECT coded.id
    FROM claimed_mark mark
    JOIN community_interaction coded ON lower(coded.utm_campaign) = mark.campaign_code
    WHERE coded.campaign_id IS NULL
),
named_contact (contact_id, since, until) AS (
    SELECT mark.contact_id, mark.since, mark.until
    FROM claimed_mark mark
    WHERE mark.contact_id IS NOT NULL AND mark.conversion_id IS NULL
    UNION ALL
    SELECT member.contact_id, mark.since, mark.until
    FROM claimed_mark mark
    JOIN community_member member ON member.id IN (mark.member_id, mark.actor_id)
    UNION ALL
    SELECT author.contact_id, mark.since, mark.until
    FROM claimed_mark mark
    JOIN community_interaction interaction ON interaction.id = mark.author_of_id
    JOIN community_member author ON author.id = interaction.member_id
    UNION ALL
    SELECT opener.contact_id, mark.since, mark.until
    FROM claimed_mark mark
    JOIN community_thread thread ON thread.id = mark.thread_id
    JOIN community_member opener ON opener.id = thread.opened_by_id
    UNION ALL
    SELECT touched.contact_id, interaction.occurred_at, interaction.occurred_at
    FROM named_interaction
    JOIN community_interaction interaction ON interaction.id = named_interaction.id
    LEFT JOIN community_member actor ON actor.id = interaction.member_id
    LEFT JOIN community_member addressee ON addressee.id = interaction.to_member_id
    LEFT JOIN community_interaction answered ON answered.id = interaction.reply_to_id
    LEFT JOIN community_member author ON author.id = answered.member_id
    LEFT JOIN community_thread thread ON thread.id = interaction.thread_id AND interaction.kind = 'answer'
    LEFT JOIN community_member opener ON opener.id = thread.opened_by_id
    CROSS JOIN LATERAL (
        VALUES
            (actor.contact_id),
            (coalesce(
                addressee.contact_id,
                interaction.to_contact_id,
                author.contact_id,
                CASE WHEN answered.user_id IS NULL THEN opener.contact_id END
            ))
    ) touched (contact_id)
    WHERE interaction.occurred_at IS NOT NULL AND touched.contact_id IS NOT NULL
),
stale_person (person_id, spans) AS (
    SELECT contact.person_id, range_agg(tstzrange(named_contact.since, named_contact.until, '[]'))
    FROM named_contact
    JOIN crm_contact contact ON contact.id = named_contact.contact_id
    GROUP BY contact.person_id
)
SELECT conversion.id AS conversion_id
FROM stale_person
JOIN crm_contact contact ON contact.person_id = stale_person.person_id
JOIN crm_conversion conversion ON conversion.contact_id = contact.id
JOIN crm_conversionkind kind ON kind.key = conversion.kind_id
WHERE stale_person.spans && tstzrange(
    conversion.occurred_at - kind.lookback_days * interval '24 hours', conversion.occurred_at, '(]'
)
UNION
SELECT mark.conversion_id
FROM claimed_mark mark
WHERE mark.conversion_id IS NOT NULL
UNION
SELECT conversion.id
FROM claimed_mark mark
JOIN crm_conversion conversion
    ON conversion.source = mark.ref_source AND conversion.external_id = mark.ref_external_id
UNION
SELECT refund.id
FROM claimed_mark mark
JOIN crm_conversion refund
    ON refund.refund_of_source = mark.ref_source AND refund.refund_of_external_id = mark.ref_external_id
UNION
SELECT conversion.id
FROM claimed_mark mark
JOIN crm_conversion conversion ON lower(conversion.utm_campaign) = mark.campaign_code
UNION
SELECT conversion.id
FROM claimed_mark mark
JOIN crm_conversion conversion
    ON conversion.currency = mark.currency
    AND conversion.occurred_at >= mark.rate_date::timestamp AT TIME ZONE %(zone)s
    AND conversion.occurred_at < (mark.rate_date + 8)::timestamp AT TIME ZONE %(zone)s
