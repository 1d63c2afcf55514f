-- What the stale conversions are worth, and every touch that could earn a part of them.
--
-- Reads: stale_conversion. Fills: original, refund, stale_contact, stale_member, person_touch.

-- Conversions that stand (not voided, no refund), converted once at the rate of their local day.
INSERT INTO original (
    conversion_id, person_id, kind_id, occurred_at, after, day, utm_campaign_id, amount, rate, value_minor, is_staff
)
WITH by_staff AS MATERIALIZED (
    -- Looked up once for all: for each conversion by itself it would cost as much as its credits.
    SELECT stale.conversion_id
    FROM stale_conversion stale
    JOIN crm_conversion conversion ON conversion.id = stale.conversion_id
    JOIN crm_contact contact ON contact.person_id = stale.person_id
    JOIN community_member member ON member.contact_id = contact.id
    JOIN metrics_rolespan span
        ON span.member_id = member.id
        AND span.role = 'staff'
        AND span.since <= conversion.occurred_at
        AND span.until > conversion.occurred_at
)
SELECT
    conversion.id AS conversion_id,
    stale.person_id,
    conversion.kind_id,
    conversion.occurred_at,
    conversion.occurred_at - kind.lookback_days * interval '24 hours' AS after,
    local.day,
    campaign.id AS utm_campaign_id,
    conversion.amount,
    rate.rate,
    worth.value_minor,
    conversion.id IN (SELECT by_staff.conversion_id FROM by_staff) AS is_staff
FROM stale_conversion stale
JOIN crm_conversion conversion ON conversion.id = stale.conversion_id
JOIN crm_conversionkind kind ON kind.key = conversion.kind_id
LEFT JOIN crm_campaign campaign ON lower(campaign.code) = lower(conversion.utm_campaign)
CROSS JOIN LATERAL (SELECT (conversion.occurred_at AT TIME ZONE %(zone)s)::date) local (day)
CROSS JOIN LATERAL (
    SELECT CASE WHEN conversion.currency = %(currency)s THEN 1 ELSE (
        SELECT known.rate
        FROM crm_exchangerate known
        WHERE known.currency = conversion.currency AND known.date BETWEEN local.day - 7 AND local.day
        ORDER BY known.date DESC
        LIMIT 1
    ) END
) rate (rate)
CROSS JOIN LATERAL (
    SELECT CASE WHEN conversion.amount = 0 THEN 0 ELSE round(conversion.amount * rate.rate * %(minor_per_major)s) END
) exact (value)
CROSS JOIN LATERAL (SELECT CASE WHEN exact.value < %(limit)s THEN exact.value::bigint END) worth (value_minor)
WHERE conversion.refund_of_source IS NULL AND conversion.voided_at IS NULL;

-- Refunds that stand. An amount is converted as the difference between all refunded up to it and all
-- refunded before it, so that refunds of the whole add up to the whole whatever the rounding.
INSERT INTO refund (
    conversion_id, original_id, person_id, kind_id, day, original_minor, upto_minor, before_minor, is_all
)
SELECT
    refund.id AS conversion_id,
    original.conversion_id AS original_id,
    original.person_id,
    original.kind_id,
    local.day,
    original.value_minor AS original_minor,
    CASE WHEN upto.value < %(limit)s THEN upto.value::bigint END AS upto_minor,
    CASE WHEN upto.value < %(limit)s THEN before.value::bigint END AS before_minor,
    original.amount > 0 AND summed.amount >= original.amount AS is_all
