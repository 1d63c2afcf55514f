"""
Nonsense in the address of a page, or in what is sent to it: whatever somebody writes there, no page fails.

What a page reads is found and not listed: the parameters of lists by their filters, those of new records by their
forms, and those of every other page by noting what it looks for. Filters and fields of one kind are tried once.

There are many pages: each is asked all of it at once, with two kinds of nonsense, and each name alone with one kind,
drawn anew in each run.
"""

import random
from collections.abc import Iterable, Mapping

import pytest
from django.contrib import admin
from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.utils.http import urlencode

from tests.config.test_admin_pages import PAGES, address, key_of
from tests.config.test_permission_matrix import address_of, other_routes
from tests.factories.community import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("remembered")]

NONSENSE = ("x", "²", "1" * 5000, "9999-12-31")
PROBE = "a"
UNSTORABLE = "a\x00b"  # an address with that is refused whatever it is for: test_error_pages.py
LABELS = sorted(PAGES)


@pytest.fixture
def ana(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    client.raise_request_exception = False
    return client


class Noting(QueryDict):
    """What came with a request; notes what was looked for in it."""

    looked_for: set[str]

    def get(self, key: str, default: object = None) -> object:
        self.looked_for.add(key)
        return super().get(key, default)

    def getlist(self, key: str, default: list | None = None) -> list:
        self.looked_for.add(key)
        return super().getlist(key, default)

    def __contains__(self, key: object) -> bool:
        self.looked_for.add(str(key))
        return super().__contains__(key)

    def __getitem__(self, key: str) -> object:
        self.looked_for.add(key)
        return super().__getitem__(key)


@pytest.fixture
def looked_for(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that were looked for in addresses, so far."""
    return noted(monkeypatch, "django.core.handlers.wsgi.QueryDict")


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that were looked for in what was sent, so far."""
    return noted(monkeypatch, "django.http.request.QueryDict")


def noted(monkeypatch: pytest.MonkeyPatch, made_by: str) -> set[str]:
    names: set[str] = set()
    monkeypatch.setattr(made_by, type("Noting", (Noting,), {"looked_for": names}))
    return names


def send(client: Client, url: str, fields: Mapping[str, str]) -> HttpResponse:
    return client.post(url, urlencode(fields), content_type="application/x-www-form-urlencoded")


def asked_in_vain(client: Client, url: str, names: Iterable[str], *, kinds: int = 4) -> list[tuple[str, str, str]]:
    """Ask for each of these names alone, with so many kinds of nonsense."""
    return [
        (url, name, value[:20])
        for name in sorted(names)
        for value in random.sample(NONSENSE, kinds)
        if client.get(url, {name: value}).status_code >= 500
    ]


def sent_in_vain(client: Client, url: str, names: Iterable[str], values: Iterable[str]) -> list[tuple[str, str, str]]:
    """Send these names together, with each value."""
    return [
        (url, ", ".join(names), value[:20])
        for value in values
        if send(client, url, dict.fromkeys(names, value)).status_code >= 500
    ]


def names_of_forms(page: HttpResponse) -> set[str]:
    """Return what the forms of a page ask for: some are given all that was sent at once, and look for nothing in it."""
    context = getattr(page, "context_data", None) or {}
    forms = [value for value in context.values() if isinstance(value, BaseForm)]
    return {form.add_prefix(name) for form in forms for name in form.fields}


def label_of(model: type[Model]) -> str:
    return model._meta.label_lower


def test_filters_of_lists(ana: Client):
    tried: set[tuple[object, ...]] = set()
    failed = []
    for model in admin.site._registry:
        url = address(label_of(model), "changelist")
        PAGES[label_of(model)].make(1)
        for spec in ana.get(url).context["cl"].filter_specs:
            kind = (type(spec), type(getattr(spec, "field", None)))
            if kind not in tried:
                tried.add(kind)
                failed += asked_in_vain(ana, url, filter(None, spec.expected_parameters()))

    assert len(tried) > 15
    assert failed == []


def test_searches_orders_and_pages_of_lists(ana: Client, looked_for: set[str]):
    url = address("crm.campaign", "changelist")
    PAGES["crm.campaign"].make(1)
    ana.get(url)

    assert {"q", "p"} <= looked_for
    assert asked_in_vain(ana, url, {*looked_for, "o", "_facets"}) == []


def test_fields_of_new_records(ana: Client):
    tried: set[tuple[object, ...]] = set()
    failed = []
    for model in admin.site._registry:
        url = address(label_of(model), "add")
        context = ana.get(url).context
        fields = context["adminform"].form.fields if context is not None and "adminform" in context else {}
        kinds = {(type(field), type(field.widget)) for field in fields.values()}
        values = NONSENSE if kinds - tried else NONSENSE[:1]
        tried |= kinds
        # All at once, for none hides what another does; where that fails, each alone says which it was.
        if any(ana.get(url, dict.fromkeys(fields, value)).status_code >= 500 for value in values):
            failed += asked_in_vain(ana, url, fields) or [(url, ", ".join(fields))]

    assert len(tried) > 10
    assert failed == []


@pytest.mark.parametrize("name", other_routes())
def test_pages_of_their_own(ana: Client, undrawn: None, looked_for: set[str], wanted: set[str], name: str):
    """Each name comes alone, for one may hide the others, and all together, for one may make a page look for more."""
    url = address_of(name)
    ana.get(url)
    failed = asked_in_vain(ana, url, set(looked_for), kinds=1)
    for value in random.sample(NONSENSE, 2) if looked_for else ():
        asked = dict.fromkeys(looked_for, value)
        failed += [(url, *asked, value[:20])] if ana.get(url, asked).status_code >= 500 else []
    looked_for.clear()
    page = send(ana, url, {PROBE: "1"})
    failed += [(url, PROBE)] if page.status_code >= 500 else []
    names = names_of_forms(page) | wanted
    for one in sorted(names - {PROBE}):
        failed += sent_in_vain(ana, url, [one], [random.choice((*NONSENSE, UNSTORABLE))])
    for value in random.sample((*NONSENSE, UNSTORABLE), 2) if names or looked_for else ():
        beside = urlencode(dict.fromkeys(looked_for, value)) if value in NONSENSE else ""
        failed += sent_in_vain(ana, f"{url}?{beside}", names, [value])

    assert failed == []


@pytest.mark.parametrize("label", LABELS)
def test_what_is_sent_to_pages_of_records(ana: Client, wanted: set[str], label: str):
    key = key_of(PAGES[label].make(1))
    addresses = [address(label, page) for page in ("changelist", "add")]
    addresses += [address(label, page, key) for page in ("change", "delete", *PAGES[label].actions)]
    failed = []
    for url in addresses:
        wanted.clear()
        failed += [(url, PROBE)] if send(ana, url, {PROBE: "1"}).status_code >= 500 else []
        names = set(wanted)
        for value in random.sample((*NONSENSE, UNSTORABLE), 2) if names else ():
            sent = {name: "0" if name.endswith("_FORMS") else value for name in names}
            if send(ana, url, sent).status_code >= 500:
                failed.append((url, value[:20]))

    assert failed == []
