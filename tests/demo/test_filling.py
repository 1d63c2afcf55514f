"""The demo company only goes into an empty database."""

from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command

from community.models import Colleague
from crm.models import Contact
from demo.filling import Company, NotEmpty, OtherDay, fill, make_staff, say_who_staff_are
from jobs.models import Job
from tests.factories.crm import ContactFactory

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_demo_company_is_not_mixed_with_data_of_others():
    ContactFactory()

    with pytest.raises(NotEmpty, match="only goes into an empty one"):
        fill(until=None, today=date(2026, 11, 1), now=NOW)

    assert not Job.objects.exists()


@pytest.mark.django_db
def test_company_of_another_day_is_refused_with_what_to_do():
    Job.objects.create(
        kind="demo", parameters={"until": "2026-11-01"}, state=Job.State.SUCCEEDED, finished_at=NOW, report={"costs": 9}
    )

    with pytest.raises(OtherDay, match="ends on 2026-11-01. On Kith's own servers `make clean` removes it;"):
        fill(until=date(2025, 5, 5), today=date(2026, 11, 1), now=NOW)


@pytest.mark.django_db
def test_company_that_is_there_is_kept_whatever_the_day_is_today():
    Job.objects.create(
        kind="demo", parameters={"until": "2026-11-01"}, state=Job.State.SUCCEEDED, finished_at=NOW, report={"costs": 9}
    )

    company = fill(until=None, today=date(2027, 3, 3), now=NOW)

    assert company == Company(until=date(2026, 11, 1), items={"costs": 9}, is_new=False)
    assert not Contact.objects.exists()


@pytest.mark.django_db
def test_colleagues_logins_are_the_people_whom_the_shop_knows(django_assert_num_queries):
    make_staff()
    ana = ContactFactory(full_name="Ana Whelan")
    ana.refs.create(source="shop", external_id="staff-ana")
    ContactFactory().refs.create(source="crm", external_id="staff-ben")

    with django_assert_num_queries(3):
        say_who_staff_are()
    say_who_staff_are()  # a run that was killed is done again

    assert list(Colleague.objects.values_list("user__username", "contact")) == [("ana", ana.pk)]


@pytest.mark.django_db
def test_company_is_not_filled_where_reports_are_in_another_currency(settings):
    settings.KITH_CURRENCY = "JPY"

    with pytest.raises(CommandError, match="keeps its books in EUR: run it without KITH_CURRENCY=JPY"):
        call_command("demo")