FROM stale_conversion stale
JOIN crm_conversion refund ON refund.id = stale.conversion_id
LEFT JOIN original ON original.conversion_id = stale.root_id
CROSS JOIN LATERAL (SELECT (refund.occurred_at AT TIME ZONE %(zone)s)::date) local (day)
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN original.conversion_id IS NOT NULL THEN (
            SELECT sum(sibling.amount)
            FROM crm_conversion named
            JOIN crm_conversion sibling
                ON sibling.refund_of_source = named.source AND sibling.refund_of_external_id = named.external_id
            WHERE named.id = original.conversion_id
                AND sibling.voided_at IS NULL
                AND (sibling.occurred_at, sibling.id) <= (refund.occurred_at, refund.id)
        )
        ELSE refund.amount
    END
) summed (amount)
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN original.conversion_id IS NOT NULL THEN original.rate
        WHEN refund.currency = %(currency)s THEN 1
        ELSE (
            SELECT known.rate
            FROM crm_exchangerate known
            WHERE known.currency = refund.currency AND known.date BETWEEN local.day - 7 AND local.day
            ORDER BY known.date DESC
            LIMIT 1
        )
    END
) rate (rate)
CROSS JOIN LATERAL (
    SELECT CASE WHEN summed.amount = 0 THEN 0 ELSE round(summed.amount * rate.rate * %(minor_per_major)s) END
) upto (value)
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN summed.amount = refund.amount THEN 0
        ELSE round((summed.amount - refund.amount) * rate.rate * %(minor_per_major)s)
    END
) before (value)
WHERE refund.refund_of_source IS NOT NULL AND refund.voided_at IS NULL;

-- Every account of a person with something to credit, with the time in which its touches matter.
INSERT INTO stale_contact (contact_id, person_id, after, upto)
SELECT contact.id AS contact_id, stale.person_id, stale.after, stale.upto
FROM (
    SELECT original.person_id, min(original.after) AS after, max(original.occurred_at) AS upto
    FROM original
    WHERE original.person_id IS NOT NULL AND original.value_minor IS NOT NULL AND NOT original.is_staff
    GROUP BY original.person_id
) stale
JOIN crm_contact contact ON contact.person_id = stale.person_id;
ANALYZE stale_contact;

INSERT INTO stale_member (member_id, person_id, after, upto)
SELECT member.id AS member_id, stale.person_id, stale.after, stale.upto
FROM stale_contact stale
JOIN community_member member ON member.contact_id = stale.contact_id;
ANALYZE stale_member;

