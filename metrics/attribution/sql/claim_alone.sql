-- Take one of the marks that a claim raised with and that does not pause.
INSERT INTO claimed_mark
SELECT mark.*
FROM metrics_stalemark mark
WHERE mark.attempts IS NOT NULL AND coalesce(mark.retry_at <= %(now)s, TRUE)
ORDER BY mark.id
LIMIT 1
FOR UPDATE SKIP LOCKED
RETURNING id, attempts
