"""The Django app of the configuration, and that of the admin with Kith's own site."""

import gc
from collections.abc import Sequence
from importlib import import_module

from django.apps import AppConfig
from django.apps import apps as all_apps
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.contrib.admin import checks as admin_checks
from django.core import checks
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    """Holds the commands, templates and roles that belong to no single app, and loads the Celery application."""

    name = "config"
    default = True

    def ready(self) -> None:
        """Import the Celery application, which every `shared_task` then belongs to."""
        import config.celery  # noqa: F401
        from config.own_settings import refuse_wrong_settings
        from config.personal_data import DECLARED
        from crm.extensions import personal_data

        refuse_wrong_settings()

        for declaration in DECLARED:
            personal_data.register(declaration)

        # All apps of ours stand above this one in INSTALLED_APPS, so their permissions are there by then.
        post_migrate.connect(_bring_roles, sender=self)

        # What the program consists of never becomes garbage. To search it while it is loaded takes a process a fifth of
        # its start. Left out of the search for ever after, a search takes a few milliseconds instead of a tenth of a
        # second, which now and then somebody's page, or a chunk of a recompute, had to wait for.
        gc.freeze()
        gc.enable()


class KithAdminConfig(admin_apps.SimpleAdminConfig):
    """
    The admin with Kith's own site.

    The `admin` modules of all apps are loaded by config/urls.py, with all that has an address: workers need none of it.
    """

    default = False
    default_site = "config.admin_site.KithAdminSite"

    def ready(self) -> None:
        """Check what the addresses have loaded: Django's own check may come before them, and would find nothing."""
        checks.register(admin_checks.check_dependencies, checks.Tags.admin)
        checks.register(_check_admin, checks.Tags.admin)


def _check_admin(app_configs: Sequence[AppConfig] | None, **_: object) -> list[checks.CheckMessage]:
    import_module(settings.ROOT_URLCONF)
    return admin_checks.check_admin_app(app_configs)


def _bring_roles(*, apps: Apps = all_apps, **_: object) -> None:
    """Bring the roles, unless only some apps were migrated and there is no place for roles yet."""
    from config.standard_roles import bring_standard_roles
    from gateway.acting import account, acting

    if "standardrole" in apps.all_models["config"]:
        with acting(through="command migrate", key=f"{account()} on the command line"):
            bring_standard_roles()
