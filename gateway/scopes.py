"""
How the scopes of keys and the permissions of users stand for each other.

A user has permissions, a key has scopes. Code that decides what a reader sees asks for a permission
(`may("crm.view_contactpoint")`), whoever reads; what a key must hold for it stands here. To view the
rows of a collection is the collection's own `…:read`; the rest is registered by the app that it belongs to.

The other way round, whoever makes a key gives it no scope for what they may not do themselves: what it takes
to give a scope follows from its collection, or is registered in `given_scopes`.
"""

from dataclasses import dataclass

from gateway.collections import collections
from gateway.registry import Registry


@dataclass(frozen=True)
class PermissionScope:
    """`key` is a permission of users, `scope` what a key needs in its place, `opens` what both let see."""

    key: str
    scope: str
    opens: str


permission_scopes: Registry[PermissionScope] = Registry("scope of a permission")


@dataclass(frozen=True)
class GivenScope:
    """A scope by its `key`, and what a user needs to give it to a key besides the permissions of its collection."""

    key: str
    permissions: tuple[str, ...]


given_scopes: Registry[GivenScope] = Registry("scope to give")


def scope_for(permission: str) -> str | None:
    """Return the scope that stands for a permission; None where no key can have it."""
    if permission in permission_scopes:
        return permission_scopes[permission].scope
    for collection in collections:
        meta = collection.model._meta
        if permission == f"{meta.app_label}.view_{meta.model_name}":
            return f"{collection.key}:read"
    return None


def needed_to_give(scope: str) -> frozenset[str] | None:
    """
    Return the permissions that a user needs to give a scope to a key; None where only a superuser may.

    Who writes rows is told them as well, and an upsert adds and changes, so writing takes all three.
    """
    needed = {entry.key for entry in permission_scopes if entry.scope == scope}
    if scope in given_scopes:
        needed.update(given_scopes[scope].permissions)
    for collection in collections:
        meta = collection.model._meta
        acts = {f"{collection.key}:read": ("view",), f"{collection.key}:write": ("view", "add", "change")}
        needed.update(f"{meta.app_label}.{act}_{meta.model_name}" for act in acts.get(scope, ()))
    return frozenset(needed) or None
