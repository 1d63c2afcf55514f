"""What waits, at scale: the menu's number, the list, persons' states, pruning, and the watch list's triggers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from django.db import connection, transaction

from benchmarks import daily_work
from benchmarks.facts import Scale
from benchmarks.measuring import Measurement, execute, waited
from community.models import Interaction, MemberRole
from community.waiting import prune_watch_list, waiting, waiting_count, waiting_of_persons
from crm.models import Contact

RUNS = 20
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MOST = 0.050  # seconds: the menu asks for its number on every page
TABLES = ["community_interaction", "community_member", "crm_contact"]  # none may be read whole


def measure(scale: Scale) -> Iterator[Measurement]:
    """Yield what each takes, and whether a table of facts was read whole for it."""
    daily_work.load(scale)
    answer = scale.interactions + Interaction.objects.filter(kind="question", pk__lt=10_000).exclude(thread=None)[0].pk
    asked: dict[str, Callable[[], object]] = {
        "the number in the menu": lambda: waiting_count(now=NOW, up_to=99),
        "the first page of the list": lambda: list(waiting(now=NOW).order_by("occurred_at", "pk")[:50]),
        "whether 100 persons wait": lambda: waiting_of_persons(range(1, 101), now=NOW),
        "pruning the watch list": _undone(prune_watch_list),
        "an answer is retracted": _undone(
            lambda: Interaction.objects.filter(pk=answer).update(retracted_at=NOW, retract_reason="spam")
        ),
        "an account turns out to be a bot's": _undone(
            lambda: MemberRole.objects.create(member_id=daily_work.BUSIEST + 1, role="bot")
        ),
        "two people are merged": _undone(lambda: Contact.objects.filter(pk=2_001).update(merged_into=2_002)),
        "1,000 questions arrive": _undone(lambda: _ask(scale, 1_000)),
    }
    for what, work in asked.items():
        work()
        before = _read_whole()
        times = waited(RUNS, work)
        whole = _read_whole() - before
        how = f"**{whole} whole tables**" if whole else "by index alone"
        yield Measurement(
            operation=f"the queue among {scale.interactions:,}: {what}", product=times.unlucky,
            limit=(None if "arrive" in what else MOST) if not whole else 0,
            remark=f"p50 {times.usual * 1000:.1f} ms, {how}",
        )  # fmt: skip


def _undone(work: Callable[[], object]) -> Callable[[], object]:
    """Return `work` in a transaction that is rolled back: the next run finds the same."""

    def run() -> None:
        with transaction.atomic():
            work()
            transaction.set_rollback(True)

    return run


def _ask(scale: Scale, number: int) -> None:
    execute(
        """
        INSERT INTO community_interaction (channel_id, external_id, kind, direction, occurred_at, member_id, text)
        SELECT 1, 'queue' || n, 'question', 'inbound', %(now)s, 1 + n * 7 %% %(contacts)s, 'How?'
        FROM generate_series(1, %(number)s) n
        """,
        {"now": NOW, "contacts": scale.contacts, "number": number},
    )


def _read_whole() -> int:
    """Return how often one of the tables was read from its beginning to its end so far, by this session or another."""
    execute("SELECT pg_stat_force_next_flush()")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname = ANY(%s)", [TABLES])
        return int(cursor.fetchone()[0])
