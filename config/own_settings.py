"""Checks the organisation's settings at the start: an unknown currency, country or model is refused with a sentence."""

from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from crm.countries import COUNTRIES
from crm.duplicates.rules import rules_in_force
from crm.money import CURRENCY_DIGITS
from metrics.attribution.models import attribution_models


def refuse_wrong_settings() -> None:
    """Raise `ImproperlyConfigured`, with a sentence that names the variable, for the first value that is not known."""
    if settings.KITH_CURRENCY not in CURRENCY_DIGITS:
        raise ImproperlyConfigured(
            f"KITH_CURRENCY must be a code of ISO 4217 in capitals, such as EUR, not {settings.KITH_CURRENCY!r}."
        )
    if settings.KITH_PHONE_REGION not in COUNTRIES:
        raise ImproperlyConfigured(
            "KITH_PHONE_REGION must be a code of ISO 3166-1 in capitals, such as GB,"
            f" not {settings.KITH_PHONE_REGION!r}."
        )
    if settings.METRICS_DEFAULT_MODEL not in attribution_models:
        known = ", ".join(model.key for model in attribution_models)
        raise ImproperlyConfigured(
            f"METRICS_DEFAULT_MODEL must be one of {known}, not {settings.METRICS_DEFAULT_MODEL!r}."
        )
    rules_in_force()
    if settings.KITH_ERASURE_LIST and not Path(settings.KITH_ERASURE_LIST).parent.is_dir():
        raise ImproperlyConfigured(
            f"KITH_ERASURE_LIST must name a file in a folder that is there, not {settings.KITH_ERASURE_LIST!r}."
        )
