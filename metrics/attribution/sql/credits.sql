-- The five shares of every touch, the reversals of refunds, and what became of each conversion.
--
-- Reads: original, refund, person_touch. Fills: fresh_credit, fresh_result.
-- Parts are cut by kith_part from the running sum of the weights, oldest touch first: they sum exactly.

INSERT INTO fresh_credit (
    conversion_id, position, touches, interaction_id, person_id, actor_member_id, actor_kind, campaign_id, channel_id,
    is_help, is_refund, day, decay_weight, decay_total,
    first_touch_minor, last_touch_minor, linear_minor, position_based_minor, time_decay_minor
)
WITH window_month AS MATERIALIZED (
    -- One row for each month of a window: person and month together leave few pairs to refuse, where the
    -- person alone would pair everything a busy member ever did with everything it ever bought.
    SELECT original.*, month
    FROM original
    CROSS JOIN LATERAL generate_series(
        floor(date_part('epoch', original.after) / 2592000)::integer,
        floor(date_part('epoch', original.occurred_at) / 2592000)::integer
    ) month
    WHERE original.value_minor IS NOT NULL AND NOT original.is_staff AND original.person_id IS NOT NULL
),
touch AS (
    SELECT
        original.conversion_id,
        original.value_minor,
        original.person_id,
        original.day,
        touch.interaction_id,
        touch.occurred_at,
        touch.actor_member_id,
        touch.actor_kind,
        touch.campaign_id,
        touch.channel_id,
        touch.is_help
    FROM window_month original
    JOIN person_touch touch
        ON touch.person_id = original.person_id
        AND touch.month = original.month
        AND touch.occurred_at > original.after
        AND touch.occurred_at <= original.occurred_at
    UNION ALL
    -- The conversion's own UTM code, unless the same person's click stands there already: with that code, whatever
    -- campaign it was given to, or given to that campaign, whatever its code.
    SELECT
        original.conversion_id,
        original.value_minor,
        original.person_id,
        original.day,
        NULL,
        original.occurred_at,
        NULL,
        'self',
        original.utm_campaign_id,
        NULL,
        false
    FROM original
    WHERE original.value_minor IS NOT NULL AND NOT original.is_staff
        AND original.utm_campaign_id IS NOT NULL
        AND NOT EXISTS (
            SELECT
            FROM person_touch click
            WHERE click.person_id = original.person_id
                AND click.is_own_click
                AND original.utm_campaign_id IN (click.campaign_id, click.coded_campaign_id)
                AND click.occurred_at > original.occurred_at - interval '24 hours'
                AND click.occurred_at <= original.occurred_at
        )
),
placed AS (
    SELECT
        touch.*,
        row_number() OVER oldest_first AS position,
        count(*) OVER whole AS touches,
        round(
            16777216 * power(
                2::double precision,
                date_part('epoch', touch.occurred_at - max(touch.occurred_at) OVER whole) / %(half_life_seconds)s
            )
        )::integer AS decay_weight
    FROM touch
    WINDOW
        whole AS (PARTITION BY touch.conversion_id),
        oldest_first AS (PARTITION BY touch.conversion_id ORDER BY touch.occurred_at, touch.interaction_id NULLS LAST)
),
weighed AS (
    SELECT
        placed.*,
        sum(placed.decay_weight) OVER whole AS decay_total,
        sum(placed.decay_weight) OVER (oldest_first ROWS UNBOUNDED PRECEDING) AS decay_upto,
        -- 40/20/40 in whole numbers: the ends weigh 2(n - 2) each, those between 1 each.
        CASE
            WHEN placed.touches <= 2 THEN placed.position
            WHEN placed.position = placed.touches THEN 5 * (placed.touches - 2)
            ELSE 2 * (placed.touches - 2) + placed.position - 1
        END AS place_upto,
        CASE
            WHEN placed.touches <= 2 THEN placed.position - 1
            WHEN placed.position = 1 THEN 0
            ELSE 2 * (placed.touches - 2) + placed.position - 2
        END AS place_before,
        CASE WHEN placed.touches <= 2 THEN placed.touches ELSE 5 * (placed.touches - 2) END AS place_total
    FROM placed
    -- By the same columns as above, and not by position, which would be sorted anew.
    WINDOW
        whole AS (PARTITION BY placed.conversion_id),
        oldest_first AS (PARTITION BY placed.conversion_id ORDER BY placed.occurred_at, placed.interaction_id NULLS LAST)
)
SELECT
    conversion_id, position, touches, interaction_id, person_id, actor_member_id, actor_kind, campaign_id, channel_id,
    is_help, false, day, decay_weight, decay_total,
    CASE WHEN position = 1 THEN value_minor ELSE 0 END,
    CASE WHEN position = touches THEN value_minor ELSE 0 END,
    kith_part(value_minor, position, position - 1, touches),
    kith_part(value_minor, place_upto, place_before, place_total),
    kith_part(value_minor, decay_upto, decay_upto - decay_weight, decay_total)
FROM weighed;

