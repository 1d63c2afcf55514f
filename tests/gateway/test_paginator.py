"""A list beyond the limit: it is counted up to there, pages forward that far, and says that there are more."""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Company
from gateway.admin.paginator import BoundedPaginator
from tests.factories.community import UserFactory
from tests.factories.crm import CompanyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_pages")]


@pytest.fixture
def look(client: Client, monkeypatch: pytest.MonkeyPatch):
    """
    Look at a page of the list of companies, two on a page and five in all.

    Return the names on it, what it says of how many there are, and how it counted.
    """
    monkeypatch.setattr(BoundedPaginator, "LIMIT", 5)
    monkeypatch.setattr(admin.site._registry[Company], "list_per_page", 2)
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    def look(page: int = 1) -> tuple[list[str], str, list[str]]:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse("admin:crm_company_changelist"), {"p": page} if page > 1 else {})
        assert answer.status_code == 200
        counts = [query["sql"] for query in queries if 'COUNT(*) FROM (SELECT "crm_company"' in query["sql"]]
        said = re.findall(r"^\s*((?:more than )?\d+ companies.*?)\s*$", answer.content.decode(), flags=re.MULTILINE)
        return [company.name for company in answer.context["cl"].result_list], " ".join(said), counts

    return look


def test_list_beyond_the_limit_is_counted_up_to_it_and_pages_forward_to_it(look):
    for number in range(1, 8):
        CompanyFactory(name=f"Company {number}")

    names, said, counts = look()

    assert names == ["Company 1", "Company 2"]
    assert said == "more than 5 companies: search or filter to see the rest"
    assert len(counts) == 1
    assert counts[0].endswith("LIMIT 6) subquery")
    assert look(2)[:2] == (["Company 3", "Company 4"], said)
    assert look(3)[:2] == (["Company 5"], said)


def test_list_of_as_many_as_the_limit_is_all_there_is(look):
    for number in range(1, 6):
        CompanyFactory(name=f"Company {number}")

    assert look(3)[:2] == (["Company 5"], "5 companies")


def test_every_list_of_the_admin_is_bounded():
    assert {options.paginator for options in admin.site._registry.values()} == {BoundedPaginator}
