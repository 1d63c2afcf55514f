"""
Merges, refunds, edits, items of sources, new facts, recomputes and unmerges at random: after everything is taken apart
again, the facts are those of a world in which no merge ever took anything over, and every figure follows from them.
"""

import datetime as dt
from copy import copy

import pytest
from django.apps import apps
from django.db.models.functions import Now
from hypothesis import given, settings
from hypothesis import strategies as st

from community.models.watch_list import WatchListEntry
from crm.merging import AlreadyOnePerson, merge, unmerge
from crm.merging.fields import fields_of
from crm.models import ChangedIdentity, Contact, ContactRef, Merge
from crm.search import refresh_search_text
from metrics.recompute import recompute_all, recompute_stale
from tests.metrics.oracle import expected_tables, stored_tables
from tests.metrics.test_recompute_properties import EXAMPLES, nothing_written, quietly
from tests.metrics.world import OPERATIONS, World, undone
from tests.sending import send_one

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NO_FACTS = (Merge, ChangedIdentity, WatchListEntry)  # a merge itself, and queues of what to look at
TEXTS = ("full_name", "motivation")
MERGING = ("join", "join", "join", "take_apart", "take_apart", "recompute", "edit_text", "edit_tags", "edit_custom",
           "edit_choice", "send", "send")  # fmt: skip
# Everything that happens to facts, but for merges that bypass the services.
FACTS = tuple(sorted(OPERATIONS.keys() - {"merge_contact", "unmerge_contact"}))
NOT_COMPARED = {"created_at", "updated_at"}


class MergingWorld(World):
    """
    A world in which contacts are merged and taken apart by the services, and their fields edited.

    With `is_merging` off, merges move the pointer alone: the world to compare with. Edits write what
    nobody wrote before, since writing what a merge has put there already is no edit that anybody could see.
    """

    def __init__(self):
        super().__init__()
        stages = ["audience", "lead", "customer", "audience"]
        for number, contact in enumerate(self.few().order_by("pk")):
            Contact.objects.filter(pk=contact.pk).update(
                full_name=f"Person {number}",
                motivation=f"Reason {number}",
                stage=stages[number],
                tags=["vip", f"tag {number}"][number % 2 :],
                custom_fields={"plan": number, f"own {number}": True},
                do_not_contact=number % 2 == 1,
            )
        refresh_search_text(list(Contact.objects.values_list("pk", flat=True)))

    def anew(self, *, is_merging):
        """Return this world to change, as long as its rows are as they are."""
        world = copy(self)
        world.is_merging, world.edits, world.said = is_merging, 0, {}
        return world

    def apply(self, operations):
        for name, numbers in operations:
            if name in MERGING:
                getattr(self, name)(numbers)
            else:
                super().apply([(name, numbers)])

    def join(self, n):
        survivor, loser = self.pick_whole(self.few(), n[0]), self.pick_whole(self.few(), n[1])
        if survivor.person_id == loser.person_id:
            with pytest.raises(AlreadyOnePerson):
                merge(survivor_id=survivor.pk, loser_id=loser.pk, now=NOW)
        elif self.is_merging:
            fields = fields_of(survivor.person, loser.person) if n[3] % 3 else []
            choices = {field.key: field.choices[n[2] >> place & 1] for place, field in enumerate(fields)}
            merge(survivor_id=survivor.pk, loser_id=loser.pk, fields=choices, now=NOW)
        else:
            Contact.objects.filter(pk=loser.person_id).update(merged_into=survivor.person)

    def take_apart(self, n):
        loser = self.pick_whole(Contact.objects.exclude(merged_into=None), n[0])
        if loser is not None:
            self._take_apart(loser)

    def take_everything_apart(self, numbers):
        while Contact.objects.exclude(merged_into=None).exists():
            losers = list(Contact.objects.exclude(merged_into=None).order_by("pk"))
            self._take_apart(losers[numbers.pop() % len(losers) if numbers else 0])

    def _take_apart(self, loser):
        if self.is_merging:
            unmerge(loser_id=loser.pk, now=NOW)
        else:
            Contact.objects.filter(pk=loser.pk).update(merged_into=None)

    def recompute(self, n):
        recompute_stale(now=NOW, claim_marks=[1, 3, 1000][n[0] % 3])

    @staticmethod
    def few():
        """Four contacts take part in most merges and edits: what piles up on one survivor is where mistakes hide."""
        return Contact.objects.filter(pk__in=Contact.objects.order_by("pk").values("pk")[:4])

    def new_value(self):
        self.edits += 1
        return f"new {self.edits}"

    def edit_text(self, n):
        contact = self.pick_whole(self.few(), n[0])
        Contact.objects.filter(pk=contact.pk).update(**{TEXTS[n[1] % 2]: self.new_value()})
        refresh_search_text([contact.pk])

    def edit_tags(self, n):
        """Give a tag that nobody has, or one that others have, or take one away."""
        contact = self.pick_whole(self.few(), n[0])
        if n[1] % 3 == 0:
            tags = [*contact.tags, self.new_value()]
        elif n[1] % 3 == 1 and not contact.merged_contacts.exists():
            tags = [*(tag for tag in contact.tags if tag != "vip"), "vip"]
        else:
            tags = [tag for tag in contact.tags if tag not in ("vip", f"new {n[2] % 20}")]
        Contact.objects.filter(pk=contact.pk).update(tags=tags)

    def edit_custom(self, n):
        contact = self.pick_whole(self.few(), n[0])
        name = f"field {n[1] % 3}"
        fields = {**contact.custom_fields, name: self.new_value()}
        Contact.objects.filter(pk=contact.pk).update(custom_fields=fields)

    def edit_choice(self, n):
        """Stage and wish have few values, so an edit of them shows only where no merge decides."""
        contact = self.pick_whole(Contact.objects, n[0])
        if not contact.merged_contacts.exists():
            Contact.objects.filter(pk=contact.pk).update(
                stage=["audience", "lead", "customer"][n[1] % 3], do_not_contact=n[2] % 2 == 0, updated_at=Now()
            )

    def send(self, n):
        """A contact's source sends what it sent last time, or a name that nobody had."""
        contact = self.pick_whole(self.few(), n[0])
        ContactRef.objects.get_or_create(source="shop", external_id=str(contact.pk), contact=contact)
        if n[1] % 2 or contact.pk not in self.said:
            self.said[contact.pk] = self.new_value()
        send_one("contacts", source="shop", external_id=str(contact.pk), preferred_name=self.said[contact.pk])


