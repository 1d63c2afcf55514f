"""What every record that other systems write has in common."""

from django.db import models
from django.db.models.functions import Now


class Synced(models.Model):
    """
    A record that clients sync.

    `created_at` and `updated_at` are Kith's own bookkeeping: clients page through changes by
    `updated_at`, no figure ever reads them. `source_updated_at` is the source's own time of change;
    an item that carries an older one than stored changes nothing.
    """

    source_updated_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), auto_now=True, editable=False)

    class Meta:
        abstract = True
