"""Facts may arrive in any order and in batches of any size: what is stored in the end is the same."""

import random
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.factories.community import ChannelFactory, UserFactory
from tests.sending import send

pytestmark = pytest.mark.django_db


def contact_ref(number):
    return {"source": "shop", "external_id": f"c{number}"}


def on_forum(external_id, **fields):
    return {"channel": "forum", "external_id": external_id, **fields}


# A small world in which everything names something else.
ITEMS: list[tuple[str, dict]] = [
    *[("contacts", contact_ref(n) | {"full_name": f"Person {n}", "email": f"p{n}@example.com"}) for n in range(3)],
    ("contacts", contact_ref(0) | {"company": {"source": "shop", "external_id": "f1"}, "tags": ["a"]}),
    ("companies", {"source": "shop", "external_id": "f1", "name": "Bloggs Ltd"}),
    *[("members", on_forum(f"u{n}", handle=f"user {n}", contact=contact_ref(n))) for n in range(3)],
    ("members", on_forum("u3", role="staff")),
    ("members", on_forum("u2", role="bot", role_since="2026-02-01T00:00:00Z")),
    ("campaigns", {"code": "spring", "name": "Spring", "parent": "YEAR"}),
    ("campaigns", {"code": "year", "name": "The year"}),
    *[
        ("threads", on_forum(f"t{n}", title=f"Thread {n}", opened_by=f"u{n}", accepted_answer=f"p{n}1"))
        for n in range(4)
    ],
    *[
        (
            "interactions",
            on_forum(f"p{n}0", kind="question", occurred_at="2026-03-02T09:00:00Z", member=f"u{n}", thread=f"t{n}"),
        )
        for n in range(4)
    ],
    *[
        (
            "interactions",
            on_forum(
                f"p{n}1",
                kind="answer",
                occurred_at="2026-03-02T10:00:00Z",
                member=f"u{(n + 1) % 3}",
                thread=f"t{n}",
                reply_to=f"p{n}0",
                to=f"u{n}",
                campaign="Spring",
            ),
        )
        for n in range(4)
    ],
    (
        "interactions",
        on_forum("p9", kind="comment", occurred_at="2026-03-02T11:00:00Z", to=contact_ref(9), reply_to="p99"),
    ),
    (
        "help-records",
        on_forum(
            "h1", contact=contact_ref(1), helper={"user": "ana"}, topic="x", occurred_at="2026-03-03T11:00:00Z"
        ),
    ),
    (
        "conversions",
        contact_ref("o1") | {"kind": "purchase", "contact": contact_ref(0), "amount": "40.00", "currency": "EUR",
                             "occurred_at": "2026-03-20T12:00:00Z"},
    ),
    (
        "conversions",
        contact_ref("r1") | {"refund_of": contact_ref("o1"), "amount": "10.00", "occurred_at": "2026-03-25T12:00:00Z"},
    ),
    (
        "costs",
        contact_ref("a1") | {"category": "advertising", "amount": "5.00", "currency": "EUR", "starts_on": "2026-03-01",
                             "ends_on": "2026-03-31", "campaign": "spring", "contact": contact_ref(2)},
    ),
]  # fmt: skip

