-- Take up to %(marks)s marks that no other worker has taken, oldest first. They are deleted with the
-- commit of what they lead to; until then they only carry a row lock, and writers append freely.
INSERT INTO claimed_mark
SELECT mark.*
FROM metrics_stalemark mark
WHERE mark.attempts IS NULL
ORDER BY mark.id
LIMIT %(marks)s
FOR UPDATE SKIP LOCKED
RETURNING id, attempts
