"""What community does by the clock."""

import logging

from celery import shared_task

from community.waiting import prune_watch_list as prune

logger = logging.getLogger(__name__)


@shared_task(name="community.tasks.prune_watch_list")
def prune_watch_list(**_: object) -> None:
    """Take off the watch list what was answered, so that the queue stays as quick as what waits is short."""
    if removed := prune():
        logger.info("Took %s entries off the watch list.", removed)
