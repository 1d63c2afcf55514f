-- The days of the given costs (%(costs)s; null: of all): converted once at the rate of the first day,
-- spread with the earlier days taking the remainder, written where they differ from what is stored.
WITH cost AS (
    SELECT cost.id, lower(cost.days) AS first_day, upper(cost.days) - lower(cost.days) AS days, worth.value_minor
    FROM community_cost cost
    CROSS JOIN LATERAL (
        SELECT CASE WHEN cost.currency = %(currency)s THEN 1 ELSE (
            SELECT known.rate
            FROM crm_exchangerate known
            WHERE known.currency = cost.currency
                AND known.date BETWEEN lower(cost.days) - 7 AND lower(cost.days)
            ORDER BY known.date DESC
            LIMIT 1
        ) END
    ) rate (rate)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN cost.amount = 0 THEN 0 ELSE round(cost.amount * rate.rate * %(minor_per_major)s) END
    ) exact (value)
    CROSS JOIN LATERAL (SELECT CASE WHEN exact.value < %(limit)s THEN exact.value::bigint END) worth (value_minor)
    WHERE cost.voided_at IS NULL
        AND worth.value_minor IS NOT NULL
        AND (%(costs)s::bigint[] IS NULL OR cost.id = ANY (%(costs)s::bigint[]))
),
fresh AS MATERIALIZED (
    SELECT
        cost.id AS cost_id,
        cost.first_day + n AS day,
        cost.value_minor / cost.days + CASE WHEN n < cost.value_minor %% cost.days THEN 1 ELSE 0 END AS amount_minor
    FROM cost
    CROSS JOIN LATERAL generate_series(0, cost.days - 1) n
),
gone AS (
    DELETE FROM metrics_costday stored
    WHERE (%(costs)s::bigint[] IS NULL OR stored.cost_id = ANY (%(costs)s::bigint[]))
        AND NOT EXISTS (SELECT FROM fresh WHERE fresh.cost_id = stored.cost_id AND fresh.day = stored.day)
    RETURNING 1
),
changed AS (
    UPDATE metrics_costday stored
    SET amount_minor = fresh.amount_minor
    FROM fresh
    WHERE fresh.cost_id = stored.cost_id AND fresh.day = stored.day AND fresh.amount_minor <> stored.amount_minor
    RETURNING 1
),
added AS (
    INSERT INTO metrics_costday (cost_id, day, amount_minor)
    SELECT fresh.cost_id, fresh.day, fresh.amount_minor
    FROM fresh
    WHERE NOT EXISTS (
        SELECT FROM metrics_costday stored WHERE stored.cost_id = fresh.cost_id AND stored.day = fresh.day
    )
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM changed) + (SELECT count(*) FROM added)
