import django.core.validators
from django.db import migrations, models
from django.db.models import Q


def empty_where_zero(apps, schema_editor):
    """A target of 0 was shown as none: leave it empty. A channel has few siblings, so this is no long statement."""
    apps.get_model("community", "Channel").objects.filter(reply_target_minutes=0).update(reply_target_minutes=None)


def target():
    return models.PositiveIntegerField(
        blank=True,
        help_text="minutes of business hours in which a first reply is due; empty: no target",
        null=True,
        validators=[
            django.core.validators.MinValueValidator(1, "Give at least one minute, or leave it empty: no target.")
        ],
        verbose_name="reply within",
    )


class Migration(migrations.Migration):
    dependencies = [("community", "0009_watch_by_index")]

    operations = [
        migrations.RunPython(empty_where_zero, migrations.RunPython.noop),
        migrations.AlterField(model_name="channel", name="reply_target_minutes", field=target()),
        migrations.AlterField(model_name="channelevent", name="reply_target_minutes", field=target()),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.CheckConstraint(
                condition=Q(("reply_target_minutes__isnull", True), ("reply_target_minutes__gte", 1), _connector="OR"),
                name="community_channel_target_of_a_minute",
                violation_error_message="A first reply is due within at least one minute; empty: no target.",
            ),
        ),
    ]
