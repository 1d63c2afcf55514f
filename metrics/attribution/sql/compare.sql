-- Compare what was computed with what is stored, each row once.
--
-- Reads: stale_conversion, fresh_credit, fresh_result. Fills: credit_gone, credit_came, result_gone and
-- result_came, the rows that differ as they were and as they are, from which the roll-ups are corrected.

WITH differing AS MATERIALIZED (
    SELECT stored, fresh
    FROM (
        SELECT credit.*
        FROM metrics_credit credit
        WHERE credit.conversion_id IN (SELECT stale.conversion_id FROM stale_conversion stale WHERE stale.is_stored)
    ) stored
    FULL JOIN fresh_credit fresh
        ON fresh.conversion_id = stored.conversion_id AND fresh.position = stored.position
    WHERE ROW(stored.*) IS DISTINCT FROM ROW(fresh.*)
),
gone AS (
    INSERT INTO credit_gone SELECT (stored).* FROM differing WHERE (stored).conversion_id IS NOT NULL
)
INSERT INTO credit_came SELECT (fresh).* FROM differing WHERE (fresh).conversion_id IS NOT NULL;

WITH differing AS MATERIALIZED (
    SELECT stored, fresh
    FROM (
        SELECT result.*
        FROM metrics_conversionresult result
        WHERE result.conversion_id IN (SELECT stale.conversion_id FROM stale_conversion stale WHERE stale.is_stored)
    ) stored
    FULL JOIN fresh_result fresh ON fresh.conversion_id = stored.conversion_id
    WHERE ROW(stored.*) IS DISTINCT FROM ROW(fresh.*)
),
gone AS (
    INSERT INTO result_gone SELECT (stored).* FROM differing WHERE (stored).conversion_id IS NOT NULL
)
INSERT INTO result_came SELECT (fresh).* FROM differing WHERE (fresh).conversion_id IS NOT NULL;
