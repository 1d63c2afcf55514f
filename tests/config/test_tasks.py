"""
Every task there is: an error at any of its statements, twice in a row, and by two workers at once.

Each ends as one run that nobody disturbed. A new task fails here until it has a scene, or names its tests.
"""

import datetime as dt
import io
import itertools
import random
import re
import threading
import zipfile
from collections import Counter
from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from community.models import WatchListEntry
from config.celery import app as celery_app
from config.models import UserSession
from crm.duplicates.joining import start_joining
from crm.duplicates.search import search_changed, start_search
from crm.models import (
    ChangedIdentity,
    Contact,
    ContactEvent,
    DuplicateSuggestion,
    Merge,
    PersonExport,
    PersonExportPart,
)
from crm.personal_data.export_jobs import request_export
from jobs.models import Job
from tests.factories.community import InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory, EmailFactory
from tests.interrupting import AtStatement, die, fail, finishes

celery_app.loader.import_default_modules()

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)

Outcome = Callable[[], object]


def with_one_address(**fields: object) -> list[Contact]:
    """Two records, nobody of that name, with an e-mail address that no other scene has."""
    contacts = [ContactFactory(full_name=""), ContactFactory(full_name="")]
    for contact in contacts:
        EmailFactory(contact=contact, raw=f"joe-{contacts[0].pk}@example.com", **fields)
    return contacts


def what_became_of(contacts: list[Contact]) -> dict[str, object]:
    """Return whose two records are by now, and what there is about them, each as often as it is there."""
    first, second = (contact.pk for contact in contacts)
    return {
        "of one person": Contact.objects.filter(pk__in=[first, second], person=first).count(),
        "merges": list(Merge.objects.filter(survivor=first, loser=second).values_list("rule", flat=True)),
        "suggested": list(DuplicateSuggestion.objects.filter(first=first, second=second).values_list("state", "score")),
        "history": ContactEvent.objects.filter(pgh_obj__in=[first, second]).count(),
        "left": ChangedIdentity.objects.filter(contact_id__in=[first, second]).count(),
    }


def joining() -> tuple[Outcome, object]:
    """Two records that somebody asked to join."""
    contacts = with_one_address()
    search_changed(now=NOW)
    job = start_joining([DuplicateSuggestion.objects.get(first=contacts[0].pk).pk], now=NOW)

    def outcome() -> object:
        job.refresh_from_db()
        return [job.state, job.done, [one["status"] for one in job.report["outcomes"]], what_became_of(contacts)]

    # Both were added, then the one points to the other, and the other was touched.
    became = {"of one person": 2, "merges": [""], "suggested": [("merged", 80)], "history": 4, "left": 0}
    return outcome, ["succeeded", 1, ["merged"], became]


def searching() -> tuple[Outcome, object]:
    """Two new records, in a search of everybody."""
    contacts = with_one_address()
    job = start_search(now=NOW)

    def outcome() -> object:
        job.refresh_from_db()
        return [job.state, job.done - (job.total or 0), job.report["suggestions"], what_became_of(contacts)]

    became = {"of one person": 1, "merges": [], "suggested": [("open", 80)], "history": 2, "left": 0}
    return outcome, ["succeeded", 0, 1, became]


def merging_by_rule() -> tuple[Outcome, object]:
    """Two records that have verified the same address, with the rule that joins them."""
    contacts = with_one_address(verified_at=NOW, verified_by="shop")
    search_changed(now=NOW)

    def outcome() -> object:
        return what_became_of(contacts)

    became = {"of one person": 2, "merges": ["verified_email"], "suggested": [("merged", 95)], "history": 4, "left": 0}
    return outcome, became


def exporting() -> tuple[Outcome, object]:
    """An export that somebody asked for, and one whose day is over."""
    joe = ContactFactory()
    account = MemberFactory(contact=joe)
    InteractionFactory(member=account, channel=account.channel, text="I am Joe.")
    job, over = (request_export(contact_id=joe.pk, through="command") for _ in range(2))
    Job.objects.filter(pk=over.pk).update(state="succeeded", done=1, total=1, finished_at=NOW)
    PersonExport.objects.filter(job=over).update(expires_at=NOW, size=3)
    PersonExportPart.objects.create(export=over.person_export, number=0, content=b"old")

    def outcome() -> object:
        job.refresh_from_db()
        over.person_export.refresh_from_db()
        parts = [bytes(part.content) for part in job.person_export.parts.order_by("number")]
        file = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
        said = len(re.findall(rb"I am Joe\.", file.read("json/interactions.json")))
        old = over.person_export.parts.count(), over.person_export.purged_at is None
        return [job.state, job.done - (job.total or 0), len(parts), said, old]

    return outcome, ["succeeded", 0, 1, 1, (0, False)]


def answered() -> tuple[Outcome, object]:
    """A question that was answered, and one that waits and stands on the list twice."""
    joe, ada = MemberFactory(), MemberFactory()
    replied, waits = (InteractionFactory(member=joe, channel=joe.channel, occurred_at=NOW) for _ in range(2))
    InteractionFactory(member=ada, channel=joe.channel, kind="answer", reply_to=replied,
                       occurred_at=NOW + dt.timedelta(hours=1))  # fmt: skip
    WatchListEntry.objects.create(interaction_id=waits.pk)

    def outcome() -> object:
        listed = Counter(WatchListEntry.objects.values_list("interaction_id", flat=True))
        return [listed[replied.pk], listed[waits.pk]]

    return outcome, [0, 1]


