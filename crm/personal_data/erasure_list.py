"""
The list of erasures: one line of JSON each, without a word about whose it was.

It is the file of KITH_ERASURE_LIST, or what `manage.py list_erasures` prints, and is read to repeat erasures after a
restore (replaying.py).
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from crm.models import Erasure
from gateway.errors import DomainError

logger = logging.getLogger(__name__)


class UnreadableList(DomainError):
    """The list of erasures cannot be read."""

    code = "unreadable_list"


@dataclass(frozen=True)
class ErasureLine:
    """One erasure of the list."""

    erased_at: datetime
    reason: str
    contacts: list[tuple[int, datetime]]
    suppressions: frozenset[bytes]


def add_to_list(erasure: Erasure, digests: Iterable[bytes]) -> None:
    """
    Add the erasure to the file of KITH_ERASURE_LIST, so that it can be repeated after a restore.

    The person is erased by now, whatever becomes of the file: what cannot be written is told in the log.
    """
    if not settings.KITH_ERASURE_LIST:
        return
    try:
        with Path(settings.KITH_ERASURE_LIST).open("a", encoding="utf-8") as file:
            file.write(line_of(erasure, digests) + "\n")
    except OSError:
        logger.exception(
            "Erasure %s is not in KITH_ERASURE_LIST: the file cannot be written. Mend that, then write the list anew "
            "with `manage.py list_erasures`.",
            erasure.pk,
        )


def line_of(erasure: Erasure, digests: Iterable[bytes]) -> str:
    """Return an erasure as one line of JSON: ids, instants and hashes, and nothing that says whose they are."""
    return json.dumps(
        {
            "erased_at": erasure.erased_at.isoformat(),
            "reason": erasure.reason,
            "person": erasure.person_id,
            "contacts": erasure.contacts,
            "suppressions": sorted(digest.hex() for digest in digests),
        }
    )


def erasure_lines() -> Iterator[str]:
    """Yield every erasure that the database knows, the oldest first, as the list has them."""
    for erasure in Erasure.objects.order_by("pk").prefetch_related("suppressions").iterator(chunk_size=500):
        yield line_of(erasure, [bytes(suppression.digest) for suppression in erasure.suppressions.all()])


def read_list(lines: Iterable[str]) -> list[ErasureLine]:
    """Return the erasures of a list. Raises `UnreadableList`, which names the line."""
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            found.append(
                ErasureLine(
                    datetime.fromisoformat(said["erased_at"]),
                    str(said["reason"]),
                    [(int(pk), datetime.fromisoformat(made_at)) for pk, made_at in said["contacts"]],
                    frozenset(bytes.fromhex(digest) for digest in said["suppressions"]),
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableList(
                f"Line {number} of the list is no erasure ({error}). Take the file that KITH_ERASURE_LIST names, or "
                "what `manage.py list_erasures` printed."
            ) from None
    return found
