"""Put on the watch list what may wait already; the first tick takes away what was answered."""

from django.db import migrations

FILL = """
INSERT INTO community_watchlistentry (interaction_id)
SELECT id FROM community_interaction
WHERE direction = 'inbound' AND kind IN ('question', 'direct_message', 'lead', 'comment') AND retracted_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0004_business_seconds"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
