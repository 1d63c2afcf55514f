-- Compare what was computed with what is stored, and write only what differs.
--
-- Reads: stale_conversion, fresh_credit, fresh_result. Makes: credit_change and result_change, the rows
-- that differ as they were and as they are, from which the roll-ups are corrected.

CREATE TEMP TABLE credit_change ON COMMIT DROP AS
SELECT
    CASE WHEN stored.conversion_id IS NOT NULL THEN ROW(stored.*)::metrics_credit END AS before,
    CASE WHEN fresh.conversion_id IS NOT NULL THEN ROW(fresh.*)::metrics_credit END AS after
FROM (
    SELECT credit.*
    FROM metrics_credit credit
    WHERE credit.conversion_id IN (SELECT conversion_id FROM stale_conversion WHERE is_stored)
) stored
FULL JOIN fresh_credit fresh ON fresh.conversion_id = stored.conversion_id AND fresh.position = stored.position
WHERE ROW(stored.*) IS DISTINCT FROM ROW(fresh.*);

DELETE FROM metrics_credit credit
USING credit_change change
WHERE credit.conversion_id = (change.before).conversion_id
    AND credit.position = (change.before).position
    AND (change.after).conversion_id IS NULL;

UPDATE metrics_credit credit
SET
    touches = (change.after).touches,
    interaction_id = (change.after).interaction_id,
    person_id = (change.after).person_id,
    actor_member_id = (change.after).actor_member_id,
    actor_kind = (change.after).actor_kind,
    campaign_id = (change.after).campaign_id,
    channel_id = (change.after).channel_id,
    is_help = (change.after).is_help,
    is_refund = (change.after).is_refund,
    day = (change.after).day,
    decay_weight = (change.after).decay_weight,
    decay_total = (change.after).decay_total,
    first_touch_minor = (change.after).first_touch_minor,
    last_touch_minor = (change.after).last_touch_minor,
    linear_minor = (change.after).linear_minor,
    position_based_minor = (change.after).position_based_minor,
    time_decay_minor = (change.after).time_decay_minor
FROM credit_change change
WHERE credit.conversion_id = (change.before).conversion_id
    AND credit.position = (change.before).position
    AND (change.after).conversion_id IS NOT NULL;

INSERT INTO metrics_credit
SELECT (change.after).*
FROM credit_change change
WHERE (change.before).conversion_id IS NULL;

CREATE TEMP TABLE result_change ON COMMIT DROP AS
SELECT
    CASE WHEN stored.conversion_id IS NOT NULL THEN ROW(stored.*)::metrics_conversionresult END AS before,
    CASE WHEN fresh.conversion_id IS NOT NULL THEN ROW(fresh.*)::metrics_conversionresult END AS after
FROM (
    SELECT result.*
    FROM metrics_conversionresult result
    WHERE result.conversion_id IN (SELECT conversion_id FROM stale_conversion WHERE is_stored)
) stored
FULL JOIN fresh_result fresh ON fresh.conversion_id = stored.conversion_id
WHERE ROW(stored.*) IS DISTINCT FROM ROW(fresh.*);

DELETE FROM metrics_conversionresult result
USING result_change change
WHERE result.conversion_id = (change.before).conversion_id AND (change.after).conversion_id IS NULL;

UPDATE metrics_conversionresult result
SET
    person_id = (change.after).person_id,
    kind_id = (change.after).kind_id,
    day = (change.after).day,
    line = (change.after).line,
    value_minor = (change.after).value_minor,
    unattributed_minor = (change.after).unattributed_minor,
    touches = (change.after).touches,
    is_help_touched = (change.after).is_help_touched,
    is_refund = (change.after).is_refund,
    is_fully_refunded = (change.after).is_fully_refunded
FROM result_change change
WHERE result.conversion_id = (change.before).conversion_id AND (change.after).conversion_id IS NOT NULL;

INSERT INTO metrics_conversionresult
SELECT (change.after).*
FROM result_change change
WHERE (change.before).conversion_id IS NULL;
