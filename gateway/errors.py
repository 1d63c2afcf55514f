"""
Expected failures.

A function that may refuse raises a subclass of `DomainError` defined beside it. The API turns it
into a problem document (RFC 9457) with its `code` and `status`; a command prints its sentence.
Anything else that is raised is a bug and propagates.
"""

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """
    An expected refusal that a person can act on.

    `code` is stable and made for machines; `status` is the HTTP status the API answers with; the
    message is one sentence that says what is wrong and how to mend it. `extra` holds further
    members of the problem document.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, extra: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extra = dict(extra or {})
