"""What raises in a task: it holds up nothing behind it, is tried again after a pause, and fails with a sentence."""

import datetime as dt
import logging
from contextlib import contextmanager

import pytest
from django.db import connection
from django.urls import reverse

from crm.duplicates.joining import join_next, start_joining
from crm.duplicates.rules import apply_rules
from crm.duplicates.search import search_changed, start_search
from crm.duplicates.taking_apart import start_taking_apart, take_apart_next
from crm.models import ChangedIdentity, DuplicateSuggestion, Merge, PersonExport
from crm.personal_data.export_jobs import ExportNotReady, make_export, open_export, request_export, waiting_exports
from jobs.models import Job
from tests.admin_clients import logged_in
from tests.factories.community import UserFactory
from tests.factories.crm import ContactFactory, EmailFactory

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
LOOKS = [NOW + dt.timedelta(minutes=minutes) for minutes in (0, 1, 11)]  # when what raises is tried


@contextmanager
def broken(table, condition, value):
    """Let the table take no row of this condition: whatever writes one raises."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT broken CHECK (NOT ({condition})) NOT VALID", [value])
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT broken")


def pairs(number, **fields):
    """Make so many pairs of contacts, each with an address in common, and return the contacts by pair."""
    made = [(ContactFactory(), ContactFactory(full_name="")) for _ in range(number)]
    for both in made:
        for contact in both:
            EmailFactory(contact=contact, raw=f"p{both[0].pk}@example.com", **fields)
    return made


def suggested():
    return list(DuplicateSuggestion.objects.order_by("first").values_list("first", flat=True))


def test_an_export_that_raises_holds_up_no_other_and_fails_with_a_sentence(caplog):
    ada = UserFactory()
    first, second = (
        request_export(contact_id=ContactFactory().pk, requested_by=ada.pk, through="admin") for _ in range(2)
    )

    with broken("crm_personexportpart", "export_id = %s", PersonExport.objects.get(job=first).pk):
        assert [make_export(job, now=NOW) for job in waiting_exports(now=NOW)] == [False, True]
        assert waiting_exports(now=NOW + dt.timedelta(seconds=59)) == []
        for now in LOOKS[1:]:
            assert waiting_exports(now=now) == [first.pk]
            make_export(first.pk, now=now)

    first.refresh_from_db()
    assert (first.state, first.attempts, first.finished_at) == ("failed", 3, LOOKS[2])
    assert first.error == (
        "The export could not be made because of an error that the log tells. Ask for a new one once it is mended."
    )
    assert Job.objects.get(pk=second.pk).state == "succeeded"
    assert waiting_exports(now=LOOKS[2] + dt.timedelta(days=1)) == []
    assert "Traceback" in caplog.text
    with pytest.raises(ExportNotReady, match="because of an error"):
        open_export(first.pk, now=LOOKS[2], user=ada.pk)


def test_an_export_that_raised_once_is_made_after_the_pause():
    job = request_export(contact_id=ContactFactory().pk, through="command")

    with broken("crm_personexportpart", "export_id = %s", PersonExport.objects.get(job=job).pk):
        make_export(job.pk, now=LOOKS[0])
    make_export(job.pk, now=LOOKS[1])

    job.refresh_from_db()
    assert (job.state, job.error) == ("succeeded", "")


def test_a_pair_that_raises_holds_up_neither_other_jobs_nor_other_pairs(caplog):
    made = pairs(3)
    search_changed(now=NOW)
    one, two, three = DuplicateSuggestion.objects.order_by("first")
    job, other = start_joining([one.pk, two.pk], now=NOW), start_joining([three.pk], now=NOW)

    def look(now):
        while join_next(now=now):
            pass
        job.refresh_from_db()
        other.refresh_from_db()

    with broken("crm_merge", "survivor_id = %s", made[0][0].pk):
        look(LOOKS[0])
        assert (job.state, job.done, other.state) == ("queued", 0, "succeeded")
        look(LOOKS[1])
        assert (job.state, job.done) == ("queued", 0)
        look(LOOKS[2])

    assert (job.state, job.done, job.finished_at) == ("failed", 2, LOOKS[2])
    assert job.error == "Some pairs failed because of an error that the log tells. The others are done."
    assert [outcome["status"] for outcome in job.report["outcomes"]] == ["failed", "merged"]
    assert job.report["outcomes"][0]["message"] == "Kith failed here: the log says why."
    assert Merge.objects.count() == 2
    assert [bool(record.exc_info) for record in caplog.records if record.levelno == logging.ERROR] == [True] * 3


def test_a_merge_that_cannot_be_taken_apart_is_told_of_beside_those_that_were():
    made = pairs(2)
    search_changed(now=NOW)
    job = start_joining(list(DuplicateSuggestion.objects.values_list("pk", flat=True)), now=NOW)
    while join_next(now=NOW):
        pass
    apart = start_taking_apart(job.pk, now=NOW)

    with broken("crm_merge", "unmerged_at IS NOT NULL AND survivor_id = %s", made[0][0].pk):
        for now in LOOKS:
            while take_apart_next(now=now):
                pass

    apart.refresh_from_db()
    assert (apart.state, [outcome["status"] for outcome in apart.report["outcomes"]]) == ("failed", ["apart", "failed"])
    assert list(Merge.objects.standing().values_list("survivor", flat=True)) == [made[0][0].pk]
    ada = logged_in(UserFactory(is_staff=True, is_superuser=True))
    page = ada.get(reverse("admin:jobs_job_change", args=[apart.pk]))
    (panel,) = [content for _, content in page.context["panels"]]
    assert [(figure.label, figure.value) for figure in panel.figures] == [
        ("Taken apart", 1), ("Something stays", 0), ("Not taken apart", 1),
    ]  # fmt: skip
    assert [row.values[3] for row in panel.tables[0].rows] == ["Kith failed here: the log says why.", "Nothing"]


def test_a_contact_whose_comparison_raises_holds_up_no_other_and_is_compared_once_it_can_be():
    made = pairs(3)
    job = start_search(now=NOW)

    with broken("crm_duplicatesuggestion", "first_id = %s", made[1][0].pk):
        search_changed(now=LOOKS[0])
        assert suggested() == [made[0][0].pk, made[2][0].pk]
        job.refresh_from_db()
        assert (job.state, job.done, job.total) == ("running", 4, 6)
        search_changed(now=LOOKS[1])
        search_changed(now=LOOKS[2])

    job.refresh_from_db()
    assert (job.state, job.done, job.finished_at) == ("failed", 4, LOOKS[2])
    assert job.error == (
        "Some contacts could not be compared because of an error that the log tells. They are tried again every hour."
    )
    assert set(ChangedIdentity.objects.values_list("contact_id", "job", "attempts")) == {
        (contact.pk, None, 3) for contact in made[1]
    }
    search_changed(now=LOOKS[2] + dt.timedelta(hours=1))
    assert suggested() == [contact.pk for contact, _ in made]
    assert not ChangedIdentity.objects.exists()


def test_a_rule_that_raises_at_one_pair_goes_on_with_the_others(settings):
    settings.KITH_MERGE_RULES = ["verified_email"]
    made = pairs(2, verified_at=NOW, verified_by="shop")
    search_changed(now=NOW)

    with broken("crm_merge", "survivor_id = %s", made[0][0].pk):
        assert apply_rules(now=NOW) == 1

    assert apply_rules(now=NOW + dt.timedelta(hours=1)) == 1
