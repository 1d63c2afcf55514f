"""Conversions are never deleted: voided, and restored where that was a mistake."""

from crm.models import Conversion
from gateway.errors import DomainError
from gateway.taking_out import Restoring, TakingOut


class AlreadyVoided(DomainError):
    """The record was voided before and stays as it is."""

    code = "already_voided"
    status = 409


voiding = TakingOut(model=Conversion, when="voided_at", why="void_reason", done="voided", refusal=AlreadyVoided)
restoring = Restoring(taking_out=voiding)
