"""An import that dies in its middle: run again it ends with the same facts, each written once."""

import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db.models import Count

from crm.models import Contact, ContactRef

ROWS = 8_000
COMMAND = ["import", "csv", "--as", "contacts", "--source", "shop", "--json"]


@pytest.mark.django_db(transaction=True)
def test_import_that_is_killed_can_be_run_again(tmp_path, subprocess_environment):
    path = tmp_path / "people.csv"
    path.write_text("external_id,full_name\n" + "".join(f"c{n},Person {n}\n" for n in range(ROWS)))
    command = [sys.executable, "manage.py", *COMMAND, str(path)]
    options = {"cwd": settings.BASE_DIR, "env": subprocess_environment, "stdout": subprocess.DEVNULL}

    with subprocess.Popen(command, **options) as process:
        while process.poll() is None and not Contact.objects.exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    written = Contact.objects.count()
    again = subprocess.run(command, check=False, timeout=90, **options)

    assert process.returncode == -signal.SIGKILL
    assert 0 < written < ROWS
    assert written % 1_000 == 0  # whole chunks only
    assert again.returncode == 0
    assert set(ContactRef.objects.values_list("external_id", flat=True)) == {f"c{n}" for n in range(ROWS)}
    assert Contact.objects.count() == ROWS
    histories = Contact.pgh_event_model.objects.values("pgh_obj_id").annotate(n=Count("pgh_id"))
    assert set(histories.values_list("n", flat=True)) == {1}
    assert histories.count() == ROWS
