"""What the computing SQL shares: the rounding rule, and the spans of time in which a member had a role."""

from django.db import migrations

# The database's one copy of crm.money.allocate. It is a plain expression, so that the planner inlines it.
# While amount < 2^31 and total < 2^32 the products fit into 63 bits; anything larger takes the exact,
# slower arithmetic of numeric.
KITH_PART = """
CREATE FUNCTION kith_part(amount bigint, upto bigint, before bigint, total bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN total = 0 THEN 0
    WHEN amount < 2147483648 AND total < 4294967296 THEN amount * upto / total - amount * before / total
    ELSE div(amount::numeric * upto, total)::bigint - div(amount::numeric * before, total)::bigint
END;
COMMENT ON FUNCTION kith_part IS
    'The part of amount that falls between two running sums of weights: floor(amount * upto / total) - floor(amount * before / total). Zero when there is no weight.';
"""

# A member is community unless a row says otherwise; only the other roles have spans here.
ROLE_SPAN = """
CREATE VIEW metrics_rolespan AS
SELECT
    role.member_id,
    role.role,
    coalesce(role.since, '-infinity') AS since,
    coalesce(
        (
            SELECT min(later.since)
            FROM community_memberrole later
            WHERE later.member_id = role.member_id AND later.since > coalesce(role.since, '-infinity')
        ),
        'infinity'
    ) AS until
FROM community_memberrole role
WHERE role.role <> 'community';
COMMENT ON VIEW metrics_rolespan IS 'Half-open spans of time in which members were staff or bot.';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("metrics", "0001_derived_tables"),
        ("community", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(KITH_PART, "DROP FUNCTION kith_part(bigint, bigint, bigint, bigint)"),
        migrations.RunSQL(ROLE_SPAN, "DROP VIEW metrics_rolespan"),
    ]
