import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0028_told_with_kinds_of_conversion"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="duplicatesuggestion",
            options={
                "default_permissions": ("view",),
                "permissions": [("suggest_duplicate", "Can say that two people are one")],
                "verbose_name": "possible duplicate",
            },
        ),
        migrations.AddField(
            model_name="duplicatesuggestion",
            name="said_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="duplicatesuggestion",
            name="said_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
