import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("community", "0017_channel_size"),
    ]

    operations = [
        migrations.AddField(
            model_name="member",
            name="is_named_here",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(
                models.F("channel"),
                django.db.models.functions.text.Lower("handle"),
                condition=models.Q(("is_named_here", True)),
                name="community_member_named_here",
            ),
        ),
    ]
