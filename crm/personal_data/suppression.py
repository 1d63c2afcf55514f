"""
What may not come back: keyed hashes of everything that erased persons were known by.

A name is a space and what the source calls the thing there: ("contact", "shop", "c1"), ("member", 7, "u5"),
("handle", 7, "joe"), ("address", "joe@example.com"), ("interaction", 7, "p9"), ("thread", 7, "t1"),
("conversion", "shop", "o1"), ("cost", "ads", "a1"). Its hash is HMAC-SHA-256 under the first key of
KITH_SUPPRESSION_KEYS. Nobody can compute the names back from the hashes, so after a change of keys the old
ones are kept behind the new one: every name is looked up under each of them.
"""

import hmac
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import connection

from crm.models import Erasure, Suppression

SourceName = tuple[object, ...]

# What whoever offers it again is told, everywhere in the same words.
NAME_ERASED = (
    "This belongs to a person whose data were erased and may not come back. Leave it out, and delete it at its source."
)
PERSON_ERASED = "This person was erased: the record is a pseudonym, and nothing new is said about it."

CASE_BLIND = {"handle"}  # ids of other systems tell upper from lower case, handles do not
PREFIX = "erased-"  # what replaces an external id begins so; clients cannot use it
_LOCK = 0x4B6974684572  # "KithEr": writers of names share it, an erasure has it for itself


def digest_of(name: SourceName, *, key: str | None = None) -> bytes:
    """Return the hash of `name` under `key`, by default the current one: 32 bytes."""
    space, *parts = name
    values = [str(part).casefold() if space in CASE_BLIND else str(part) for part in parts]
    said = "\x1f".join([str(space), *values])
    return hmac.digest((key or settings.KITH_SUPPRESSION_KEYS[0]).encode(), said.encode(), "sha256")


def pseudonym(digest: bytes) -> str:
    """Return what stands in place of an external id."""
    return f"{PREFIX}{digest.hex()}"


def erased_names(names: Iterable[SourceName]) -> dict[SourceName, str]:
    """
    Return those of `names` that belonged to an erased person, each with the pseudonym that took its place.

    Two queries while nobody was erased, three otherwise. What was answered holds until the transaction of the
    caller ends: an erasure waits for it.
    """
    wanted = set(names)
    if not wanted:
        return {}
    hold_off_erasures()
    if not Suppression.objects.exists():
        return {}
    by_digest = {digest_of(name, key=key): name for key in settings.KITH_SUPPRESSION_KEYS for name in wanted}
    found = Suppression.objects.filter(digest__in=list(by_digest)).values_list("digest", flat=True)
    return {by_digest[bytes(digest)]: pseudonym(bytes(digest)) for digest in found}


def hold_off_erasures() -> None:
    """Keep erasures waiting until the transaction ends, so that what is looked up stays true; before any row's lock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({_LOCK})")


def wait_for_writers() -> None:
    """Wait until nobody writes names that were looked up before, and keep others from it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")


def suppress(digests: Collection[bytes], *, erasure: Erasure | None) -> int:
    """Keep what has these hashes from coming back; return how many are new."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_suppression (digest, erasure_id) SELECT unnest(%s::bytea[]), %s::bigint"
            " ON CONFLICT (digest) DO NOTHING",
            [sorted(digests), erasure.pk if erasure else None],
        )
        return cursor.rowcount
