"""
The settings that stored figures depend on, and whether the stored ones were computed with them.

When a setting changes, the tables still hold figures of the old one. The fingerprint stored with them
then differs from the current one: the next tick starts a full recompute, and reports say that the
figures are not current until it is done.
"""

from typing import Any

from crm.models import ConversionKind
from metrics.attribution.models import attribution_models
from metrics.attribution.statements import figure_parameters
from metrics.models import Fingerprint

# Raise when the computing SQL changes what it computes from the same facts and settings.
RULES_VERSION = 3


def current_fingerprint() -> dict[str, Any]:
    """Return the settings that figures depend on now, as JSON can hold them. One query."""
    return {
        **figure_parameters(),
        "rules": RULES_VERSION,
        "models": {model.key: model.version for model in attribution_models},
        "lookback_days": dict(ConversionKind.objects.order_by("key").values_list("key", "lookback_days")),
    }


def stored_fingerprint() -> dict[str, Any] | None:
    """Return the settings that the stored figures were computed with; None when nothing was computed yet. One query."""
    return Fingerprint.objects.values_list("value", flat=True).first()


def is_current() -> bool:
    """Say whether the stored figures were computed with the settings as they are now. Two queries."""
    return stored_fingerprint() == current_fingerprint()
