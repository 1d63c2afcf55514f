from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("metrics", "0005_plans_for_any_number_of_rows"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="personday",
            options={"permissions": [("view_person_value", "Can see what a person brought")]},
        ),
    ]
