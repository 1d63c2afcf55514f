-- Where the chunks of a full recompute begin, but for the first: at the block of persons by which another
-- %(conversions)s conversions have come together, and wherever %(most_blocks)s blocks have.
WITH bought AS (
    SELECT contact.person_id / %(block_size)s AS block, count(*) AS conversions
    FROM crm_conversion conversion
    JOIN crm_contact contact ON contact.id = conversion.contact_id
    GROUP BY 1
),
cut AS (
    SELECT
        bought.block,
        (
            div(sum(bought.conversions) OVER (ORDER BY bought.block) - bought.conversions, %(conversions)s),
            bought.block / %(most_blocks)s
        ) AS part
    FROM bought
)
SELECT min(cut.block) * %(block_size)s
FROM cut
GROUP BY cut.part
ORDER BY 1
OFFSET 1
