"""Handles are compared folded, as names are. The indexes are made while everybody reads and writes."""

import django.db.models.functions.comparison
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("community", "0021_known_as_folded")]

    operations = [
        RemoveIndexConcurrently(
            model_name="member",
            name="community_member_handles",
        ),
        AddIndexConcurrently(
            model_name="member",
            index=models.Index(
                django.db.models.functions.comparison.Collate(
                    django.db.models.functions.text.Trim(
                        models.Func(
                            models.Func("handle", function="kith_fold"),
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
        RemoveIndexConcurrently(
            model_name="member",
            name="community_member_handle_ends",
        ),
        AddIndexConcurrently(
            model_name="member",
            index=models.Index(
                django.db.models.functions.comparison.Collate(
                    django.db.models.functions.text.Reverse(
                        django.db.models.functions.text.Trim(
                            models.Func(
                                models.Func("handle", function="kith_fold"),
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
    ]
