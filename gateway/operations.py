"""What a view declares about each method that it answers: scope, input and answers, in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pydantic


@dataclass(frozen=True)
class Parameter:
    """A query parameter: its name, its JSON schema and what it does."""

    name: str
    schema: Mapping[str, object]
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """
    One method of one address.

    `scope` is what a key must hold. `query` is a pydantic model of the query parameters (extra ones
    are refused); `parameters` says the same for a view that reads them in its own way. `body` is the
    model of the JSON body; `answers` maps each status of success to the model of its body, or None.
    Everything else that can happen is a problem document.
    """

    scope: str
    summary: str
    description: str = ""
    query: type[pydantic.BaseModel] | None = None
    parameters: Sequence[Parameter] = ()
    body: type[pydantic.BaseModel] | None = None
    answers: Mapping[int, type | None] = field(default_factory=dict)

    def known_parameters(self) -> list[str]:
        """Return the names of the query parameters; any other is refused."""
        return [*(self.query.model_fields if self.query else ()), *(parameter.name for parameter in self.parameters)]
