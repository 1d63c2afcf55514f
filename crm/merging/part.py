"""A part of the preview of a merge: what a higher app has to show about two persons."""

from datetime import datetime
from typing import Protocol

from gateway.panels import PanelContent, PermissionCheck


class MergePreviewPart(Protocol):
    """Something to look at before two persons are merged; `permission` is needed to see it."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def order(self) -> int: ...
    @property
    def permission(self) -> str: ...
    @property
    def takes_long(self) -> bool: ...  # a page shows it once it is there, and waits for the others alone

    def load(self, survivor_id: int, loser_id: int, *, now: datetime, may: PermissionCheck) -> PanelContent:
        """
        Return what there is to say about these two persons, side by side.

        A part that shows what the merge does may do it: inside `crm.merging.preview.as_if_merged` the two
        are one person. It takes back the whole transaction that it stands in, which is the part's own.
        """
