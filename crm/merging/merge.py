"""
`merge`: the service behind the admin, the API, jobs and rules. What takes a merge apart stands in unmerge.py.

All merges take one lock, the same that the database's own trigger takes, before they look at anything:
two at once come one after the other, and the second sees what the first has done.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models.functions import Now

from crm.duplicates.decisions import note_merge
from crm.merging.fields import (
    ABSENT,
    Choice,
    columns_of,
    default_choice,
    fields_of,
    layers,
    set_value,
)
from crm.models import Contact, Merge
from crm.search import refresh_search_text
from gateway.collisions import retried
from gateway.errors import DomainError
from gateway.staging import id_array

SHELL_RULE = "shell"  # an account's own contact, once it is known whose account it is


class NoSuchContact(DomainError):
    """There is no such contact."""

    code = "no_such_contact"
    status = 404


class AlreadyOnePerson(DomainError):
    """The two are records of one person already."""

    code = "already_one_person"
    status = 409


class PersonErased(DomainError):
    """The person was erased: merges have ended."""

    code = "erased"
    status = 409


class InvalidMerge(DomainError):
    """A field or a side was chosen that there is not."""

    code = "invalid_merge"


def merge(
    *,
    survivor_id: int,
    loser_id: int,
    fields: Mapping[str, Choice] | None = None,
    by_user_id: int | None = None,
    rule: str = "",
    reason: str = "",
    job_id: int | None = None,
    now: datetime,
) -> Merge:
    """
    Make two contacts records of one person, and return the merge.

    Both ids stand for persons: one that was merged already leads to its survivor. `fields` says for each
    field whose value the survivor has from now on, the keys as `crm.merging.fields.fields_of` gives them;
    what it leaves out goes by `default_choice`. Raises `NoSuchContact`, `AlreadyOnePerson`, `PersonErased`,
    `InvalidMerge`.
    """

    def attempt() -> Merge:
        with transaction.atomic():
            wait_for_merges()
            survivor, loser = lock_persons(survivor_id, loser_id)
            taken_over = layers(survivor, loser, choices_for(survivor, loser, fields or {}))
            for path, layer in taken_over.items():
                set_value(survivor, path, layer.get("after", ABSENT))
            # Its pointer is empty: whatever is written down as standing was taken apart by hand.
            Merge.objects.standing().filter(loser=loser).update(unmerged_at=now)
            Contact.objects.filter(pk=loser.pk).update(merged_into=survivor, updated_at=Now())
            store(survivor, taken_over)
            done = Merge.objects.create(
                survivor=survivor,
                loser=loser,
                merged_at=now,
                merged_by_id=by_user_id,
                rule=rule,
                reason=reason,
                job_id=job_id,
                taken_over=taken_over,
            )
            note_merge(done)
            return done

    return retried(attempt)


def merge_shells(shells: Mapping[int, int], *, now: datetime) -> None:
    """
    Merge contacts that were made for an account alone into the contacts that the accounts belong to.

    `shells` maps each to the contact named for its account. Nothing is taken over: a shell has nothing.
    The same number of statements for any number of them.
    """
    wait_for_merges()
    pairs = [id_array(shells), id_array(shells.values())]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM crm_contact WHERE id = ANY(%s::bigint[]) ORDER BY id"
            " FOR NO KEY UPDATE) x",
            [id_array({*shells, *shells.values()})],  # the survivors too: a merge changes what they are called
        )
        cursor.execute(
            "UPDATE crm_merge SET unmerged_at = %s WHERE unmerged_at IS NULL AND loser_id = ANY(%s::bigint[])",
            [now, pairs[0]],
        )
        cursor.execute(
            "UPDATE crm_contact c SET merged_into_id = s.named, updated_at = now()"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS s(shell, named) WHERE c.id = s.shell",
            pairs,
        )
        cursor.execute(
            "INSERT INTO crm_merge (survivor_id, loser_id, merged_at, rule)"
            " SELECT s.named, s.shell, %s, %s FROM unnest(%s::bigint[], %s::bigint[]) AS s(shell, named)",
            [now, SHELL_RULE, *pairs],
        )


def wait_for_merges() -> None:
    """Wait until no other merge or unmerge is under way; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm_contact.merged_into'))")


def lock_persons(survivor_id: int, loser_id: int) -> tuple[Contact, Contact]:
    """
    Return the contacts at the end of both chains, locked in the order of their ids.

    Raises `NoSuchContact`, `AlreadyOnePerson`, `PersonErased`.
    """
    persons = persons_of(survivor_id, loser_id)
    locked = {
        contact.pk: contact
        for contact in Contact.objects.filter(pk__in=persons).order_by("pk").select_for_update(no_key=True)
    }
    _refuse_erased(locked.values())  # meanwhile
    return locked[persons[0]], locked[persons[1]]


def persons_of(survivor_id: int, loser_id: int) -> tuple[int, int]:
    """
    Return the persons that two contacts are records of.

    Raises `NoSuchContact`, `AlreadyOnePerson`, `PersonErased`.
    """
    found = Contact.objects.in_bulk([survivor_id, loser_id])
    for pk in (survivor_id, loser_id):
        if pk not in found:
            raise NoSuchContact(f"There is no contact {pk}.")
    survivor, loser = found[survivor_id].person_id, found[loser_id].person_id
    assert survivor is not None  # the database sets it
    assert loser is not None
    _refuse_erased(found.values())
    if survivor == loser:
        raise AlreadyOnePerson("These are records of one person already: there is nothing to merge.")
    return survivor, loser


def _refuse_erased(contacts: Iterable[Contact]) -> None:
    if any(contact.erased_at is not None for contact in contacts):
        raise PersonErased("One of the two was erased: nobody can be merged with a pseudonym.")


def choices_for(survivor: Contact, loser: Contact, asked: Mapping[str, Choice]) -> dict[str, Choice]:
    """Return a choice for every field: the one asked for, else the default. Raises `InvalidMerge`."""
    known = {one.key: one for one in fields_of(survivor, loser)}
    for key, choice in asked.items():
        if key not in known:
            raise InvalidMerge(f"There is no field '{key}' to choose. Known: {', '.join(known)}.")
        if choice not in known[key].choices:
            raise InvalidMerge(f"'{choice}' is no choice for '{key}'. Use one of: {', '.join(known[key].choices)}.")
    return {key: asked.get(key) or default_choice(one, survivor, loser) for key, one in known.items()}


def store(survivor: Contact, paths: Mapping[str, object]) -> None:
    """Write the columns of the survivor that these paths touch, and that it was touched."""
    values = {column: getattr(survivor, column) for column in columns_of(paths)}
    Contact.objects.filter(pk=survivor.pk).update(**values, updated_at=Now())
    if {"full_name", "preferred_name"} & values.keys():
        refresh_search_text([survivor.pk])
