"""What apps show of their jobs on the page of a job, in place of the raw report."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.panels import PageAction, PanelContent, PermissionCheck
from gateway.registry import Registry
from jobs.models import Job


class JobReport(Protocol):
    """
    What one kind of job has to tell, in words and with links. `permission` is needed to see it.

    `key` is the job's kind. A job's own report holds ids; who they are is read when somebody looks.
    """

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def permission(self) -> str: ...

    def load(self, job: Job, *, now: datetime, may: PermissionCheck) -> PanelContent:
        """Return what the job did, in a fixed number of queries."""

    def actions(self, job: Job, *, may: PermissionCheck) -> Sequence[PageAction]:
        """Return what the reader may do about it: buttons whose pages get the job's id."""


job_reports: Registry[JobReport] = Registry("report of a kind of job")
