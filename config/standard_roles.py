"""
From the table of roles to groups: after every migration, by which time all permissions exist.

What an administrator changed is theirs. A role is brought once; later versions add what is new in the table
to roles that are still as Kith left them, and only tell of the others.
"""

import logging
from collections.abc import Sequence

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Concat

from config.models import StandardRole
from config.roles import ROLES, permissions_of

logger = logging.getLogger(__name__)


def bring_standard_roles() -> None:
    """Make the groups of roles that are new, and give those that nobody changed what the table added to them."""
    existing = _permissions()
    with transaction.atomic():
        known = {
            role.name: role for role in StandardRole.objects.select_for_update(of=("self",)).select_related("group")
        }
        held = _held([role.group_id for role in known.values() if role.group_id])
        for name in ROLES:
            wanted = permissions_of(name, ((permission, model) for permission, (_, model) in existing.items()))
            role = known.get(name) or _first_time(name)
            if role is None or role.group is None:
                continue
            new = wanted - set(role.given)
            if not new:
                continue
            # What no longer exists (a model that is gone) took its permission out of the group too.
            if held.get(role.group.pk, set()) != set(role.given) & set(existing):
                logger.warning(
                    "The role %s was changed here, so it stays as it is. New in this version and not given to it: %s.",
                    role.group.name,
                    ", ".join(sorted(new)),
                )
                continue
            role.group.permissions.add(*(existing[permission][0] for permission in new))
            role.given = sorted(set(role.given) | new)
            role.save(update_fields=["given"])


def _first_time(name: str) -> StandardRole | None:
    """Return the new role with its group; None where somebody has a group of that name, which stays theirs."""
    if Group.objects.filter(name=name).exists():
        StandardRole.objects.create(name=name, group=None)
        return None
    return StandardRole.objects.create(name=name, group=Group.objects.create(name=name))


def _permissions() -> dict[str, tuple[int, str]]:
    """Return every permission with its id and its model: {"crm.view_contact": (1, "crm.contact")}."""
    rows = Permission.objects.values_list("content_type__app_label", "codename", "content_type__model", "pk")
    return {f"{app}.{codename}": (pk, f"{app}.{model}") for app, codename, model, pk in rows}


def _held(groups: Sequence[int]) -> dict[int, set[str]]:
    """Return what each group holds."""
    name = Concat(F("content_type__app_label"), Value("."), F("codename"), output_field=CharField())
    held: dict[int, set[str]] = {}
    for group, permission in Permission.objects.filter(group__in=groups).values_list("group", name):
        held.setdefault(group, set()).add(permission)
    return held
