"""
What each model holds about people: declared by the app that owns it, used by export and erasure.

A declaration says by which ways a row leads to a person (`reach`), and for every field with text what
an erasure does to it on rows that it reached:

- `Kept(why)`: stays. For words of the organisation's own (a kind, a state) and for what no figure can miss.
- `Words()`: what people wrote. Emptied; in all *other* rows the person's name and addresses are blotted out.
- `Link()`: an address of the web. Emptied; in all other rows the person is blotted out as addresses write names too.
- `Heading(why)`: words of the organisation's that figures are grouped by. Stays, but the person's name and addresses
  are blotted out of it, in the person's rows as in all others.
- `Identity()`: what the person is known by here. Emptied; other people's rows are not searched for it.
- `Pseudonym(space, *fields)`: what another system calls the row. Replaced by a keyed hash, and suppressed.
- `Becomes(expression)`: anything else, as a database expression.

A relation that leads to rows about people and is not part of a way stands in `others`, with the reason why
it does not make the row this person's. History tables follow the model whose history they keep.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from django.db.models import Q


@dataclass(frozen=True)
class Kept:
    """The field stays as it is."""

    why: str


@dataclass(frozen=True)
class Words:
    """
    Free words: emptied on the person's rows, searched for the person's name on all others.

    Where a row may not be without words, `instead` takes the place of those that were there.
    """

    instead: str = ""


@dataclass(frozen=True)
class Heading:
    """Words that stay, since figures need them, but for the person's name: that goes from every row."""

    why: str


@dataclass(frozen=True)
class Link:
    """An address of the web: emptied on the person's rows, searched on all others, where it may lead to the person."""


@dataclass(frozen=True)
class Identity:
    """Emptied on the person's rows; null, or the empty value of the field."""


@dataclass(frozen=True, init=False)
class Pseudonym:
    """
    Replaced by a keyed hash of `fields`, which name what the source calls the row; nothing known, nothing replaced.

    The same `space` and values always give the same hash, so that whatever names the row is led to it.
    With `everywhere`, other rows that name the same are changed as well.
    """

    space: str
    fields: tuple[str, ...]
    everywhere: bool

    def __init__(self, space: str, *fields: str, everywhere: bool = False) -> None:
        object.__setattr__(self, "space", space)
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "everywhere", everywhere)


@dataclass(frozen=True)
class Becomes:
    """Set to what `expression(now)` says: a value or a database expression."""

    expression: Callable[[datetime], Any]


Sort = Literal["name", "address", "handle", "code"]
Treatment = Kept | Words | Link | Heading | Identity | Pseudonym | Becomes


class KnownRows(Protocol):
    """The rows of one person, as far as they were looked up."""

    contacts: Sequence[int]

    def ids(self, label: str, *, way: str | None = None) -> Collection[Any]:
        """Return the primary keys of the rows of this model that are about the person, by one way or by all."""


Condition = Callable[[KnownRows], Q]  # where no foreign key leads: the condition on the rows themselves


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """
    What one model holds about people.

    `model` is its label. `title` names the collection in an export. `reach` maps a name for each way from a row to
    a contact to its lookup path ("contact", "member__contact"; "pk" for the contact itself), or to a function that
    makes the condition where no foreign key leads. `given` are further ways, to rows of others that were said to
    the person: an export holds them, an erasure leaves them. `only` narrows what an erasure does to rows found by
    one way alone: to these fields. `rows` says whether an erasure strips the rows, deletes them (their history too)
    or keeps them: their `fields` are declared in any case, since rows of others are searched. `suppress` names what
    else of the row may not come back, as space → fields. `hidden` are fields that an export leaves out, with the
    reason. A model about nobody has no `reach`, and says so in `nobody`; its `Words` are still searched for names.
    """

    model: str
    title: str = ""
    reach: Mapping[str, str | Condition] = field(default_factory=dict)
    given: Mapping[str, Condition] = field(default_factory=dict)
    fields: Mapping[str, Treatment] = field(default_factory=dict)
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    suppress: Mapping[str, Sequence[str]] = field(default_factory=dict)
    known_by: Mapping[str, Sort] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    rows: Literal["strip", "delete", "keep"] = "strip"
    nobody: str = ""

    @property
    def key(self) -> str:
        return self.model


def nobody(model: str, why: str, *, words: Sequence[str] = (), kept: Sequence[str] = ()) -> PersonalData:
    """Return the declaration of a model that is about no contact: `words` may still name one, `kept` cannot."""
    return PersonalData(
        model=model,
        nobody=why,
        fields={**{name: Words() for name in words}, **{name: Kept(why) for name in kept}},
    )
