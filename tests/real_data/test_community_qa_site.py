"""A whole Q&A site through `manage.py import stackexchange`: the counts that are published with the data."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Count, F

from community.models import HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Contact

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


def test_site_is_imported_whole(import_site):
    report = import_site()

    assert (report["failed"], report["superseded"], report["errors_file"]) == (0, 0, None)
    assert {name: sum(counts.values()) for name, counts in report["collections"].items()} == {
        "communities": 1,
        "channels": 1,
        "members": 2_295,
        "threads": 556,
        "interactions": 5_111,
    }
    assert Member.objects.count() == 2_295
    assert sum(not member.handle.isascii() for member in Member.objects.all()) == 49
    assert MemberRole.objects.get().member.external_id == "-1"
    assert Thread.objects.count() == 556
    assert Thread.objects.filter(accepted_answer__isnull=False).count() == 181
    assert Thread.objects.filter(accepted_answer__member=F("opened_by")).count() == 11
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


def test_years_of_the_questions_are_the_published_ones(import_site, data_folder):
    import_site()

    expected = json.loads((data_folder / "community_qa_site" / "expected.json").read_text())
    by_year = Thread.objects.values_list("opened_at__year").annotate(n=Count("id"))
    assert {str(year): number for year, number in by_year} == expected["questions_by_year"]


def test_accepted_answers_are_help_where_asker_and_helper_are_known(import_site):
    import_site()

    # Of 181 accepted answers 11 are the asker's own, 4 answer a deleted account, 2 are by one, 1 is both.
    records = HelpRecord.objects.filter(withdrawn_at=None).exclude(contact=F("helper_member__contact"))
    assert records.count() == 163
    assert records.values("contact").distinct().count() == 114


def test_second_import_changes_nothing(import_site):
    import_site()
    before = {model: list(model.objects.order_by("pk").values()) for model in (Contact, Member, Thread, Interaction)}

    report = import_site()

    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 2_295 + 556 + 5_111)
    for model, rows in before.items():
        assert list(model.objects.order_by("pk").values()) == rows


def test_dry_run_says_what_a_real_run_does(import_site):
    dry = import_site("--dry-run")
    assert not Interaction.objects.exists()

    real = import_site()

    assert {**dry, "dry_run": False} == real
