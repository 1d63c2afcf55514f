"""The kinds of conversion that Kith starts with; admins add and change them."""

from django.db import migrations

KINDS = [
    # key, label, has value
    ("purchase", "Purchase", True),
    ("subscription", "Subscription", True),
    ("renewal", "Renewal", True),
    ("donation", "Donation", True),
    ("sign_up", "Sign-up", False),
    ("download", "Download", False),
    ("visit", "Visit", False),
    ("referral", "Referral", False),
]


def add_kinds(apps, schema_editor):
    conversion_kind = apps.get_model("crm", "ConversionKind")
    conversion_kind.objects.bulk_create(
        [conversion_kind(key=key, label=label, has_value=has_value) for key, label, has_value in KINDS],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [migrations.RunPython(add_kinds, migrations.RunPython.noop)]
