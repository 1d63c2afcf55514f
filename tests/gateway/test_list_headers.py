"""The headers of a list are made once for it, and anew for the next."""

import pytest
from django.urls import reverse
from unfold.templatetags import unfold_list

from gateway.admin.list_headers import kept_with_list
from tests.factories.crm import ContactFactory


class List:
    """Stands for what lives as long as a request."""


def test_headers_are_made_once_for_each_list():
    made = []

    def make(cl):
        made.append(cl)
        yield {"text": f"header {len(made)}"}

    headers = kept_with_list(make)
    one, other = List(), List()

    assert headers(one) == headers(one) == [{"text": "header 1"}]
    assert headers(other) == [{"text": "header 2"}]
    assert made == [one, other]


@pytest.mark.django_db
def test_lists_of_the_admin_show_every_header_once_however_many_rows(admin_client):
    for _ in range(3):
        ContactFactory()
    assert unfold_list.result_headers.__wrapped__

    page = admin_client.get(reverse("admin:crm_contact_changelist"))

    headers = page.context["cl"].kith_headers
    assert len(headers) == len(page.context["cl"].list_display)
    assert page.content.decode().count("<th ") >= len(headers)
