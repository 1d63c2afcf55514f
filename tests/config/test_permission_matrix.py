"""
Who may do what: every page, action, inline and search of the admin, for every role, against permissions.txt.

The table stands beside this file and says how to read it and how to add a row. What exists is enumerated from the
URL configuration and the admin itself, so whatever is new and has no row fails, with the row that it would need.
The API has a table of its own: tests/gateway/permissions.txt.

Whether somebody may open a page is decided before it is drawn, so nothing is drawn here.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.messages.storage import default_storage
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, clear_url_caches, get_resolver, path, resolve, reverse
from django.utils import timezone
from pytest_django import DjangoDbBlocker

import community.extensions
import config.urls
import crm.extensions
import jobs.extensions
from config.roles import ROLES
from crm.models import PersonExport, PersonExportPart
from gateway.registry import Registry
from gateway.routes import API_PREFIX, api_routes
from jobs.models import Job
from tests.admin_drawing import remember_people
from tests.config.test_admin_pages import PAGES, key_of
from tests.factories.community import UserFactory
from tests.factories.crm import ContactFactory

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).with_name("permissions.txt")
SECTIONS = ("pages", "other pages", "actions", "inlines", "typing", "parts")
WHO = ("stranger", "no role", *ROLES, "superuser")
STANDARD = {"changelist": "v", "change": "vc", "history": "v", "add": "a", "delete": "d"}
ADD_ROW = (
    "tests/config/permissions.txt and what there is differ. For each line with + decide who may do it and add the row "
    "under its heading; remove those with -. (Shown with what is allowed now: is that what should be?)"
)

Rows = dict[str, dict[str, str]]


def expected(section: str) -> Rows:
    """Return the rows of a section: what, then for each kind of person what they may do."""
    _, _, below = TABLE.read_text().partition(f"[{section}]\n")
    rows: Rows = {}
    for line in below.partition("\n[")[0].splitlines():
        if line.strip() and not line.startswith("#"):
            what, *letters = line.split()
            rows[what] = dict(zip(WHO, letters, strict=True))
    return rows


def compare(section: str, found: Rows, *, only: str = "") -> None:
    wanted = {what: letters for what, letters in expected(section).items() if only in ("", what)}
    lines = [f"- {_line(what, wanted[what])}" for what in wanted if found.get(what) != wanted[what]]
    lines += [f"+ {_line(what, found[what])}" for what in found if found[what] != wanted.get(what)]
    assert not lines, "\n".join([ADD_ROW, f"[{section}]", *sorted(lines, key=lambda line: line[2:])])


def _line(what: str, letters: dict[str, str]) -> str:
    return f"{what:<52}{' '.join(f'{letters[who]:<6}' for who in WHO)}".rstrip()


class Browser(Client):
    """A browser that knows who sits before it."""

    person: User | AnonymousUser = AnonymousUser()


@pytest.fixture(scope="module")
def people(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Browser]]:
    """One browser for each kind of person, logged in but for the stranger; the tests of this file share them."""
    with django_db_blocker.unblock(), transaction.atomic(), pytest.MonkeyPatch.context() as monkeypatch:
        remember_people(monkeypatch)
        clients = {who: Browser() for who in WHO}
        for who in WHO[1:]:
            clients[who].person = _person(who)
            clients[who].force_login(clients[who].person)
        yield clients
        transaction.set_rollback(True)


def _person(who: str) -> User:
    user = UserFactory(is_staff=True, is_superuser=who == "superuser")
    if who in ROLES:
        user.groups.add(Group.objects.get(name=who))
    return user


def is_allowed(response: HttpResponse) -> bool:
    """Whether somebody got past the door: not sent to the login, not refused, not told that there is nothing."""
    if response.status_code == 302 and ("/login/" in response.url or response.url.startswith("/accounts/")):
        return False
    return response.status_code not in (401, 403, 404)


def may(client: Client, method: str, url: str) -> bool:
    return is_allowed(client.generic(method, url))


def routes() -> Iterator[tuple[str, Callable]]:
    """Yield the full name of every route outside of the API, and its view."""

    def walk(resolver: URLResolver, above: str, namespace: str) -> Iterator[tuple[str, Callable]]:
        for pattern in resolver.url_patterns:
            here = above + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from walk(pattern, here, inner)
            elif isinstance(pattern, URLPattern) and not here.startswith(API_PREFIX):
                yield f"{namespace}{pattern.name or here}", pattern.callback

    yield from walk(get_resolver(), "/", "")


def standard_routes() -> set[str]:
    return {
        f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
        for model in admin.site._registry
        for page in STANDARD
    }


def other_routes() -> list[str]:
    """Return every route that is not one of the five that each model has; Django's old addresses lead to those."""
    skipped = standard_routes()
    return [name for name in dict(routes()) if name not in skipped and "<path:object_id>/" not in name]


