"""How many seconds of business hours lie between two instants."""

from django.db import migrations

# Openings are given on the clocks of the zone, so a day's length follows daylight saving: a time that the
# clocks skip is moved forward, one that they show twice is its second occurrence. Openings that overlap are
# folded. The day before is looked at too: where clocks are set back at midnight, its last opening ends later.
# The cost keeps the planner from computing it for rows that a list then leaves out.
BUSINESS_SECONDS = """
CREATE FUNCTION kith_business_seconds(hours bigint, starts timestamptz, ends timestamptz) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE COST 10000
RETURN CASE
    WHEN ends <= starts THEN 0
    WHEN hours IS NULL THEN extract(epoch FROM ends - starts)
    ELSE (
        SELECT coalesce(sum(extract(epoch FROM upper(open.span) - lower(open.span))), 0)
        FROM (
            SELECT unnest(
                range_agg(tstzrange(door.opens, greatest(door.opens, door.closes)))
                * tstzmultirange(tstzrange(starts, ends))
            ) AS span
            FROM community_businesshours week
            CROSS JOIN generate_series(
                (starts AT TIME ZONE week.time_zone)::date - 1,
                (ends AT TIME ZONE week.time_zone)::date,
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
            WHERE week.id = hours
                AND NOT EXISTS (
                    SELECT FROM community_holiday holiday
                    WHERE holiday.hours_id = week.id AND holiday.day = local.day::date
                )
        ) open
    )
END;
COMMENT ON FUNCTION kith_business_seconds IS
    'Seconds of the business hours between two instants; without hours (null), all seconds.';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0003_waiting_and_business_hours"),
    ]

    operations = [
        migrations.RunSQL(BUSINESS_SECONDS, "DROP FUNCTION kith_business_seconds(bigint, timestamptz, timestamptz)"),
    ]
