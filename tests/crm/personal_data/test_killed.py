"""Erasures and exports that are killed in the middle: nobody is half erased, and no export is lost."""

import datetime as dt
import io
import subprocess
import sys
import zipfile

import pytest

from config.embedded.lease import CHECKOUT
from crm.models import Contact, Erasure, PersonExport, PersonExportPart
from crm.personal_data.erasing import erase_person
from crm.personal_data.tasks import ask_for_export, make_exports
from jobs.models import Job
from tests.crm.personal_data import canary as nest
from tests.factories.community import InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory, EmailFactory
from tests.holding import held, somebody_waits, wait_until
from tests.processes import start_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def joe() -> Contact:
    joe = ContactFactory(full_name="Joe Bloggs", ref="c1", motivation="He wants to learn payroll.")
    EmailFactory(contact=joe, raw="joe@example.com")
    account = MemberFactory(contact=joe, handle="joe")
    for number in range(3):
        InteractionFactory(member=account, channel=account.channel, text=f"I am Joe, {number}.")
    return joe


def test_an_erasure_that_was_killed_has_done_nothing_and_is_done_again(joe, subprocess_environment):
    before = nest.dump()
    last = joe.members.get().interactions.order_by("pk").last()
    command = [sys.executable, "manage.py", "erase_person", str(joe.pk), "--yes"]

    with held("community_interaction", last.pk):
        process = subprocess.Popen(command, cwd=CHECKOUT, env=subprocess_environment, stderr=subprocess.DEVNULL)
        wait_until(somebody_waits)
        process.kill()
        process.wait()
    wait_until(lambda: not somebody_waits())

    assert nest.dump() == before
    erase_person(contact_id=joe.pk, reason=Erasure.Reason.ASKED, now=NOW, through="command")
    assert "joe" not in nest.dump().lower()


def test_an_export_whose_worker_was_killed_is_made_by_the_next_one(joe, subprocess_environment, tmp_path):
    job = ask_for_export(contact_id=joe.pk, through="command")
    export = PersonExport.objects.get(job=job)

    with held("crm_personexport", export.pk), start_worker(subprocess_environment, folder=tmp_path) as worker:
        make_exports.delay()
        wait_until(somebody_waits)
        worker.kill()
    assert Job.objects.get(pk=job.pk).state == "running"
    assert not PersonExportPart.objects.exists()

    with start_worker(subprocess_environment, folder=tmp_path):
        wait_until(lambda: Job.objects.get(pk=job.pk).state == "succeeded", ring=make_exports.delay)

    file = b"".join(bytes(part.content) for part in export.parts.order_by("number"))
    archive = zipfile.ZipFile(io.BytesIO(file))
    assert b"I am Joe, 2." in archive.read("json/interactions.json")
