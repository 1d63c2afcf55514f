"""Response figures of two real communities, each figure of their expected.json to its last digit."""

import json
from datetime import UTC
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Count, Min
from django.db.models.functions import TruncMonth
from django.utils import timezone

from community.models import HelpRecord, Interaction, Member, MemberRole, Thread
from crm.models import Contact
from metrics.models import StaleMark
from metrics.reports.names import accounts_of
from metrics.reports.responses import ResponsesQuery, responses_report

pytestmark = pytest.mark.django_db

FORUM = ("--channel", "forum", "--community", "engine")


@pytest.fixture
def import_folder(data_folder):
    def run(source, folder, *options):
        out = StringIO()
        call_command("import", source, str(data_folder / folder), "--json", *options, stdout=out)
        return json.loads(out.getvalue())

    return run


def expected(data_folder, folder):
    return json.loads((data_folder / folder / "expected.json").read_text())


def shown(times):
    """Lay the times out as expected.json does."""
    if not times.n:
        return {"count": 0}
    return {
        "count": times.n,
        "median": round(times.calendar.median, 3),
        "mean": round(times.calendar.mean, 3),
        "p90": round(times.calendar.p90, 3),
        "within_1h": times.within_1h,
        "within_24h": times.within_24h,
        "within_7d": times.within_7d,
    }


def report(by, topic=""):
    return responses_report(ResponsesQuery(by=by, now=timezone.now(), topic=topic))


def replier_accounts(rows):
    """The external ids of the accounts of each person among the rows."""
    people = {int(str(row.key)[1:]): row.key for row in rows if str(row.key).startswith("p")}
    return {
        people[pk]: [account.external_id for account in accounts] for pk, accounts in accounts_of(list(people)).items()
    }


def check(figures, topic=""):
    """Compare everything that one part of expected.json says about threads."""
    total = report("channel", topic).total
    repliers = report("replier", topic).rows
    accounts = replier_accounts(repliers)

    def top(name):
        """The ten with most, those with equally many in the order of the file."""
        numbers = {account: getattr(row, name) for row in repliers for account in accounts[row.key]}
        given = figures[f"top_helpers_by_{'accepted_answers' if name == 'resolved' else 'replies'}"]
        assert sorted(numbers.values(), reverse=True)[: len(given)] == [number for _, number in given]
        return [[account, numbers[account]] for account, _ in given]

    assert total.resolution_by_others.n == total.questions_answered == total.resolved - total.resolved_by_asker
    assert {
        "threads": total.raised,
        "answered_by_another": total.answered,
        "unanswered": total.unanswered,
        "response_rate": round(total.answered / total.asked, 6),
        "replies_earlier_than_opening_post": earlier_replies(topic),
        "first_response_seconds": shown(total.first_answer),
        "first_staff_response_seconds": shown(total.first_staff_reply),
        "resolved": total.resolved,
        "resolution_rate": float(round(total.resolution_rate.value, 6)),
        "resolved_by_asker": total.resolved_by_asker,
        "resolution_seconds_all": shown(total.resolution),
        "resolution_seconds_by_others": shown(total.resolution_by_others),
        "distinct_helpers": total.answerers,
        "top_helpers_by_replies": top("answers"),
        "top_helpers_by_accepted_answers": top("resolved"),
    } == figures


def earlier_replies(topic):
    replies = Interaction.objects.filter(kind="answer", **({"thread__topic": topic} if topic else {}))
    opened = dict(Interaction.objects.filter(kind="question").values_list("thread").annotate(Min("occurred_at")))
    return sum(at < opened[thread] for thread, at in replies.values_list("thread", "occurred_at"))


def test_the_qa_site(import_folder, data_folder):
    import_folder("stackexchange", "community_qa_site", "--channel", "history-meta", "--community", "history")
    figures = expected(data_folder, "community_qa_site")

    check(figures["threads"])

    # README of the data: the first answer or comment by another person.
    total = report("community").total
    assert (total.asked, total.replied, round(total.first_reply.calendar.median, 2)) == (556, 545, 7_453.67)
    assert total.first_reply.within_24h == 486
    (channel,) = report("channel").rows
    assert (channel.name, channel.replied, channel.first_reply) == ("History meta", 545, total.first_reply)
    assert report("staff").rows == []
    # No business hours: both clocks are one.
    assert total.first_answer.business == total.first_answer.calendar


def test_the_support_forum(import_folder, data_folder):
    figures = expected(data_folder, "community_discourse_forum")
    totals = figures["totals"]
    dry = import_folder("discourse", "community_discourse_forum", *FORUM, "--dry-run")
    assert not Member.objects.exists()

    told = import_folder("discourse", "community_discourse_forum", *FORUM)

    assert {**dry, "dry_run": False} == told
    assert told["failed"] == 0
    # An accepted answer is named by its topic first and arrives later.
    assert (told["created"], told["updated"]) == (2 + 417 + 1_324 + 9_691 - 319, 319)
    assert told["notes"] == {
        "likes, counted only": totals["likes"],
        "views, counted only": totals["views"],
        "system actions, left out": totals["system_rows_type_2_or_3"],
        "accepted answers that their topic does not name, ignored": 2,
    }
    posts = Interaction.objects.arrived()
    assert Interaction.objects.count() == posts.count() == totals["posts_type_1"]
    assert dict(posts.values_list("kind").annotate(n=Count("id"))) == {
        "question": totals["topics"],
        "answer": totals["replies_type_1"],
    }
    assert posts.values("member").distinct().count() == totals["members_who_posted"]
    by_member = posts.values("member").annotate(n=Count("id"))
    assert by_member.filter(n=1).count() == totals["one_post_members"]
    assert round(told["notes"]["likes, counted only"] / totals["posts_type_1"], 6) == totals["likes_per_post"]
    assert MemberRole.objects.filter(role="staff").count() > 0
    by_month(figures["by_month"])

    check(figures["all_topics"])
    check(figures["support_category_10"], topic="10")

    staff = report("staff", "10").rows
    assert {row.name for row in staff} <= {member.handle for member in Member.objects.filter(roles__role="staff")}
    assert sum(row.first_replies for row in staff) <= 271
    again(import_folder)


def by_month(figures):
    posts = Interaction.objects.arrived()
    months = {
        f"{month:%Y-%m}": {"active_members": active, "posts": number}
        for month, active, number in posts.annotate(month=TruncMonth("occurred_at", tzinfo=UTC))
        .values_list("month")
        .annotate(Count("member", distinct=True), Count("id"))
    }
    first = [at for _, at in posts.values_list("member").annotate(Min("occurred_at"))]
    for month, found in months.items():
        found["new_members"] = sum(f"{at:%Y-%m}" == month for at in first)
    assert months == figures


def again(import_folder):
    models = (Contact, Member, Thread, Interaction, HelpRecord)
    before = {model: list(model.objects.order_by("pk").values()) for model in models}
    marks = StaleMark.objects.count()

    told = import_folder("discourse", "community_discourse_forum", *FORUM)

    assert (told["created"], told["updated"], told["unchanged"]) == (0, 0, 417 + 1_324 + 9_691)
    assert {model: list(model.objects.order_by("pk").values()) for model in models} == before
    assert StaleMark.objects.count() == marks
