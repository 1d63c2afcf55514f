"""
Business seconds of many spans of time in one statement.

The function `kith_business_seconds` looks at every day between two instants: right for one span, too slow for
a hundred thousand. Here the openings of each calendar are laid out once, end to end, and an instant is found
among them by binary search (`width_bucket`). What opens when is said in both, since a function in the database
cannot be read from here: change them together. Every test of the one compares the other.
"""

# One row per calendar that ever opens: when its openings begin and end, folded where they overlap, and the
# business seconds before each. {since} and {until} are expressions for the earliest and the latest instant.
OPENED = """
    SELECT hours_id,
           array_agg(lower(span) ORDER BY span) AS opens,
           array_agg(upper(span) ORDER BY span) AS closes,
           array_agg(before ORDER BY span) AS before
    FROM (
        SELECT hours_id, span,
               COALESCE(sum(extract(epoch FROM upper(span) - lower(span))) OVER earlier, 0)::double precision AS before
        FROM (
            SELECT week.id AS hours_id,
                   unnest(range_agg(tstzrange(door.opens, greatest(door.opens, door.closes)))) AS span
            FROM community_businesshours week
            CROSS JOIN generate_series(
                ({since} AT TIME ZONE week.time_zone)::date - 1,
                ({until} AT TIME ZONE week.time_zone)::date + 1,
                interval '1 day'
            ) local (day)
            JOIN community_openingtime opening
                ON opening.hours_id = week.id AND opening.weekday = extract(isodow FROM local.day) - 1
            CROSS JOIN LATERAL (
                SELECT
                    (local.day::date + opening.opens) AT TIME ZONE week.time_zone,
                    CASE
                        WHEN opening.closes = '00:00' THEN (local.day::date + 1)::timestamp
                        ELSE local.day::date + opening.closes
                    END AT TIME ZONE week.time_zone
            ) door (opens, closes)
            WHERE NOT EXISTS (
                SELECT FROM community_holiday holiday
                WHERE holiday.hours_id = week.id AND holiday.day = local.day::date
            )
            GROUP BY week.id
        ) folded
        WINDOW earlier AS (PARTITION BY hours_id ORDER BY span ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ) counted
    GROUP BY hours_id
"""


def business_seconds(since: str, until: str, *, hours: str, opened: str) -> str:
    """
    Return the SQL expression for the business seconds between two instants, as a double.

    `hours` is the column with the calendar's id: without one all seconds count. `opened` is the alias of its row
    of `OPENED`, missing where the calendar never opens. Null where either instant is; 0 where `until` is not later.
    """
    return f"""
        CASE
            WHEN {since} IS NULL OR {until} IS NULL THEN NULL
            WHEN {hours} IS NULL THEN greatest(extract(epoch FROM {until} - {since})::double precision, 0)
            ELSE greatest({_business_clock(until, opened)} - {_business_clock(since, opened)}, 0)
        END
    """


def _business_clock(instant: str, opened: str) -> str:
    """Return the expression for the business seconds from the first opening to this instant; 0 before it."""
    place = f"[width_bucket({instant}, {opened}.opens)]"
    inside = f"extract(epoch FROM least({instant}, {opened}.closes{place}) - {opened}.opens{place})"
    return f"COALESCE({opened}.before{place} + {inside}::double precision, 0)"