def operations():
    """Strategy: facts, merges, edits, recomputes and unmerges in any order."""
    numbers = st.lists(st.integers(0, 997), min_size=8, max_size=8)
    return st.lists(
        st.one_of(
            st.tuples(st.sampled_from(MERGING), numbers),
            st.tuples(st.sampled_from(MERGING), numbers),
            st.tuples(st.sampled_from(("add_conversion", "add_refund", "add_interaction", "edit_refund")), numbers),
            st.tuples(st.sampled_from(FACTS), numbers),
        ),
        max_size=60,
    )


def facts():
    """Return every table of facts as sorted rows, but for what notes when a row was written, merges, and queues."""
    found = {}
    for app in ("crm", "community"):
        for model in apps.get_app_config(app).get_models():
            if hasattr(model, "pgh_tracked_model") or model._meta.proxy or model in NO_FACTS:
                continue
            columns = [field.attname for field in model._meta.concrete_fields if field.name not in NOT_COMPARED]
            found[model.__name__] = sorted(model.objects.values_list(*columns), key=repr)
    return found


@pytest.fixture(scope="module")
def beginning(own_transaction):
    """The world that all begin with, both those that are merged and those to compare with."""
    return MergingWorld()


def outcome_of(world, changes, order):
    """Return facts and figures after these changes, once everything is taken apart again in this order."""
    with undone():
        recompute_all(now=NOW)
        world.apply(changes)
        recompute_stale(now=NOW)
        assert stored_tables() == expected_tables()
        world.take_everything_apart(list(order))
        recompute_stale(now=NOW)
        found = {"facts": facts(), "figures": stored_tables()}
        assert found["figures"] == expected_tables()
        assert nothing_written(recompute_all(now=NOW, chunk_persons=3))
        assert not Merge.objects.standing().exists()
    return found


@settings(quietly, max_examples=EXAMPLES)
@given(changes=operations(), order=st.lists(st.integers(0, 997), max_size=20))
def test_taking_everything_apart_leaves_the_facts_and_figures_of_a_world_without_merges(beginning, changes, order):
    merged = outcome_of(beginning.anew(is_merging=True), changes, order)
    compared = outcome_of(beginning.anew(is_merging=False), changes, order)

    assert merged == compared


