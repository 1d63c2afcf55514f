-- What compare.sql and write.sql do, for conversions of which nothing is stored yet: everything that was computed is new.
-- The daily sums are then corrected by fresh_credit and fresh_result themselves.
INSERT INTO metrics_credit
SELECT fresh.*
FROM fresh_credit fresh;

INSERT INTO metrics_conversionresult
SELECT fresh.*
FROM fresh_result fresh;
