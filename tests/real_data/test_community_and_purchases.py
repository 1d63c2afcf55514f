"""
A whole Q&A site through `manage.py import stackexchange`: the counts that are published with the data.

Then real purchases are joined to it by a join that is made up (docs/real-data.md shows the run). What is checked does
not depend on whether the join is true: that the lines sum to the revenue to the cent for every model, that the
documented figures are those of the code, and that the credits of three buyers are those that a person works out.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Count, F, Sum
from pytest_django import DjangoDbBlocker

from community.models import HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Contact, Conversion
from metrics.models import Credit, StaleMark
from metrics.reports.query import MODELS, RoiQuery
from metrics.reports.roi import roi_report
from tests.real_data.computing import compute_all
from tests.real_data.importing import import_purchases, import_site

pytestmark = pytest.mark.django_db

NOW = datetime(2018, 9, 1, tzinfo=UTC)
REVENUE = Decimal("244091.94")
COLUMNS = ["first_touch_minor", "last_touch_minor", "linear_minor", "position_based_minor", "time_decay_minor"]
DOCUMENT = Path(django_settings.BASE_DIR) / "docs" / "real-data.md"
README = Path(django_settings.BASE_DIR) / "README.md"


@pytest.fixture(scope="module")
def reports(
    data_folder: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    """Import the site, dry first, for all tests of this file; the two reports."""
    with django_db_blocker.unblock(), transaction.atomic():
        dry = import_site(data_folder, "--dry-run")
        assert not Interaction.objects.exists()
        yield dry, import_site(data_folder)
        transaction.set_rollback(True)


def test_site_is_imported_whole_and_only_once(reports, data_folder: Path):
    dry, report = reports

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
    check_that_a_second_import_changes_nothing(data_folder)


def check_members() -> None:
    assert Member.objects.count() == 2_295
    assert sum(not member.handle.isascii() for member in Member.objects.all()) == 49
    assert MemberRole.objects.get().member.external_id == "-1"


def check_threads(data_folder: Path) -> None:
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


def check_that_a_second_import_changes_nothing(data_folder: Path) -> None:
    models = (Contact, Member, Thread, Interaction, HelpRecord)
    before = {model: list(model.objects.order_by("pk").values()) for model in models}
    marks = StaleMark.objects.count()

    report = import_site(data_folder)

    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 2_295 + 556 + 5_111)
    assert {model: list(model.objects.order_by("pk").values()) for model in models} == before
    assert StaleMark.objects.count() == marks


@pytest.fixture
def joined(reports, data_folder: Path, tmp_path: Path, settings) -> None:
    """The site, the purchases and the made-up join, imported by the documented commands and computed."""
    settings.KITH_CURRENCY = "USD"
    imported = import_purchases(data_folder, tmp_path)
    assert [(report["created"], report["updated"], report["failed"]) for report in imported] == [
        (0, 383, 0),
        (6_919, 0, 0),
    ]
    compute_all(now=NOW)


def credits_of(customer: str) -> list[tuple[object, ...]]:
    """Every credit of a customer: order, touch, who acted, and the five models' cents."""
    return list(
        Credit.objects.filter(
            conversion__contact__refs__source="cdnow", conversion__contact__refs__external_id=customer
        )
        .order_by("conversion__external_id", "position")
        .values_list("conversion__external_id", "interaction__external_id", "actor_kind", *COLUMNS)
    )


def test_purchases_joined_to_the_community(joined):
    assert Conversion.objects.aggregate(Sum("amount"))["amount__sum"] == REVENUE
    assert Conversion.objects.count() == 6_919

    check_lines_sum_to_revenue()
    check_hand_worked_credits()
    check_documented_figures()


def check_lines_sum_to_revenue() -> None:
    for scope, view in (
        ("channels", "customer"),
        ("campaigns", "customer"),
        ("members", "helper"),
        ("members", "customer"),
    ):
        report = roi_report(RoiQuery(scope=scope, view=view, model="all", now=NOW))
        for model in MODELS:
            rows = sum((row.models[model].revenue_credited for row in report.rows), Decimal(0))
            lines = sum((line.revenue.get(model, Decimal(0)) for line in report.lines.values()), Decimal(0))
            assert rows + lines == REVENUE, (scope, view, model)
    channel = roi_report(RoiQuery(scope="channels", model="all", now=NOW)).rows[0]
    assert {model: channel.models[model].revenue_credited for model in MODELS} == dict.fromkeys(
        MODELS, Decimal("4127.65")
    )


