"""The database itself refuses what must never be, whoever writes: what is neither crm's nor community's."""

import datetime as dt

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from gateway.models import ApiKey
from jobs.models import Job
from metrics.models import RecomputeChunk

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)


def _chunk_twice():
    job = Job.objects.create(kind="recompute")
    for _ in range(2):
        RecomputeChunk.objects.create(job=job, is_guests=False, first_person=1, last_person=9)


REFUSED = {
    "gateway_apikey_name_not_empty": lambda: ApiKey.objects.issue(name="", scopes=[]),
    "gateway_apikey_requests_per_minute_above_zero": lambda: ApiKey.objects.issue(
        name="shop", scopes=[], requests_per_minute=0
    ),
    "jobs_job_done_within_total": lambda: Job.objects.create(kind="recompute", total=1, done=2),
    "jobs_job_finished_when_over": lambda: Job.objects.create(kind="recompute", finished_at=NOON),
    "metrics_recomputechunk_once": _chunk_twice,
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_database_refuses(name):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        REFUSED[name]()

    assert refusal.value.__cause__.diag.constraint_name == name


def test_every_constraint_of_these_apps_is_tried():
    models = [model for app in ("gateway", "jobs", "metrics") for model in apps.get_app_config(app).get_models()]

    assert set(REFUSED) == {constraint.name for model in models for constraint in model._meta.constraints}
