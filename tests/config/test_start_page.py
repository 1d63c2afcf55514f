"""The start page: the chosen period, figures worked by hand, and what stands there when there is nothing."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from psycopg.types.range import DateRange

from jobs.models import Job
from metrics.models import RecomputeChunk
from metrics.recompute import recompute_all
from tests.factories.community import CostFactory, InteractionFactory, MemberFactory, UserFactory
from tests.factories.crm import CampaignFactory, ConversionFactory

pytestmark = pytest.mark.django_db

START = reverse("admin:index")
MARCH = {"start": "2026-03-01", "end": "2026-03-31"}


@pytest.fixture
def ana() -> Client:
    client = Client()
    client.force_login(UserFactory(username="ana", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def march() -> None:
    """In March 100.00 were credited to a campaign that cost 40.00; 50.00 came from nobody we know of."""
    member = MemberFactory()
    campaign = CampaignFactory(code="spring", name="Spring course")
    InteractionFactory(channel=member.channel, member=member, kind="click", campaign=campaign)
    CostFactory(campaign=campaign, amount=Decimal("40.00"), days=DateRange(dt.date(2026, 3, 1), dt.date(2026, 4, 1)))
    ConversionFactory(contact=member.contact, amount=Decimal("100.00"))
    ConversionFactory(contact=None, amount=Decimal("50.00"))
    recompute_all(now=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))


def shown(page: object, part: str = "business") -> dict[str, object]:
    return {figure.label: figure.value for figure in page.context[part]}


def test_business_return_of_a_period(ana: Client, march: None):
    page = ana.get(START, MARCH)

    # ROI: (100 − 40) / 40 = 1.5
    assert shown(page) == {
        "Business ROI": Decimal("1.5"),
        "Revenue credited": Decimal("100.00"),
        "Unattributed revenue": Decimal("50.00"),
        "All revenue": Decimal("150.00"),
        "Cost": Decimal("40.00"),
        "ROAS": Decimal("2.5"),
    }
    text = page.content.decode()
    assert "150.0 %" in text
    assert "1 Mar 2026 to 31 Mar 2026" in text
    assert [(row.values[0], row.values[1]) for row in page.context["campaigns"].rows] == [
        ("Spring course", Decimal("1.5"))
    ]


def test_lines_sum_to_all_revenue(ana: Client, march: None):
    *lines, total = [row.values for row in ana.get(START, MARCH).context["lines"].rows]

    assert sum(amount for _, amount in lines) == Decimal("150.00")
    assert total == ("All revenue", Decimal("150.00"))


def test_period_outside_has_no_figures_and_says_why_they_are_undefined(ana: Client, march: None):
    page = ana.get(START, {"start": "2025-01-01", "end": "2025-01-31"})

    assert shown(page)["Business ROI"] is None
    assert shown(page)["Unattributed revenue"] == Decimal("0.00")
    assert page.context["chart"] is None
    assert 'title="No cost was booked"' in page.content.decode()
    assert shown(page, "social")["Mean rating"] is None


def test_nothing_at_all_still_opens(ana: Client):
    page = ana.get(START)

    assert page.status_code == 200
    assert "No communities yet" in page.content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"start": "2026-03-31", "end": "2026-03-01"}, "The period ends"),
        ({"start": "yesterday"}, "A date is not one that Kith can read: use 2026-03-31."),
        ({"end": "9999-99-99"}, "A date is not one that Kith can read: use 2026-03-31."),
        ({"end": "9999-12-31"}, "A date is not one that Kith can read: use 2026-03-31."),
    ],
)
def test_period_that_cannot_be_is_named_and_the_last_year_shown(ana: Client, query: dict[str, str], sentence: str):
    page = ana.get(START, query)

    assert page.status_code == 200
    assert sentence in page.content.decode()


def test_unknown_preset_shows_the_last_twelve_months(ana: Client):
    assert ana.get(START, {"period": "last_century"}).context["choice"].preset == "last_12_months"


def test_figures_that_wait_for_a_recompute_are_marked(ana: Client, march: None):
    assert "Facts have changed" not in ana.get(START).content.decode()

    ConversionFactory()

    assert "Facts have changed and wait for their recompute." in ana.get(START).content.decode()


def test_figures_are_for_those_who_may_see_credits():
    staff = UserFactory(is_staff=True)
    client = Client()
    client.force_login(staff)
    assert "Business return" not in client.get(START).content.decode()

    staff.user_permissions.set(Permission.objects.filter(codename="view_credit"))
    client.force_login(staff)  # a change of permissions ends the session

    text = client.get(START).content.decode()
    assert "Business return" in text
    assert "Recompute everything" not in text
    assert client.post(reverse("admin:metrics_recompute")).status_code == 403


def test_recompute_leads_to_its_job(ana: Client):
    assert "Recompute everything" in ana.get(START).content.decode()

    answer = ana.post(reverse("admin:metrics_recompute"))

    job = Job.objects.get(kind="recompute")
    assert answer.url == reverse("admin:jobs_job_change", args=[job.pk])
    assert (job.requested_by.username, job.requested_through) == ("ana", "admin")
    assert RecomputeChunk.objects.filter(job=job, done_at=None).exists()
    page = ana.get(answer.url).content.decode()
    assert "0 of" in page
    assert 'http-equiv="refresh"' in page


def test_recompute_is_not_started_by_looking(ana: Client):
    assert ana.get(reverse("admin:metrics_recompute")).status_code == 405
    assert not Job.objects.exists()
