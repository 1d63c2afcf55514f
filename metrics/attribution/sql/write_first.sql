-- What write.sql does, for conversions of which nothing is stored yet: everything that was computed is new.
CREATE TEMP TABLE credit_gone (LIKE metrics_credit) ON COMMIT DROP;
CREATE TEMP TABLE result_gone (LIKE metrics_conversionresult) ON COMMIT DROP;
ALTER TABLE fresh_credit RENAME TO credit_came;
ALTER TABLE fresh_result RENAME TO result_came;

INSERT INTO metrics_credit
SELECT came.*
FROM credit_came came
ORDER BY came.conversion_id, came.position;

INSERT INTO metrics_conversionresult
SELECT came.*
FROM result_came came
ORDER BY came.conversion_id;