def check_hand_worked_credits() -> None:
    """
    Three buyers, worked out by hand from the files.

    Buyer 4 (user 13) paid 13.97 on 2 January 2012; the only touch in the 90 days before is the
    user's own answer p41 of 12 October.

    Buyer 19 (user 59) paid 35.93 on 3 January 2012. Touches: the user's answer p53 of 14 October
    04:50:30.827, and a comment on it by another member, c79, 35,938.066 s later. Time decay: the older
    one weighs 2^-(35,938.066 / 604,800) = 0.95965, so its share is 0.95965 / 1.95965 = 0.489705 and
    3593 x 0.489705 = 1759.5, of which 1759 whole cents.

    Buyer 35 (user 113) paid 11.77 on 3 January 2012: asked p76 on 23 October and got the answers p78
    (38,884.093 s later) and p82 of two other members. Ages before p82: 194,867.476 s and 155,983.383 s,
    weights 0.799853 and 0.836297 and 1, sum 2.636150. Time decay reaches 1177 x 0.303417 = 357.1 cents
    after the first touch and 1177 x 0.620659 = 730.5 after the second: 357, 730 - 357 = 373, 447. Linear reaches
    392.3 and 784.7: 392, 392, 393. Position-based reaches 470.8 and 706.2: 470, 236, 471.
    """
    assert credits_of("4") == [("9", "p41", "self", 1397, 1397, 1397, 1397, 1397)]
    assert credits_of("19") == [
        ("72", "p53", "self", 3593, 0, 1796, 1796, 1759),
        ("72", "c79", "member", 0, 3593, 1797, 1797, 1834),
    ]
    assert credits_of("35") == [
        ("100", "p76", "self", 1177, 0, 392, 470, 357),
        ("100", "p78", "member", 0, 0, 392, 236, 373),
        ("100", "p82", "member", 0, 1177, 393, 471, 447),
    ]


def check_documented_figures() -> None:
    """Every line of the tables, and what the text around them counts, is written here from what the code says."""
    customer = roi_report(RoiQuery(scope="channels", model="all", now=NOW))
    helper = roi_report(RoiQuery(scope="members", view="helper", model="all", now=NOW))
    touched = customer.rows[0]
    unattributed = customer.lines["unattributed"].revenue["linear"]
    kinds = dict(Interaction.objects.arrived().values_list("kind").annotate(n=Count("id")))
    posts = f"{kinds['question']:,} questions, {kinds['answer']:,} answers, {kinds['comment']:,} comments"
    credits = Credit.objects.count()
    purchases = Conversion.objects.count()
    buyers = Contact.objects.filter(refs__source="cdnow")
    with_account = Member.objects.filter(contact__person__in=buyers).values("contact__person").distinct().count()
    told = [
        f"| revenue | {REVENUE:,} |",
        f"| of it unattributed | {unattributed:,} |",
        f"| credited, by any model | {touched.revenue_credited:,} |",
        f"| purchases with a touch | {touched.conversions_touched:,} |",
        f"| credits in the ledger | {credits:,} |",
        f"| people helped | {touched.social.people_helped:,} |",
        f"| questions answered | {touched.social.questions_answered:,} |",
        f"The site: {Member.objects.count():,} members, {posts} and {kinds['post']} other posts; ",
        f"; {Thread.objects.exclude(accepted_answer=None).count()} accepted answers. The shop: {purchases:,} purchases",
        f"the purchases of {buyers.count():,} customers of an online CD shop",
        f"until the {with_account} users who wrote are used up",
        f"The other {buyers.count() - with_account:,} buyers have no account.",
    ]
    for model in MODELS:
        by_members = sum((row.models[model].revenue_credited for row in helper.rows), Decimal(0))
        by_buyers = helper.lines["self"].revenue[model]
        unknown = helper.lines["unknown"].revenue[model]
        told.append(f"| {model} | {by_members:,} | {by_buyers:,} | {unknown:,} |")
    for touch, (_, _, _, *minor) in zip(
        ("the question", "the first answer", "the second answer"), credits_of("35"), strict=True
    ):
        told.append(f"| {touch} | {' | '.join(str(Decimal(each).scaleb(-2)) for each in minor)} |")
    expect(DOCUMENT, told)
    expect(
        README,
        [
            f"A whole Q&A site ({posts}) and the {purchases:,} purchases of a CD shop",
            f"| revenue | {REVENUE:,} |",
            f"| credited, by any model | {touched.revenue_credited:,} |",
            f"| unattributed | {unattributed:,} |",
            f"{credits:,} credits stand behind it",
            f"| {customer.total.revenue:,} of {REVENUE:,} |",
        ],
    )


def expect(page: Path, told: list[str]) -> None:
    """Fail for what the page does not say, however its lines are broken."""
    said = " ".join(page.read_text(encoding="utf-8").split())
    missing = [each for each in told if each not in said]
    assert not missing, f"{page.name} should say:\n" + "\n".join(missing)
