"""A whole Q&A site through `manage.py import stackexchange`: the counts that are published with the data."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Count, F

from community.models import HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Contact
from metrics.models import StaleMark

pytestmark = pytest.mark.django_db


@pytest.fixture
def import_site(data_folder):
    """Run the import and return its report."""

    def run(*options):
        out = StringIO()
        folder = data_folder / "community_qa_site"
        arguments = ["--channel", "history-meta", "--community", "history", "--json", *options]
        call_command("import", "stackexchange", str(folder), *arguments, stdout=out)
        return json.loads(out.getvalue())

    return run


def test_site_is_imported_whole_and_only_once(import_site, data_folder):
    dry = import_site("--dry-run")
    assert not Interaction.objects.exists()

    report = import_site()

    assert {**dry, "dry_run": False} == report
    assert (report["failed"], report["superseded"], report["errors_file"]) == (0, 0, None)
    assert {name: sum(counts.values()) for name, counts in report["collections"].items()} == {
        "communities": 1,
        "channels": 1,
        "members": 2_295,
        "threads": 556,
        "interactions": 5_111,
    }
    check_members()
    check_threads(data_folder)
    check_interactions()
    check_help()
    check_that_a_second_import_changes_nothing(import_site)


def check_members() -> None:
    assert Member.objects.count() == 2_295
    assert sum(not member.handle.isascii() for member in Member.objects.all()) == 49
    assert MemberRole.objects.get().member.external_id == "-1"


def check_threads(data_folder) -> None:
    assert Thread.objects.count() == 556
    assert Thread.objects.filter(accepted_answer__isnull=False).count() == 181
    assert Thread.objects.filter(accepted_answer__member=F("opened_by")).count() == 11
    expected = json.loads((data_folder / "community_qa_site" / "expected.json").read_text())
    by_year = Thread.objects.values_list("opened_at__year").annotate(n=Count("id"))
    assert {str(year): number for year, number in by_year} == expected["questions_by_year"]


def check_interactions() -> None:
    interactions = Interaction.objects.arrived()
    assert dict(interactions.values_list("kind").annotate(n=Count("id"))) == {
        "question": 556,
        "answer": 1_095,
        "comment": 3_454,
        "post": 6,
    }
    assert Interaction.objects.count() == 5_111
    posts = interactions.exclude(kind="comment")
    assert posts.filter(member=None).count() == 46
    assert posts.exclude(member=None).values("member").distinct().count() == 309
    assert interactions.filter(kind="comment", member=None).count() == 142
    assert interactions.exclude(member=None).values("member").distinct().count() == 384
    assert interactions.filter(kind="answer").exclude(thread=None).count() == 1_095


def check_help() -> None:
    """Of 181 accepted answers 11 are the asker's own, 4 answer a deleted account, 2 are by one, 1 is both."""
    records = HelpRecord.objects.filter(withdrawn_at=None).exclude(contact=F("helper_member__contact"))
    assert records.count() == 163
    assert records.values("contact").distinct().count() == 114


def check_that_a_second_import_changes_nothing(import_site) -> None:
    models = (Contact, Member, Thread, Interaction, HelpRecord)
    before = {model: list(model.objects.order_by("pk").values()) for model in models}
    marks = StaleMark.objects.count()

    report = import_site()

    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 2_295 + 556 + 5_111)
    assert {model: list(model.objects.order_by("pk").values()) for model in models} == before
    assert StaleMark.objects.count() == marks
