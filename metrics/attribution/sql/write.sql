-- Write the differences that compare.sql found: delete, change, add.

DELETE FROM metrics_credit credit
USING credit_gone gone
WHERE credit.conversion_id = gone.conversion_id AND credit.position = gone.position
    AND NOT EXISTS (SELECT FROM credit_came came WHERE came.conversion_id = gone.conversion_id AND came.position = gone.position);

UPDATE metrics_credit credit
SET
    touches = came.touches,
    interaction_id = came.interaction_id,
    person_id = came.person_id,
    actor_member_id = came.actor_member_id,
    actor_kind = came.actor_kind,
    campaign_id = came.campaign_id,
    channel_id = came.channel_id,
    is_help = came.is_help,
    is_refund = came.is_refund,
    day = came.day,
    decay_weight = came.decay_weight,
    decay_total = came.decay_total,
    first_touch_minor = came.first_touch_minor,
    last_touch_minor = came.last_touch_minor,
    linear_minor = came.linear_minor,
    position_based_minor = came.position_based_minor,
    time_decay_minor = came.time_decay_minor
FROM credit_came came
JOIN credit_gone gone ON gone.conversion_id = came.conversion_id AND gone.position = came.position
WHERE credit.conversion_id = came.conversion_id AND credit.position = came.position;

INSERT INTO metrics_credit
SELECT came.*
FROM credit_came came
WHERE NOT EXISTS (SELECT FROM credit_gone gone WHERE gone.conversion_id = came.conversion_id AND gone.position = came.position);

DELETE FROM metrics_conversionresult result
USING result_gone gone
WHERE result.conversion_id = gone.conversion_id
    AND NOT EXISTS (SELECT FROM result_came came WHERE came.conversion_id = gone.conversion_id);

UPDATE metrics_conversionresult result
SET
    person_id = came.person_id,
    kind_id = came.kind_id,
    day = came.day,
    line = came.line,
    value_minor = came.value_minor,
    unattributed_minor = came.unattributed_minor,
    touches = came.touches,
    is_help_touched = came.is_help_touched,
    is_refund = came.is_refund,
    is_fully_refunded = came.is_fully_refunded
FROM result_came came
JOIN result_gone gone ON gone.conversion_id = came.conversion_id
WHERE result.conversion_id = came.conversion_id;

INSERT INTO metrics_conversionresult
SELECT came.*
FROM result_came came
WHERE NOT EXISTS (SELECT FROM result_gone gone WHERE gone.conversion_id = came.conversion_id);
