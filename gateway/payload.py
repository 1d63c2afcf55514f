"""What comes in: bodies as strict JSON, query parameters by declaration."""

from collections.abc import Collection
from typing import TypeVar

import orjson
import pydantic
from django.http import HttpRequest, QueryDict

from gateway.items import refusals
from gateway.problems import InputError, InvalidInput, MalformedJson, UnsupportedMediaType

BODY_LIMIT = 5 * 1024 * 1024  # bytes
QUERY_LIMIT = 8_000  # characters
DEPTH_LIMIT = 32  # arrays and objects within each other
BATCH_LIMIT = 1_000  # items

Model = TypeVar("Model", bound=pydantic.BaseModel)


def read_json(request: HttpRequest) -> object:
    """
    Return the body as Python values. Its size was checked before, by the middleware.

    Raises `UnsupportedMediaType` for anything but JSON, `MalformedJson` for a body that is not JSON
    or nests more than 32 levels deep.
    """
    if request.content_type != "application/json":
        raise UnsupportedMediaType
    return strict_json(request.body)


def strict_json(text: bytes | str) -> object:
    """Return JSON as Python values. Raises `MalformedJson` for what is none or nests more than 32 levels deep."""
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(f"The body is not valid JSON in UTF-8: {error}.") from None
    _refuse_depth(content)
    return content


def read_object(request: HttpRequest) -> dict[str, object]:
    """Return the body, which must be one JSON object. Raises as `read_json`, and `InvalidInput`."""
    content = read_json(request)
    if not isinstance(content, dict):
        raise InvalidInput([InputError("not_an_object", "Send one JSON object.", field="")])
    return content


def read_model(request: HttpRequest, model: type[Model]) -> Model:
    """Return the body as `model`, which should forbid extra fields. Raises as `read_json`, and `InvalidInput`."""
    try:
        return model.model_validate(read_object(request))
    except pydantic.ValidationError as error:
        raise InvalidInput(
            [InputError(refusal.code, refusal.message, field=refusal.field) for refusal in refusals(error)]
        ) from None


class Nothing(pydantic.BaseModel):
    """A body that says nothing, for an operation that takes none."""

    model_config = pydantic.ConfigDict(extra="forbid")


def refuse_body(request: HttpRequest) -> None:
    """Raise as `read_model` for a body with any field in it; none at all and `{}` are fine."""
    if request.body:
        read_model(request, Nothing)


def read_items(request: HttpRequest) -> list[object]:
    """
    Return the items of a batch: the body is `{"items": […]}` with at most 1,000 of them, not yet looked into.

    Raises as `read_json`, and `InvalidInput`.
    """
    content = read_object(request)
    extra = [key for key in content if key != "items"]
    if extra:
        raise InvalidInput([InputError("unknown_field", "A batch holds 'items' only.", field=key) for key in extra])
    items = content.get("items")
    if not isinstance(items, list):
        raise InvalidInput([InputError("not_a_list", 'Send the items as a list: {"items": […]}.', field="items")])
    if len(items) > BATCH_LIMIT:
        message = f"A batch holds at most {BATCH_LIMIT:,} items; these are {len(items):,}. Send them in parts."
        raise InvalidInput([InputError("too_many_items", message, field="items")])
    return items


def read_query(query: QueryDict, model: type[Model]) -> Model:
    """
    Return those query parameters that `model` has as `model`; unknown ones were refused before.

    Raises `InvalidInput` that names each bad parameter.
    """
    try:
        return model.model_validate({name: query[name] for name in query if name in model.model_fields})
    except pydantic.ValidationError as error:
        raise InvalidInput(
            [InputError(refusal.code, refusal.message, parameter=refusal.field) for refusal in refusals(error)]
        ) from None


def refuse_unknown(query: QueryDict, known: Collection[str]) -> None:
    """
    Raise `InvalidInput` for query parameters that are not among `known`, are given more than once or have no value.

    A parameter without a value would silently be as good as none, and give another list than the client meant.
    """
    errors = [
        InputError("unknown_parameter", f"There is no parameter '{name}' here.", parameter=name)
        for name in query
        if name not in known
    ]
    errors += [
        InputError("repeated_parameter", f"The parameter '{name}' is given more than once.", parameter=name)
        for name in query
        if name in known and len(query.getlist(name)) > 1
    ]
    errors += [
        InputError("empty", f"The parameter '{name}' has no value.", parameter=name)
        for name in query
        if name in known and not query.getlist(name)[-1].strip()  # filters strip as well
    ]
    if errors:
        raise InvalidInput(errors)


def _refuse_depth(content: object) -> None:
    """Look level by level and keep only what can hold more, so that a flat body of 5 MB costs one pass."""
    level = [content]
    for _ in range(DEPTH_LIMIT + 1):
        level = [
            child
            for container in level
            for child in (
                container.values() if isinstance(container, dict) else container if isinstance(container, list) else ()
            )
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise MalformedJson(f"The body nests more than {DEPTH_LIMIT} levels deep.")