-- One row per person and interaction that touched it: the person acted, or was addressed: by name, else
-- as the author of what is replied to, else, by an answer, as the opener of the thread.
-- Adding nothing to the time hides from the planner that both bounds are of one range: of such a range it
-- expects 1 row in 200, whereas most of what somebody did lies in it.
INSERT INTO person_touch (
    person_id, interaction_id, occurred_at, month, actor_member_id, actor_kind, is_own_click, campaign_id,
    coded_campaign_id, channel_id, is_help
)
WITH touch AS (
    SELECT stale.person_id, true AS is_self, interaction.id, interaction.kind, interaction.occurred_at, interaction.member_id,
        interaction.user_id, interaction.channel_id, interaction.campaign_id, interaction.utm_campaign
    FROM stale_member stale
    JOIN community_interaction interaction
        ON interaction.member_id = stale.member_id
        AND interaction.occurred_at > stale.after AND interaction.occurred_at + interval '0' <= stale.upto
    WHERE interaction.kind = ANY (%(touch_kinds)s) AND interaction.retracted_at IS NULL
        -- What was sent to nobody in particular touches nobody, not even the account of ours that sent it.
        AND NOT (
            interaction.direction = 'outbound' AND interaction.to_member_id IS NULL AND interaction.to_contact_id IS NULL
            AND interaction.reply_to_id IS NULL AND NOT (interaction.kind = 'answer' AND interaction.thread_id IS NOT NULL)
        )
    UNION ALL
    SELECT stale.person_id, false, interaction.id, interaction.kind, interaction.occurred_at, interaction.member_id,
        interaction.user_id, interaction.channel_id, interaction.campaign_id, interaction.utm_campaign
    FROM stale_member stale
    JOIN community_interaction interaction
        ON interaction.to_member_id = stale.member_id
        AND interaction.occurred_at > stale.after AND interaction.occurred_at + interval '0' <= stale.upto
    WHERE interaction.kind = ANY (%(touch_kinds)s) AND interaction.retracted_at IS NULL
    UNION ALL
    SELECT stale.person_id, false, interaction.id, interaction.kind, interaction.occurred_at, interaction.member_id,
        interaction.user_id, interaction.channel_id, interaction.campaign_id, interaction.utm_campaign
    FROM stale_contact stale
    JOIN community_interaction interaction
        ON interaction.to_contact_id = stale.contact_id
        AND interaction.occurred_at > stale.after AND interaction.occurred_at + interval '0' <= stale.upto
    WHERE interaction.kind = ANY (%(touch_kinds)s) AND interaction.retracted_at IS NULL
    UNION ALL
    SELECT stale.person_id, false, interaction.id, interaction.kind, interaction.occurred_at, interaction.member_id,
        interaction.user_id, interaction.channel_id, interaction.campaign_id, interaction.utm_campaign
    FROM stale_member stale
    JOIN community_interaction answered ON answered.member_id = stale.member_id
    JOIN community_interaction interaction
        ON interaction.reply_to_id = answered.id
        AND interaction.occurred_at > stale.after AND interaction.occurred_at + interval '0' <= stale.upto
    WHERE interaction.kind = ANY (%(touch_kinds)s) AND interaction.retracted_at IS NULL
        AND interaction.to_member_id IS NULL AND interaction.to_contact_id IS NULL
    UNION ALL
    SELECT stale.person_id, false, interaction.id, interaction.kind, interaction.occurred_at, interaction.member_id,
        interaction.user_id, interaction.channel_id, interaction.campaign_id, interaction.utm_campaign
    FROM stale_member stale
    JOIN community_thread thread ON thread.opened_by_id = stale.member_id
    JOIN community_interaction interaction
        ON interaction.thread_id = thread.id
        AND interaction.occurred_at > stale.after AND interaction.occurred_at + interval '0' <= stale.upto
    LEFT JOIN community_interaction answered ON answered.id = interaction.reply_to_id
    WHERE interaction.kind = 'answer'
        AND interaction.kind = ANY (%(touch_kinds)s) AND interaction.retracted_at IS NULL
        AND interaction.to_member_id IS NULL AND interaction.to_contact_id IS NULL
        AND answered.member_id IS NULL AND answered.user_id IS NULL
)
SELECT
    touch.person_id,
    touch.id AS interaction_id,
    touch.occurred_at,
    -- A month of 30 days since 1970, to join by: see credits.sql.
    floor(date_part('epoch', touch.occurred_at) / 2592000)::integer AS month,
    touch.member_id AS actor_member_id,
    CASE
        WHEN touch.is_self THEN 'self'
        WHEN touch.user_id IS NOT NULL OR role.role = 'staff' THEN 'staff'
        WHEN touch.member_id IS NOT NULL THEN 'member'
        ELSE 'unknown'
    END AS actor_kind,
    touch.is_self AND touch.kind = 'click' AS is_own_click,
    coalesce(touch.campaign_id, coded.id) AS campaign_id,
    coded.id AS coded_campaign_id,
    touch.channel_id,
    NOT touch.is_self
        AND (touch.kind = ANY (%(help_kinds)s) OR coalesce(helped.person_id = touch.person_id, false)) AS is_help
FROM touch
LEFT JOIN crm_campaign coded ON lower(coded.code) = lower(touch.utm_campaign)
LEFT JOIN metrics_rolespan role
    ON role.member_id = touch.member_id AND role.since <= touch.occurred_at AND role.until > touch.occurred_at
LEFT JOIN community_helprecord help ON help.interaction_id = touch.id AND help.withdrawn_at IS NULL
LEFT JOIN crm_contact helped ON helped.id = help.contact_id
WHERE role.role IS DISTINCT FROM 'bot'
    AND (
        touch.is_self
        OR NOT EXISTS (
            SELECT FROM stale_member own WHERE own.member_id = touch.member_id AND own.person_id = touch.person_id
        )
    );
ANALYZE person_touch;