# Every fact by the names that clients know, never by Kith's ids; a person is known by its references.
FACTS = {
    "contacts": """
        SELECT r.source, r.external_id, c.full_name, c.stage, c.tags, f.name, c.search_text, c.person_id = c.id,
               (SELECT array_agg(p.normalised ORDER BY 1) FROM crm_contactpoint p WHERE p.contact_id = c.id)
        FROM crm_contactref r
        JOIN crm_contact c ON c.id = r.contact_id
        LEFT JOIN crm_company f ON f.id = c.company_id""",
    "persons": "SELECT count(*) FROM crm_contact WHERE merged_into_id IS NULL",
    "companies": "SELECT source, external_id, name FROM crm_company",
    "members": """
        SELECT m.external_id, m.handle, r.external_id, p.stage
        FROM community_member m
        JOIN crm_contact c ON c.id = m.contact_id
        JOIN crm_contact p ON p.id = c.person_id
        LEFT JOIN crm_contactref r ON r.contact_id = p.id""",
    "roles": """
        SELECT m.external_id, r.role, r.since
        FROM community_memberrole r
        JOIN community_member m ON m.id = r.member_id""",
    "campaigns": """
        SELECT lower(c.code), c.name, c.status, lower(p.code)
        FROM crm_campaign c
        LEFT JOIN crm_campaign p ON p.id = c.parent_id""",
    "threads": """
        SELECT t.external_id, t.title, m.external_id, a.external_id
        FROM community_thread t
        LEFT JOIN community_member m ON m.id = t.opened_by_id
        LEFT JOIN community_interaction a ON a.id = t.accepted_answer_id""",
    "interactions": """
        SELECT i.external_id, i.kind, i.occurred_at, m.external_id, w.external_id, r.external_id, t.external_id,
               q.external_id, lower(c.code)
        FROM community_interaction i
        LEFT JOIN community_member m ON m.id = i.member_id
        LEFT JOIN community_member w ON w.id = i.to_member_id
        LEFT JOIN crm_contactref r ON r.contact_id = i.to_contact_id
        LEFT JOIN community_thread t ON t.id = i.thread_id
        LEFT JOIN community_interaction q ON q.id = i.reply_to_id
        LEFT JOIN crm_campaign c ON c.id = i.campaign_id""",
    "help": """
        SELECT i.external_id, r.external_id, m.external_id, h.origin, h.outcome, h.topic, h.question, h.withdrawn_at
        FROM community_helprecord h
        JOIN community_interaction i ON i.id = h.interaction_id
        JOIN crm_contact c ON c.id = h.contact_id
        LEFT JOIN crm_contactref r ON r.contact_id = c.person_id
        LEFT JOIN community_member m ON m.id = h.helper_member_id""",
    "conversions": """
        SELECT v.external_id, r.external_id, v.amount, v.currency, v.refund_of_external_id
        FROM crm_conversion v
        LEFT JOIN crm_contactref r ON r.contact_id = v.contact_id""",
    "costs": """
        SELECT k.external_id, k.amount, k.days::text, lower(c.code), r.external_id
        FROM community_cost k
        JOIN crm_campaign c ON c.id = k.campaign_id
        JOIN crm_contactref r ON r.contact_id = k.contact_id""",
}


def stored():
    with connection.cursor() as cursor:
        found = {}
        for name, sql in FACTS.items():
            cursor.execute(sql)
            found[name] = sorted(cursor.fetchall(), key=repr)
    return found


def prepare():
    ChannelFactory(slug="forum", community__slug="help")
    UserFactory(username="ana")


@contextmanager
def undone():
    """A block whose writes are undone at its end, so that one test can try many histories."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def deliver(order, sizes):
    """Send the items in this order; neighbours of one collection travel together, at most `size` at a time."""
    size = iter(sizes)
    batch, limit = [], next(size)
    for position, index in enumerate(order):
        collection, item = ITEMS[index]
        batch.append(item)
        following = ITEMS[order[position + 1]][0] if position + 1 < len(order) else None
        if following != collection or len(batch) == limit:
            result = send(collection, *batch)
            assert result.failed == 0, [outcome.errors for outcome in result.results]
            batch, limit = [], next(size, 1)


def test_facts_in_the_order_of_the_list_are_those_we_mean():
    prepare()
    deliver(list(range(len(ITEMS))), [100] * len(ITEMS))

    facts = stored()
    assert facts["persons"] == [(5,)]  # c0, c1, c2, the account u3, and c9 who was only addressed
    assert ("u0", "user 0", "c0", "lead") in facts["members"]
    assert ("u3", "", None, "audience") in facts["members"]
    assert ("year", "The year", "planned", None) in facts["campaigns"]
    # u1 answered u0, u2 answered u1, u0 answered u2, and u1 answered the unknown u3.
    assert [row[:4] for row in facts["help"]] == [
        ("h1", "c1", None, "client"),
        ("p01", "c0", "u1", "accepted_answer"),
        ("p11", "c1", "u2", "accepted_answer"),
        ("p21", "c2", "u0", "accepted_answer"),
        ("p31", None, "u1", "accepted_answer"),
    ]


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), sizes=st.lists(st.integers(1, 8), min_size=1, max_size=len(ITEMS)))
def test_any_order_and_any_batches_end_in_the_same_facts(seed, sizes):
    with undone():
        prepare()
        deliver(list(range(len(ITEMS))), [100] * len(ITEMS))
        expected = stored()
    order = list(range(len(ITEMS)))
    random.Random(seed).shuffle(order)

    with undone():
        prepare()
        deliver(order, sizes)
        # Once more in the first order: nothing is left to say.
        deliver(list(range(len(ITEMS))), [100] * len(ITEMS))
        assert stored() == expected
