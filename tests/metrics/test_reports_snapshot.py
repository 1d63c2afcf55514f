"""A report sees one moment of the database, whatever is committed while it reads."""

from threading import Thread

import pytest
from django.db import InternalError, connection

from crm.models import Campaign
from metrics.reports.snapshot import one_snapshot
from tests.factories.crm import CampaignFactory


def in_another_connection(write):
    def run():
        write()
        connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_snapshot_does_not_see_what_is_committed_meanwhile():
    with one_snapshot():
        before = Campaign.objects.count()
        in_another_connection(CampaignFactory)
        within = Campaign.objects.count()

    assert (before, within, Campaign.objects.count()) == (0, 0, 1)


@pytest.mark.django_db(transaction=True)
def test_snapshot_is_for_reading_only():
    with pytest.raises(InternalError, match="read-only transaction"), one_snapshot():
        CampaignFactory()
