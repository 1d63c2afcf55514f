"""Batch upsert through the service layer against a bare COPY and ON CONFLICT into the same tables and triggers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from benchmarks.facts import Scale
from benchmarks.measuring import Measurement, best_of, execute, median_of
from gateway.batches import upsert

BATCH = 1_000  # items a call, as the API allows
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MEMBERS = 20_000
ALONE = 200  # items, each in a call of its own


def interactions(count: int, *, text: str) -> list[dict[str, object]]:
    """Items as a client sends them: known members, a third of them addressed to another one."""
    return [
        {
            "channel": "writing",
            "external_id": f"w{n}",
            "member": f"w{n * 7919 % MEMBERS}",
            "kind": "comment",
            "occurred_at": (NOW - timedelta(minutes=n)).isoformat(),
            "text": f"{text} {n}",
            **({"to": f"w{n * 104729 % MEMBERS}"} if n % 3 == 0 else {}),
        }
        for n in range(count)
    ]


def contacts(count: int, *, name: str) -> list[dict[str, object]]:
    """Items as a client sends them: a name and an address each."""
    return [
        {"source": "writing", "external_id": f"w{n}", "full_name": f"{name} {n}", "email": f"w{n}@example.com"}
        for n in range(count)
    ]


def _batches(items: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _through_services(collection: str, items: list[dict[str, object]]) -> None:
    for batch in _batches(items):
        result = upsert(collection=collection, items=batch, now=NOW)
        if result.failed:
            raise RuntimeError(f"The benchmark's own items were refused: {result.results[0]}")


_INTERACTION_COLUMNS = "channel_id, external_id, kind, occurred_at, member_id, to_member_id, text"


def _bare_interactions(items: list[dict[str, object]], members: dict[str, int], channel: int) -> None:
    rows = [
        (
            channel,
            item["external_id"],
            item["kind"],
            item["occurred_at"],
            members[str(item["member"])],
            members.get(str(item.get("to"))),
            item["text"],
        )
        for item in items
    ]
    for start in range(0, len(rows), BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE bare (channel_id bigint, external_id text, kind text, occurred_at timestamptz,"
                " member_id bigint, to_member_id bigint, text text) ON COMMIT DROP"
            )
            with cursor.copy("COPY bare FROM STDIN") as copy:
                for row in rows[start : start + BATCH]:
                    copy.write_row(row)
            cursor.execute(
                f"INSERT INTO community_interaction AS i ({_INTERACTION_COLUMNS})"
                f" SELECT {_INTERACTION_COLUMNS} FROM bare ORDER BY external_id"
                " ON CONFLICT (channel_id, external_id) DO UPDATE SET kind = excluded.kind,"
                " occurred_at = excluded.occurred_at, member_id = excluded.member_id,"
                " to_member_id = excluded.to_member_id, text = excluded.text"
                " WHERE (i.kind, i.occurred_at, i.member_id, i.to_member_id, i.text) IS DISTINCT FROM"
                " (excluded.kind, excluded.occurred_at, excluded.member_id, excluded.to_member_id, excluded.text)"
            )


def _bare_contacts(items: list[dict[str, object]], *, source: str) -> None:
    """The floor of contacts that nobody has sent before: the same three rows of each, without any check."""
    for batch in _batches(items):
        with transaction.atomic(), connection.cursor() as cursor:
            _stage_contacts(cursor, batch)
            cursor.execute(
                "INSERT INTO crm_contact (id, full_name, search_text)"
                " SELECT id, full_name, lower(full_name || E'\\n' || email) FROM bare"
            )
            cursor.execute(
                "INSERT INTO crm_contactref (source, external_id, contact_id) SELECT %s, external_id, id FROM bare"
                " ORDER BY external_id",
                [source],
            )
            cursor.execute(
                "INSERT INTO crm_contactpoint (contact_id, kind, raw, normalised)"
                " SELECT id, 'email', email, email FROM bare"
            )


def _bare_changes(items: list[dict[str, object]], *, source: str) -> None:
    """The floor of contacts whose name changes: found by reference, updated where it differs."""
    for batch in _batches(items):
        with transaction.atomic(), connection.cursor() as cursor:
            _stage_contacts(cursor, batch)
            cursor.execute(
                "UPDATE crm_contact c SET full_name = b.full_name, updated_at = now(),"
                " search_text = lower(b.full_name || E'\\n' || b.email)"
                " FROM bare b JOIN crm_contactref r ON r.source = %s AND r.external_id = b.external_id"
                " WHERE c.id = r.contact_id AND c.full_name <> b.full_name",
                [source],
            )


def _stage_contacts(cursor: CursorWrapper, batch: list[dict[str, object]]) -> None:
    cursor.execute(
        "CREATE TEMP TABLE bare (id bigint DEFAULT nextval(pg_get_serial_sequence('crm_contact', 'id')),"
        " external_id text, full_name text, email text) ON COMMIT DROP"
    )
    with cursor.copy("COPY bare (external_id, full_name, email) FROM STDIN") as copy:
        for item in batch:
            copy.write_row((item["external_id"], item["full_name"], item["email"]))


def _clear() -> None:
    execute(
        "DELETE FROM community_interaction WHERE channel_id IN (SELECT id FROM community_channel WHERE slug='writing')"
    )
    execute("DELETE FROM community_interactionevent WHERE pgh_obj_id NOT IN (SELECT id FROM community_interaction)")
    execute("TRUNCATE metrics_stalemark")


def measure(scale: Scale) -> Iterator[Measurement]:
    """Yield inserts, real updates and unchanged items for interactions, inserts and updates for contacts."""
    count = min(50_000, scale.interactions // 5)
    upsert(collection="communities", items=[{"slug": "writing", "name": "Writing"}], now=NOW)
    upsert(
        collection="channels",
        items=[{"slug": "writing", "name": "Writing", "platform": "forum", "community": "writing"}],
        now=NOW,
    )
    _through_services(
        "members", [{"channel": "writing", "external_id": f"w{n}", "handle": f"w{n}"} for n in range(MEMBERS)]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.external_id, m.id, m.channel_id FROM community_member m"
            " JOIN community_channel c ON c.id = m.channel_id WHERE c.slug = 'writing'"
        )
        found = cursor.fetchall()
    members = {external_id: pk for external_id, pk, _ in found}
    channel = found[0][2]
    first, second = interactions(count, text="Hello"), interactions(count, text="Changed")

    floor = best_of(2, lambda: _bare_interactions(first, members, channel), before=_clear)
    product = best_of(2, lambda: _through_services("interactions", first), before=_clear)
    floor_is = "bare COPY + ON CONFLICT, same triggers"
    yield Measurement(
        operation="interactions, inserted", floor=floor, floor_is=floor_is, product=product, amount=count,
        unit="interactions", target=2.0,
    )  # fmt: skip
    floor = best_of(1, lambda: _bare_interactions(first, members, channel))
    product = best_of(1, lambda: _through_services("interactions", first))
    yield Measurement(
        operation="interactions, unchanged", floor=floor, floor_is=floor_is, product=product, amount=count,
        unit="interactions", target=2.0,
    )  # fmt: skip

    def afresh() -> None:
        """Let each change be the first of its row, which begins its history."""
        _clear()
        _bare_interactions(first, members, channel)

    floor = best_of(1, lambda: _bare_interactions(second, members, channel), before=afresh)
    product = best_of(1, lambda: _through_services("interactions", second), before=afresh)
    yield Measurement(
        operation="interactions, all changed", floor=floor, floor_is=floor_is, product=product, amount=count,
        unit="interactions", target=2.0,
    )  # fmt: skip
    floor_is = "bare COPY, same rows and triggers"
    people, renamed = contacts(count, name="Ada"), contacts(count, name="Grace")
    floor = best_of(1, lambda: _bare_contacts(people, source="bare"))
    product = best_of(1, lambda: _through_services("contacts", people))
    yield Measurement(
        operation="contacts with address and history, inserted", floor=floor, floor_is=floor_is, product=product,
        amount=count, unit="contacts", limit=count / 15_000, remark="half of the floor, and 15,000/s",
    )  # fmt: skip
    floor = best_of(1, lambda: _bare_changes(renamed, source="bare"))
    product = best_of(1, lambda: _through_services("contacts", renamed))
    yield Measurement(
        operation="contacts with history, all changed", floor=floor, floor_is=floor_is, product=product, amount=count,
        unit="contacts", limit=count / 15_000, remark="half of the floor, and 15,000/s",
    )  # fmt: skip
    for collection, items in (("interactions", first[:ALONE]), ("contacts", contacts(ALONE, name="Alone"))):
        named = iter([{**item, "external_id": f"alone{number}"} for number, item in enumerate(items)])
        yield Measurement(
            operation=f"one of {collection} by itself, inserted",
            product=median_of(ALONE, lambda key=collection, rest=named: _through_services(key, [next(rest)])),  # type: ignore[misc]
            remark=f"median of {ALONE}",
        )
    _clear()
