"""What finds a handle with a slip of the pen: handles in order from the back too, and which slip it is."""

import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models

# The letters in common at the front are counted, and what is left has to fit. A dot or a digit is no letter.
KITH_SLIP = """
CREATE FUNCTION kith_slip(one text, other text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    shorter text := one;
    longer text := other;
    place integer := 1;
BEGIN
    IF length(one) > length(other) THEN
        shorter := other;
        longer := one;
    END IF;
    IF shorter = longer OR length(longer) > length(shorter) + 1 THEN
        RETURN NULL;
    END IF;
    WHILE substr(shorter, place, 1) = substr(longer, place, 1) AND place <= length(shorter) LOOP
        place := place + 1;
    END LOOP;
    IF length(longer) > length(shorter) THEN
        IF substr(shorter, place) <> substr(longer, place + 1) THEN
            RETURN NULL;
        ELSIF substr(longer, place, 1) = ' ' THEN
            RETURN 'similar_handle';
        ELSIF place > 1 AND substr(longer, place, 1) = substr(longer, place - 1, 1) THEN
            RETURN 'handle_doubled';
        END IF;
        RETURN 'handle_missing';
    ELSIF substr(shorter, place + 1) = substr(longer, place + 1) THEN
        RETURN 'handle_changed';
    ELSIF substr(shorter, place, 1) = substr(longer, place + 1, 1)
        AND substr(shorter, place + 1, 1) = substr(longer, place, 1)
        AND substr(shorter, place + 2) = substr(longer, place + 2) THEN
        RETURN 'handle_swapped';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION kith_slip IS
    'By which one slip two handles differ, as the kind of evidence that it is; null when they are equal or differ by more.';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0015_history_of_deletions"),
        ("crm", "0016_neighbors_by_index_alone"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="member",
            name="community_member_handles",
        ),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(
                django.db.models.functions.comparison.Collate(
                    django.db.models.functions.text.Trim(
                        models.Func(
                            django.db.models.functions.text.Lower("handle"),
                            models.Value("._-0123456789"),
                            models.Value("   "),
                            function="translate",
                        )
                    ),
                    "C",
                ),
                condition=models.Q(("handle", ""), _negated=True),
                include=("handle", "contact", "channel"),
                name="community_member_handles",
            ),
        ),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(
                django.db.models.functions.comparison.Collate(
                    django.db.models.functions.text.Reverse(
                        django.db.models.functions.text.Trim(
                            models.Func(
                                django.db.models.functions.text.Lower("handle"),
                                models.Value("._-0123456789"),
                                models.Value("   "),
                                function="translate",
                            )
                        )
                    ),
                    "C",
                ),
                condition=models.Q(("handle", ""), _negated=True),
                include=("handle", "contact", "channel"),
                name="community_member_handle_ends",
            ),
        ),
        migrations.RunSQL(KITH_SLIP, "DROP FUNCTION kith_slip(text, text)"),
    ]
