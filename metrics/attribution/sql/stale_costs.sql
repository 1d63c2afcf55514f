-- The costs that the claimed marks make stale: those named, and those whose first day a rate is for.
SELECT mark.cost_id
FROM claimed_mark mark
WHERE mark.cost_id IS NOT NULL
UNION
SELECT cost.id
FROM claimed_mark mark
JOIN community_cost cost
    ON cost.currency = mark.currency
    AND lower(cost.days) BETWEEN mark.rate_date AND mark.rate_date + 7
