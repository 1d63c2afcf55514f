-- How many rows of the ledger, and how many results, came, went or changed.
SELECT
    (SELECT count(*) FROM credit_came)
    + (
        SELECT count(*)
        FROM credit_gone gone
        WHERE NOT EXISTS (
            SELECT FROM credit_came came WHERE came.conversion_id = gone.conversion_id AND came.position = gone.position
        )
    ),
    (SELECT count(*) FROM result_came)
    + (
        SELECT count(*)
        FROM result_gone gone
        WHERE NOT EXISTS (SELECT FROM result_came came WHERE came.conversion_id = gone.conversion_id)
    )
