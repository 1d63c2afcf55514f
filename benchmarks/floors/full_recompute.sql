-- The floor of a full recompute: one statement from the benchmark's facts to the whole ledger, nothing else.
--
-- It knows only what the benchmark's facts hold (no replies, threads, roles, refunds, rates), keeps no roll-ups and
-- writes in one transaction. It splits with the same rule as the product, so both ledgers must be equal row by row.
WITH account AS (
    SELECT m.id AS member_id, c.person_id
    FROM community_member m JOIN crm_contact c ON c.id = m.contact_id
),
touch AS (
    SELECT a.person_id, i.id, i.occurred_at, i.member_id, i.channel_id, i.kind, i.campaign_id, i.utm_campaign,
           true AS by_self
    FROM community_interaction i JOIN account a ON a.member_id = i.member_id
    WHERE i.kind IN ('question', 'answer', 'help', 'comment', 'direct_message', 'click', 'event_attendance')
      AND i.retracted_at IS NULL
    UNION ALL
    SELECT a.person_id, i.id, i.occurred_at, i.member_id, i.channel_id, i.kind, i.campaign_id, i.utm_campaign, false
    FROM community_interaction i
    JOIN account a ON a.member_id = i.to_member_id
    JOIN account b ON b.member_id = i.member_id AND b.person_id <> a.person_id
    WHERE i.kind IN ('question', 'answer', 'help', 'comment', 'direct_message', 'click', 'event_attendance')
      AND i.retracted_at IS NULL
),
conversion AS (
    SELECT v.id, c.person_id, v.occurred_at, (v.amount * 100)::bigint AS value,
           (v.occurred_at AT TIME ZONE %(zone)s)::date AS day, lower(v.utm_campaign) AS code,
           v.occurred_at - k.lookback_days * interval '24 hours' AS window_start
    FROM crm_conversion v
    JOIN crm_contact c ON c.id = v.contact_id
    JOIN crm_conversionkind k ON k.key = v.kind_id
    WHERE v.voided_at IS NULL
),
campaign AS MATERIALIZED (SELECT id, lower(code) AS code FROM crm_campaign),
pair AS (
    SELECT v.id, v.person_id, v.value, v.day, t.id AS interaction_id, t.occurred_at, t.member_id, t.channel_id, t.kind,
           COALESCE(t.campaign_id, g.id) AS campaign_id, t.by_self
    FROM conversion v
    JOIN touch t ON t.person_id = v.person_id AND t.occurred_at <= v.occurred_at AND t.occurred_at > v.window_start
    LEFT JOIN campaign g ON t.campaign_id IS NULL AND g.code = lower(t.utm_campaign)
    UNION ALL
    SELECT v.id, v.person_id, v.value, v.day, NULL, v.occurred_at, NULL, NULL, NULL, g.id, true
    FROM conversion v
    JOIN campaign g ON g.code = v.code
    WHERE NOT EXISTS (
        SELECT FROM community_interaction i
        JOIN account a ON a.member_id = i.member_id
        WHERE a.person_id = v.person_id AND i.kind = 'click' AND i.retracted_at IS NULL
          AND (lower(i.utm_campaign) = v.code OR i.campaign_id = g.id)
          AND i.occurred_at <= v.occurred_at AND i.occurred_at > v.occurred_at - interval '24 hours'
    )
),
placed AS (
    SELECT p.*, row_number() OVER path AS position, count(*) OVER whole AS touches,
           round(16777216 * power(2::float8, -extract(epoch FROM max(occurred_at) OVER whole - occurred_at)::float8
                                             / 604800))::bigint AS weight
    FROM pair p
    WINDOW path AS (PARTITION BY id ORDER BY occurred_at, interaction_id), whole AS (PARTITION BY id)
),
weighed AS (
    SELECT p.*, sum(weight) OVER whole AS weights, sum(weight) OVER path AS weights_upto,
           CASE WHEN touches <= 2 THEN position
                WHEN position = touches THEN 5 * (touches - 2)
                ELSE 2 * (touches - 2) + position - 1 END AS place_upto,
           CASE WHEN touches <= 2 THEN position - 1
                WHEN position = 1 THEN 0
                ELSE 2 * (touches - 2) + position - 2 END AS place_before,
           CASE WHEN touches <= 2 THEN touches ELSE 5 * (touches - 2) END AS places
    FROM placed p
    WINDOW path AS (PARTITION BY id ORDER BY position), whole AS (PARTITION BY id)
)
INSERT INTO metrics_credit
    (conversion_id, position, touches, interaction_id, person_id, actor_member_id, actor_kind, campaign_id, channel_id,
     is_help, is_refund, day, decay_weight, decay_total, first_touch_minor, last_touch_minor, linear_minor,
     position_based_minor, time_decay_minor)
SELECT id, position, touches, interaction_id, person_id, member_id, CASE WHEN by_self THEN 'self' ELSE 'member' END,
       campaign_id, channel_id, COALESCE(kind IN ('answer', 'help') AND NOT by_self, false), false, day, weight,
       weights,
       CASE WHEN position = 1 THEN value ELSE 0 END,
       CASE WHEN position = touches THEN value ELSE 0 END,
       value * position / touches - value * (position - 1) / touches,
       value * place_upto / places - value * place_before / places,
       (floor(value * weights_upto / weights) - floor(value * (weights_upto - weight) / weights))::bigint
FROM weighed
