"""Campaigns in use are not deleted but archived: their codes stay taken."""

from collections.abc import Collection
from datetime import datetime

from crm.models import Campaign


def archive(ids: Collection[int], *, now: datetime) -> int:
    """Archive those of the campaigns that are not yet; return how many that were. Their codes stay taken."""
    archived = Campaign.Status.ARCHIVED
    return Campaign.objects.filter(pk__in=ids).exclude(status=archived).update(status=archived, updated_at=now)
