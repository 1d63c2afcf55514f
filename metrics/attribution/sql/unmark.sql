-- Exactly the marks that were claimed.
DELETE FROM metrics_stalemark
WHERE id IN (SELECT id FROM claimed_mark)
