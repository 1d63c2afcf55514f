-- How many rows of the ledger, and how many results, were written.
SELECT (SELECT count(*) FROM fresh_credit), (SELECT count(*) FROM fresh_result)