-- A refund's rows: the original's credits, each reversed by its part of all refunded so far, less its
-- part of all refunded before. What exceeds the original reverses nothing.
INSERT INTO fresh_credit (
    conversion_id, position, touches, interaction_id, person_id, actor_member_id, actor_kind, campaign_id, channel_id,
    is_help, is_refund, day, decay_weight, decay_total,
    first_touch_minor, last_touch_minor, linear_minor, position_based_minor, time_decay_minor
)
WITH credited AS (
    SELECT
        credit.*,
        sum(first_touch_minor) OVER upto AS first_touch_upto,
        sum(last_touch_minor) OVER upto AS last_touch_upto,
        sum(linear_minor) OVER upto AS linear_upto,
        sum(position_based_minor) OVER upto AS position_based_upto,
        sum(time_decay_minor) OVER upto AS time_decay_upto
    FROM fresh_credit credit
    WHERE credit.conversion_id IN (SELECT refund.original_id FROM refund)
    WINDOW upto AS (PARTITION BY credit.conversion_id ORDER BY credit.position)
)
SELECT
    refund.conversion_id, position, touches, interaction_id, credited.person_id, actor_member_id, actor_kind,
    campaign_id, channel_id, is_help, true, refund.day, decay_weight, decay_total,
    kith_part(reversed.before, first_touch_upto::bigint, first_touch_upto::bigint - first_touch_minor, original_minor)
    - kith_part(reversed.upto, first_touch_upto::bigint, first_touch_upto::bigint - first_touch_minor, original_minor),
    kith_part(reversed.before, last_touch_upto::bigint, last_touch_upto::bigint - last_touch_minor, original_minor)
    - kith_part(reversed.upto, last_touch_upto::bigint, last_touch_upto::bigint - last_touch_minor, original_minor),
    kith_part(reversed.before, linear_upto::bigint, linear_upto::bigint - linear_minor, original_minor)
    - kith_part(reversed.upto, linear_upto::bigint, linear_upto::bigint - linear_minor, original_minor),
    kith_part(
        reversed.before, position_based_upto::bigint, position_based_upto::bigint - position_based_minor, original_minor
    )
    - kith_part(
        reversed.upto, position_based_upto::bigint, position_based_upto::bigint - position_based_minor, original_minor
    ),
    kith_part(reversed.before, time_decay_upto::bigint, time_decay_upto::bigint - time_decay_minor, original_minor)
    - kith_part(reversed.upto, time_decay_upto::bigint, time_decay_upto::bigint - time_decay_minor, original_minor)
FROM refund
JOIN credited ON credited.conversion_id = refund.original_id
CROSS JOIN LATERAL (
    SELECT least(refund.upto_minor, refund.original_minor), least(refund.before_minor, refund.original_minor)
) reversed (upto, before)
WHERE refund.upto_minor IS NOT NULL;

INSERT INTO fresh_result (
    conversion_id, person_id, kind_id, day, line, value_minor, unattributed_minor, touches,
    is_help_touched, is_refund, is_fully_refunded
)
SELECT
    original.conversion_id,
    original.person_id,
    original.kind_id,
    original.day,
    CASE
        WHEN original.value_minor IS NULL THEN 'not_converted'
        WHEN original.is_staff THEN 'staff_purchases'
        WHEN credit.touches > 0 THEN 'credited'
        ELSE 'unattributed'
    END,
    original.value_minor,
    CASE WHEN original.is_staff OR credit.touches > 0 THEN 0 ELSE coalesce(original.value_minor, 0) END,
    coalesce(credit.touches, 0),
    coalesce(credit.is_help_touched, false),
    false,
    coalesce(refunded.is_all, false)
FROM original
LEFT JOIN (
    SELECT conversion_id, count(*) AS touches, bool_or(is_help) AS is_help_touched
    FROM fresh_credit
    WHERE NOT is_refund
    GROUP BY conversion_id
) credit ON credit.conversion_id = original.conversion_id
LEFT JOIN (
    SELECT original_id, bool_or(is_all) AS is_all
    FROM refund
    GROUP BY original_id
) refunded ON refunded.original_id = original.conversion_id;

-- Within its original's value a refund stands on its original's line; what exceeds it is unattributed.
INSERT INTO fresh_result (
    conversion_id, person_id, kind_id, day, line, value_minor, unattributed_minor, touches,
    is_help_touched, is_refund, is_fully_refunded
)
SELECT
    refund.conversion_id,
    refund.person_id,
    refund.kind_id,
    refund.day,
    stands.line,
    CASE WHEN stands.line <> 'not_converted' THEN refund.before_minor - refund.upto_minor END,
    CASE
        WHEN stands.line = 'not_converted' THEN 0
        WHEN stands.line = 'unattributed' THEN refund.before_minor - refund.upto_minor
        ELSE
            greatest(refund.before_minor - refund.original_minor, 0)
            - greatest(refund.upto_minor - refund.original_minor, 0)
    END,
    coalesce(original.touches, 0),
    coalesce(original.is_help_touched, false),
    true,
    false
FROM refund
LEFT JOIN fresh_result original ON original.conversion_id = refund.original_id
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN refund.upto_minor IS NULL OR original.line = 'not_converted' THEN 'not_converted'
        ELSE coalesce(original.line, 'unattributed')
    END
) stands (line);