def own_export(client: Browser) -> str:
    """Return the address of the file of an export that this person asked for; the stranger's is nobody's."""
    now = timezone.now()
    job = Job.objects.create(kind="export_person", state=Job.State.SUCCEEDED, started_at=now, finished_at=now)
    export = PersonExport.objects.create(
        job=job,
        person=ContactFactory(),
        requested_by_id=client.person.pk,
        size=2,
        expires_at=now + timedelta(days=1),
    )
    PersonExportPart.objects.create(export=export, number=0, content=b"PK")
    return reverse("admin:crm_contact_export_file", args=[job.pk])


# Pages that are there for one person alone: everybody tries one of their own.
OF_ONES_OWN = {"admin:crm_contact_export_file": own_export}

# What routes need in their address, where they are about no model of the admin.
ARGUMENTS = {
    "admin:crm_contact_export_file": (999_999,),
    "admin:view_on_site": (1, 1),
    "admin:app_list": ("crm",),
    "admin:autocomplete": (),
    "start-part": ("campaigns",),
    "admin:/admin/(?P<url>.*)$": ("nowhere",),
    "/": (),
}


def address_of(name: str) -> str:
    """Return an address of the route: of an object where it is about one."""
    if name == "/":
        return "/"
    if name.startswith("admin:/"):
        return "/admin/nowhere/"
    if name in ARGUMENTS:
        return reverse(name, args=ARGUMENTS[name])
    pattern = next(iter(get_resolver().namespace_dict["admin"][1].reverse_dict.getlist(name.partition(":")[2])), None)
    names = pattern[0][0][1] if pattern else []
    needed = len(names)
    if not needed:
        return reverse(name)
    about = [label for label in PAGES if name.startswith(f"admin:{label.replace('.', '_')}_")]
    if names[0] == "contact_id":
        about = ["crm.contact"]
    instance = PAGES[max(about, key=len)].make(1) if about else None
    if name.endswith("_panel"):
        panels = admin.site._registry[type(instance)].panels
        return reverse(name, args=[key_of(instance), next(iter(panels)).key])
    if name == "admin:crm_merge_job_apart":
        return reverse(name, args=[Job.objects.create(kind="join_duplicates").pk])
    if name == "admin:crm_contact_merge_part":
        return reverse(name, args=[key_of(instance), ContactFactory().pk, "figures"])
    return reverse(name, args=[key_of(instance) if instance else 999_999, *([999_999] * (needed - 1))])


def opens(client: Client, method: str, url: str) -> bool:
    response = client.generic(method, url)
    return response.status_code != 405 and is_allowed(response)


OTHER_METHODS = ("HEAD", "PUT", "PATCH", "DELETE")


def opened_otherwise(user: User | AnonymousUser, url: str, methods: Iterable[str] = OTHER_METHODS) -> list[str]:
    """
    Return those of the methods other than GET and POST that open a page of the admin.

    The page itself is asked: what stands before it does not look at the method.
    """
    return [method for method in methods if opens_itself(user, method, url)]


def opens_itself(user: User | AnonymousUser, method: str, url: str) -> bool:
    """Tell whether a page of the admin lets somebody in, without what stands before it."""
    found = resolve(url)
    request = RequestFactory().generic(method, url)
    request.user, request.resolver_match, request.session = user, found, {}
    request._messages = default_storage(request)
    request._dont_enforce_csrf_checks = True  # else the token that is missing would refuse it, and not the page
    with suppress(PermissionDenied, Http404):
        response = found.func(request, *found.args, **found.kwargs)
        return response.status_code != 405 and is_allowed(response)
    return False


LABELS = sorted(model._meta.label_lower for model in admin.site._registry)