def logged_in() -> tuple[Outcome, object]:
    """A session that is over, and one that is not."""
    now = timezone.now()
    for key, ends_in in (("over", -1), ("open", 1)):
        UserSession.objects.create(pk=f"{key}-{now.timestamp()}", expire_date=now + dt.timedelta(days=ends_in))

    def outcome() -> object:
        return sorted(UserSession.objects.filter(pk__endswith=f"-{now.timestamp()}").values_list("pk", flat=True))

    return outcome, [f"open-{now.timestamp()}"]


# Each scene makes new facts for its task, beside those of the scenes before, and returns what asks how they ended, and
# how they have to end.
SCENES = [
    ("config.tasks.forget_sessions", logged_in),
    ("community.tasks.prune_watch_list", answered),
    ("crm.personal_data.tasks.make_exports", exporting),
    ("crm.tasks.find_duplicates", joining),
    ("crm.tasks.find_duplicates", searching),
    ("crm.tasks.find_duplicates", merging_by_rule),
]
# Tests that kill a worker in the middle of a task, or, for want of a scene, stop it at its statements.
TESTS = {
    "config.tasks.forget_sessions": [],  # one statement
    "community.tasks.prune_watch_list": [],  # one statement after the other, each by itself: a kill is such an error
    "crm.personal_data.tasks.make_exports": [
        "tests/crm/personal_data/test_killed.py::test_an_export_whose_worker_was_killed_is_made_by_the_next_one",
    ],
    "crm.tasks.find_duplicates": [
        "tests/crm/test_duplicates_killed.py::test_joining_fifty_pairs_goes_on_after_a_kill",
        "tests/crm/test_duplicates_killed.py::test_searching_everybody_goes_on_after_a_kill_and_finds_the_same",
    ],
    "metrics.tasks.recompute_stale": [
        "tests/crash/test_recompute_killed.py::test_recompute_survives_kill_9_of_any_process",
        "tests/metrics/test_recompute_concurrency.py::test_an_error_at_any_statement_leaves_the_marks_for_the_next_claim",
        "tests/metrics/test_recompute_concurrency.py"
        "::test_an_error_at_any_statement_of_a_full_recompute_is_made_good_by_the_next_look",
        "tests/metrics/test_recompute_concurrency.py::test_the_task_twice_is_the_task_once",
        "tests/metrics/test_recompute_concurrency.py::test_the_task_by_four_workers_at_once_is_the_task_once",
    ],
}


def test_every_task_has_a_scene_or_names_its_tests():
    own = {name for name in celery_app.tasks if not name.startswith("celery.")}

    assert own == set(TESTS)
    assert own - {name for name, _ in SCENES} == {"metrics.tasks.recompute_stale"}
    for test in itertools.chain.from_iterable(TESTS.values()):
        file, _, name = test.partition("::")
        assert f"\ndef {name}(" in (django_settings.BASE_DIR / file).read_text(encoding="utf-8"), test


@pytest.fixture
def rules(settings):
    settings.KITH_MERGE_RULES = ["verified_email"]


def writes(sql: str) -> bool:
    return sql.startswith(("INSERT", "UPDATE", "DELETE", "RELEASE")) or "advisory" in sql


def no_pauses() -> None:
    """Let the pauses after errors be over."""
    Job.objects.update(retry_at=None)
    ChangedIdentity.objects.update(retry_at=None)
    DuplicateSuggestion.objects.update(left_alone_at=None)


@pytest.mark.parametrize("stop", [die, fail])
@pytest.mark.parametrize(("name", "scene"), SCENES)
def test_a_task_ends_as_if_nobody_had_disturbed_it(name, scene, stop, rules):
    task = celery_app.tasks[name]
    # These two read a lot, an export the whole schema: between two of their writes it is all one where they die. An
    # error is caught in the same place wherever they read.
    tried = writes if scene in (exporting, merging_by_rule) or stop is fail else bool

    for number in range(1, 1_000):
        if scene is exporting and random.random() < 0.75:
            continue  # it takes long: other statements are tried in each run
        outcome, expected = scene()
        death = AtStatement(number, stop, among=tried)
        with connection.execute_wrapper(death):
            ended = finishes(task)
            assert ended != death.done or stop is fail  # which need not end more than what it was about
        no_pauses()
        task()
        assert outcome() == expected, f"after an error at statement {number}"
        if not death.done:
            break
    task()
    assert outcome() == expected, "done once more"
    assert number > 3 or scene in (answered, logged_in)

    outcome, expected = scene()
    assert errors_of_two_at_once(task) == []
    task()
    assert outcome() == expected, "done by two at once"


def errors_of_two_at_once(task: Callable[[], object]) -> list[Exception]:
    together = threading.Barrier(2)
    errors = []

    def work() -> None:
        try:
            together.wait()
            task()
        except Exception as error:  # noqa: BLE001 - handed on to the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
