"""
Who wishes not to be contacted is known without reading every contact, made while everybody reads and writes.

An index whose making was interrupted stays behind without being of use: whatever stopped this may begin it again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0022_names_in_any_spelling")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS crm_contact_wishes", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("do_not_contact", True)), fields=["person"], name="crm_contact_wishes"
            ),
        ),
    ]
