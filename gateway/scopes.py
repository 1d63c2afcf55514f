"""
Scopes that open no address of their own: they say how much an answer tells.

A user has permissions, a key has scopes. Code that decides what a reader sees asks for a permission
(`may("crm.view_contactpoint")`), whoever reads; what a key must hold for it stands here. To view the
rows of a collection is the collection's own `…:read`; the rest is registered by the app that it belongs to.
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


def scope_for(permission: str) -> str | None:
    """Return the scope that stands for a permission; None where no key can have it."""
    if permission in permission_scopes:
        return permission_scopes[permission].scope
    for collection in collections:
        meta = collection.model._meta
        if permission == f"{meta.app_label}.view_{meta.model_name}":
            return f"{collection.key}:read"
    return None
