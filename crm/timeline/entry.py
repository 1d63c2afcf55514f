"""What a timeline is made of: entries as plain values, for a page as for the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from gateway.history import Change
from gateway.panels import Figure, Link, RowAction, Table


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    One thing that happened with a person.

    `source` and `id` name the row it comes from; `kind` is what people filter by. `actor` did it, and
    `is_own` says that this was the person of the timeline. `text` is empty where `is_hidden`: it is
    private and may not be read. `standing` is empty for what counts, else one word for why not
    (*voided*, *retracted*, *deleted*, *withdrawn*), with its `reason` if one was given. `amount` is in
    `currency`, negative for a refund. `actions` are what the reader may do with it, on a page.
    """

    source: str
    id: int
    occurred_at: datetime
    kind: str
    title: str
    icon: str
    link: Link | None = None
    actor: str = ""
    actor_link: Link | None = None
    is_own: bool = False
    addressee: str = ""
    addressee_link: Link | None = None
    channel: str = ""
    channel_name: str = ""
    text: str = ""
    is_hidden: bool = False
    amount: Decimal | None = None
    currency: str = ""
    figures: Sequence[Figure] = ()
    changes: Sequence[Change] = ()
    tables: Sequence[Table] = ()
    actions: Sequence[RowAction] = ()
    standing: str = ""
    reason: str = ""
