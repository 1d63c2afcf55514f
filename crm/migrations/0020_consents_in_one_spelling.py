from django.db import migrations

# As crm.models.contact.consent_word has it: without case and needless spaces, e-mail is email, telephone phone.
FOLDED = r"lower(regexp_replace(btrim({0}), '\s+', ' ', 'g'))"
WORD = f"CASE {FOLDED} WHEN 'e-mail' THEN 'email' WHEN 'telephone' THEN 'phone' ELSE {FOLDED} END"


class Migration(migrations.Migration):
    """Bring purposes and channels of consents to the spelling in which they are compared from now on."""

    dependencies = [("crm", "0019_conversion_margin")]

    operations = [
        migrations.RunSQL(
            f"""
            UPDATE crm_consent SET purpose = {WORD.format("purpose")}, channel = {WORD.format("channel")}
            WHERE purpose <> {WORD.format("purpose")} OR channel <> {WORD.format("channel")}
            """,
            migrations.RunSQL.noop,
        )
    ]