@pytest.mark.parametrize("label", LABELS)
def test_standard_pages(people: dict[str, Browser], undrawn: None, label: str):
    """
    The pages themselves are asked, which takes a fifth of the time: what stands before them is before the others too.

    The methods that none of them is meant for are tried by turns, others of each page in each run.
    """
    key = key_of(PAGES[label].make(1))
    name = f"admin:{label.replace('.', '_')}"
    addresses = {page: reverse(f"{name}_{page}") for page in ("changelist", "add")}
    addresses |= {page: reverse(f"{name}_{page}", args=[key]) for page in ("change", "history", "delete")}
    methods = cycle(random.sample(OTHER_METHODS, len(OTHER_METHODS)))
    found: dict[str, str] = {}
    for who, client in people.items():
        opens = partial(opens_itself, client.person)
        views = {page: opens("GET", addresses[page]) for page in ("changelist", "change", "history")}
        assert len(set(views.values())) == 1, (who, views)
        doors = {
            "v": views["change"],
            "a": opens("POST", addresses["add"]),
            "c": opens("POST", addresses["change"]),
            "d": opens("POST", addresses["delete"]),
        }
        found[who] = "".join(letter for letter, is_open in doors.items() if is_open) or "-"
        for page, letters in STANDARD.items():
            if not any(doors[letter] for letter in letters):
                assert opened_otherwise(client.person, addresses[page], [next(methods)]) == [], (label, page, who)
    compare("pages", {label: found}, only=label)


def test_no_row_is_about_a_model_that_is_not_there():
    assert set(expected("pages")) - set(LABELS) == set()


def opened_by(people: dict[str, Browser], name: str) -> dict[str, str]:
    """
    Return which of reading and posting a page is open to each kind of person.

    To whom neither is, no other method is: of a page of the admin two are tried, others in each run.
    """
    address = address_of(name)
    row = {}
    for who, client in people.items():
        url = OF_ONES_OWN[name](client) if name in OF_ONES_OWN else address
        if name.endswith("logout") and who != "stranger":
            row[who] = "p"  # trying it would end the session
            continue
        methods = (("g", "GET"), ("p", "POST"))
        row[who] = "".join(letter for letter, method in methods if opens(client, method, url)) or "-"
        if row[who] == "-" and name.startswith("admin:"):
            assert opened_otherwise(client.person, url, random.sample(OTHER_METHODS, 2)) == [], (name, who)
        elif row[who] == "-":
            assert not [method for method in OTHER_METHODS if opens(client, method, url)], (name, who)
    return row


def test_other_pages(people: dict[str, Browser], undrawn: None):
    compare("other pages", {name: opened_by(people, name) for name in other_routes()})


def test_what_is_ones_own_opens_to_nobody_else(people: dict[str, Browser], undrawn: None):
    for name, make in OF_ONES_OWN.items():
        for owner in ("Administrator", "superuser"):
            url = make(people[owner])
            assert [who for who, client in people.items() if may(client, "GET", url)] == [owner], name


