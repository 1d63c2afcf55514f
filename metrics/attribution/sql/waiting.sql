-- Whether a chunk, and whether a mark, waits for a worker: neither done nor pausing after an error. Another may have it.
SELECT
    EXISTS (SELECT FROM metrics_recomputechunk WHERE done_at IS NULL AND coalesce(retry_at <= %(now)s, TRUE)),
    EXISTS (SELECT FROM metrics_stalemark WHERE coalesce(retry_at <= %(now)s, TRUE))
