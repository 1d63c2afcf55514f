"""
Credits by day, for the list that shows the latest first, made while everybody reads and recomputes.

An index whose making was interrupted stays behind without being of use: whatever stopped this may begin it again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("metrics", "0008_direction_marks"),
    ]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS metrics_credit_day", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="credit",
            index=models.Index(fields=["day"], name="metrics_credit_day"),
        ),
    ]