def test_deactivated_and_outside_people_open_nothing(undrawn: None, remembered: None):
    """A colleague whose account was switched off, and a user who is not staff: like a stranger everywhere."""
    stopped, outsider = Client(), Client()
    gone = UserFactory(is_staff=True, is_superuser=True)
    stopped.force_login(gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    outsider.force_login(UserFactory(is_staff=False, is_superuser=False))
    open_to_strangers = {name for name, letters in expected("other pages").items() if letters["stranger"] != "-"}
    of_users = {"api-docs", "openapi"}  # documentation, for everybody with a login

    for model in admin.site._registry:
        for page in ("changelist", "add"):
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")
            assert not may(stopped, "GET", url)
            assert not may(outsider, "GET", url)
    for name in set(other_routes()) - open_to_strangers:
        url = address_of(name)
        assert not may(stopped, "GET", url), name
        assert name in of_users or name.startswith(("account_", "mfa_")) or not may(outsider, "GET", url), name


def test_actions(undrawn: None):
    found: Rows = {}
    offered = {who: _request(who) for who in WHO if who != "stranger"}
    for model, options in admin.site._registry.items():
        for who, request in offered.items():
            request.resolver_match = resolve(
                reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            )
            for action in options.get_actions(request):
                row = found.setdefault(f"{model._meta.label_lower}:{action}", dict.fromkeys(WHO, "-"))
                row[who] = "x"
    compare("actions", found)


def test_an_action_that_is_not_offered_cannot_be_posted(people: dict[str, Browser]):
    campaign = PAGES["crm.campaign"].make(1)

    people["Analyst"].post(
        reverse("admin:crm_campaign_changelist"), {"action": "archive", "_selected_action": [campaign.pk]}
    )

    campaign.refresh_from_db()
    assert campaign.status != "archived"


def test_inlines():
    found: Rows = {}
    for model, options in admin.site._registry.items():
        instance = PAGES[model._meta.label_lower].make(1) if options.inlines else None
        for who in WHO:
            if who == "stranger" or not options.inlines:
                continue
            request = _request(who)
            for inline in options.get_inlines(request, instance):
                row = found.setdefault(
                    f"{model._meta.label_lower}/{inline.model._meta.label_lower}", dict.fromkeys(WHO, "-")
                )
                row[who] = _letters_of_inline(inline(model, admin.site), request, instance)
    compare("inlines", found)


def _letters_of_inline(inline: admin.TabularInline, request, instance: models.Model) -> str:
    doors = {
        "v": inline.has_view_permission(request, instance),
        "a": inline.has_add_permission(request, instance),
        "c": inline.has_change_permission(request, instance),
        "d": inline.has_delete_permission(request, instance),
    }
    return "".join(letter for letter, is_open in doors.items() if is_open) or "-"


def _request(who: str):
    request = RequestFactory().get("/admin/")
    request.user = _person(who)
    return request


def typing_fields() -> Iterator[tuple[models.Field, type[models.Model]]]:
    """Yield every field whose choices are searched while typing, and the model that it names."""
    for model, options in admin.site._registry.items():
        for owner, part in [(model, options), *((inline.model, inline) for inline in options.inlines)]:
            for name in part.autocomplete_fields:
                field = owner._meta.get_field(name)
                yield field, field.remote_field.model


def test_searches_while_typing(people: dict[str, Browser]):
    found: Rows = {}
    for field, remote in typing_fields():
        url = reverse("admin:autocomplete")
        meta = field.model._meta
        query = {"app_label": meta.app_label, "model_name": meta.model_name, "field_name": field.name, "term": ""}
        letters = {who: "x" if is_allowed(client.get(url, query)) else "-" for who, client in people.items()}
        assert found.setdefault(remote._meta.label_lower, letters) == letters, (meta.label, field.name)
    compare("typing", found)


def parts() -> Iterator[tuple[str, object]]:
    """Yield what apps add to pages, panels, tiles, buttons and sorts of entries, from every registry that has such."""
    for module in (jobs.extensions, crm.extensions, community.extensions):
        for name, registry in vars(module).items():
            if isinstance(registry, Registry):
                yield from ((f"{name}:{part.key}", part) for part in registry if hasattr(part, "permission"))


def test_parts_of_pages():
    users = {who: _person(who) for who in WHO if who != "stranger"}
    found: Rows = {}
    for name, part in parts():
        found[name] = {who: "x" if who in users and users[who].has_perm(part.permission) else "-" for who in WHO}
    compare("parts", found)


# What is new and has no row fails.


@pytest.fixture
def one_more_route(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    more = path("admin/planted/", lambda request: HttpResponse("open to all"), name="planted")
    monkeypatch.setattr(config.urls, "urlpatterns", [more, *config.urls.urlpatterns])
    clear_url_caches()
    yield
    monkeypatch.undo()
    clear_url_caches()


def test_a_page_without_a_row_fails(people: dict[str, Browser], undrawn: None, one_more_route: None):
    with pytest.raises(AssertionError, match=r"\+ planted +gp +gp +gp +gp +gp +gp +gp"):
        compare("other pages", {name: opened_by(people, name) for name in other_routes() if name == "planted"})


def test_an_action_without_a_row_fails(monkeypatch: pytest.MonkeyPatch, undrawn: None):
    def planted(options: object, request: object, queryset: object) -> None: ...

    options = next(one for model, one in admin.site._registry.items() if model._meta.label == "crm.Company")
    monkeypatch.setattr(options, "actions", [*options.actions, planted])

    with pytest.raises(AssertionError, match=r"\+ crm\.company:planted "):
        test_actions(undrawn)


def test_a_panel_without_a_row_fails():
    planted = SimpleNamespace(key="planted", permission="crm.view_campaign")

    with (
        crm.extensions.contact_panels.temporarily(planted),
        pytest.raises(AssertionError, match=r"\+ contact_panels:planted +- +- +- +x +x +x +x"),
    ):
        test_parts_of_pages()


def test_a_row_of_something_that_is_gone_fails(people: dict[str, Browser]):
    with pytest.raises(AssertionError, match="- crm.company "):
        compare("typing", {})


def test_a_login_opens_nothing_in_the_api(people: dict[str, Browser]):
    for who, client in people.items():
        for route in api_routes():
            for method in route.view.operations:
                url = re.sub(r"<\w+:\w+>", "1", route.path)
                assert client.generic(method, url).status_code == 401, (who, method, route.path)
