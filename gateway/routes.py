"""The API's routes as the URL configuration has them: what documentation, scopes and tests enumerate."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.urls import URLPattern, URLResolver, get_resolver

from gateway.scopes import permission_scopes

if TYPE_CHECKING:
    from gateway.views import ApiView

API_PREFIX = "/api/v1/"


@dataclass(frozen=True)
class Route:
    """One address of the API, such as `/api/v1/contacts/<int:pk>/`, and the view that answers there."""

    path: str
    view: "ApiView"


def api_routes() -> list[Route]:
    """Return every route below `/api/v1/`, in the order of the URL configuration, each with a view of its own."""
    return list(_routes_of(get_resolver()))


def known_scopes() -> list[str]:
    """Return every scope that opens something, sorted: an operation, or a part of what operations answer."""
    return sorted(_scopes_of(get_resolver()) | {entry.scope for entry in permission_scopes})


# Addresses do not change while a process lives, and each look at all of them takes milliseconds.
@cache
def _routes_of(resolver: URLResolver) -> tuple[Route, ...]:
    return tuple(route for route in _walk(resolver, "/") if route.path.startswith(API_PREFIX))


@cache
def _scopes_of(resolver: URLResolver) -> frozenset[str]:
    return frozenset(operation.scope for route in _routes_of(resolver) for operation in route.view.operations.values())


def _walk(resolver: URLResolver, above: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        path = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, path)
        elif isinstance(pattern, URLPattern) and path.startswith(API_PREFIX):
            view_class = pattern.callback.cls  # type: ignore[attr-defined]  # set by DRF's as_view
            yield Route(path, view_class(**pattern.callback.initkwargs))  # type: ignore[attr-defined]