class Sources:
    """
    Four contacts that only their sources change: what each source knows of its contact, and sends.

    A source never says again what it has taken back, and none says what another one said.
    """

    def __init__(self):
        self.values = 0
        self.known = {
            f"c{n}": {
                "full_name": f"Person {n}",
                "company": {"source": "shop", "external_id": f"f{n}"},
                "stage": ["audience", "lead", "customer", "lead"][n],
                "birth_year": 1980 + n if n % 2 else None,
                "do_not_contact": n == 3,
                "tags": [f"tag {n}", "vip"][: 1 + n % 2],
                "custom_fields": {"plan": n, f"own {n}": [n, None]},
            }
            for n in range(4)
        }
        self.ids = {name: self.sends(name).id for name in sorted(self.known)}

    def sends(self, name, *fields):
        item = {field: self.known[name][field] for field in fields or self.known[name]}
        return send_one("contacts", source="shop", external_id=name, **item)

    def contact(self, n):
        return Contact.objects.get(pk=self.ids[f"c{n % 4}"])

    def join(self, n):
        survivor, loser = self.contact(n[0]).person, self.contact(n[1]).person
        if survivor != loser:
            choices = {field.key: field.choices[n[2] >> at & 1] for at, field in enumerate(fields_of(survivor, loser))}
            merge(survivor_id=survivor.pk, loser_id=loser.pk, fields=choices, now=NOW)

    def take_apart(self, n):
        loser = self.contact(n[0])
        if loser.merged_into_id is not None:
            unmerge(loser_id=loser.pk, now=NOW)

    def again(self, n):
        """The same again, in whole or a field of it, writes nothing."""
        name, before = f"c{n[0] % 4}", self.stored()
        fields = sorted(self.known[name])

        assert self.sends(name, *fields[n[1] % 8 : n[1] % 8 + 1]).status == "unchanged"

        assert self.stored() == before

    def news(self, n):
        """What is new is there afterwards, and nowhere else."""
        name, before = f"c{n[0] % 4}", self.stored()
        known, more = self.known[name], ["plan", "more"][n[2] % 2]
        self.values += 1
        new = [
            {"full_name": f"new {self.values}"},
            {"birth_year": 2000 + self.values},
            {"tags": [f"new {self.values}", *known["tags"]]},
            {"tags": known["tags"][1:]},
            {"custom_fields": known["custom_fields"] | {more: 10 + self.values}},
        ][n[1] % 5]
        had_it = new.items() <= known.items()
        known |= new

        assert self.sends(name, *(new if n[3] % 2 else ())).status == ("unchanged" if had_it else "updated")

        after = self.stored()
        mine, _ = after.pop(self.ids[name]), before.pop(self.ids[name])
        for column, value in new.items():
            if column == "tags":
                assert mine["tags"][: len(value)] == value
            elif column == "custom_fields":
                assert mine["custom_fields"][more] == 10 + self.values
            else:
                assert mine[column] == value
        assert after == before

    def take_everything_apart(self, numbers):
        while losers := list(Contact.objects.exclude(merged_into=None).order_by("pk")):
            unmerge(loser_id=losers[numbers.pop() % len(losers) if numbers else 0].pk, now=NOW)

    @staticmethod
    def stored():
        return {row["id"]: row for row in Contact.objects.values()}


@settings(quietly, max_examples=EXAMPLES * 4)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(("join", "join", "take_apart", "again", "again", "news")),
            st.lists(st.integers(0, 2**16), min_size=4, max_size=4),
        ),
        max_size=30,
    ),
    order=st.lists(st.integers(0, 997), max_size=4),
)
def test_sources_that_send_the_same_again_undo_no_choice_and_have_the_word_once_everything_is_taken_apart(steps, order):
    with undone():
        sources = Sources()
        for name, numbers in steps:
            getattr(sources, name)(numbers)
        sources.take_everything_apart(list(order))
        for name, known in sources.known.items():
            contact = Contact.objects.select_related("company").get(pk=sources.ids[name])
            found = {field: getattr(contact, field) for field in known}
            assert found | {"company": contact.company.external_id} == known | {
                "company": known["company"]["external_id"]
            }
