-- Mark what is in a chunk that could not be computed: the conversions found for it, and all costs with that of guests.
INSERT INTO metrics_stalemark (conversion_id, cost_id)
SELECT seed.conversion_id, NULL
FROM seed_conversion seed
UNION ALL
SELECT NULL, cost.id
FROM community_cost cost
WHERE %(guests)s
UNION ALL
SELECT NULL, day.cost_id
FROM metrics_costday day
WHERE %(guests)s AND NOT EXISTS (SELECT FROM community_cost cost WHERE cost.id = day.cost_id)
GROUP BY day.cost_id
