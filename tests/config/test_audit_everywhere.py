"""
Who, when and through what, on every way in that there is.

The ways are those that the program itself knows: routes, forms and actions of the admin, commands, tasks. Where a view
would begin, a tracked record is changed instead, and its history is asked who did it: what the view writes gets
the same name. Besides, every form, every kind of action and every collection of the API is used as it is meant, and
no event may be left without a name. A new way that loses the name fails here without anybody listing it.
"""

import io
import itertools
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pghistory
import pgtrigger
import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.management import call_command, get_commands
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pghistory.models import Context

from community.models import Interaction
from config.audit import WITHOUT_HISTORY, command_line
from config.celery import app as celery_app
from config.models import GroupPermissionEvent
from crm.models import Campaign, Company, Consent, DuplicateSuggestion, PersonExport, PersonExportDownload
from crm.tasks import request_joining
from gateway.acting import acting
from gateway.answers import JsonAnswer
from gateway.history import entries_of, events_of, history_of, is_tracked
from gateway.models import ApiKey
from gateway.routes import api_routes, known_scopes
from jobs.models import Job
from tests.admin_forms import posted
from tests.api_clients import client_of
from tests.audit import HISTORIES, everything_told
from tests.config.test_admin_pages import PAGES, key_of
from tests.config.test_permission_matrix import STANDARD, address_of, other_routes
from tests.factories.community import InteractionFactory
from tests.factories.crm import CampaignFactory, CompanyFactory, ConsentFactory, ContactFactory, EmailFactory
from tests.gateway.samples import SAMPLES, prepare

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("remembered")]

NUMBERS = itertools.count()


def rename() -> None:
    """Change a tracked record: what a view, a command or a task would do."""
    Campaign.objects.filter(code="probe").update(name=f"Renamed for the {next(NUMBERS)}th time")


def who_renamed() -> tuple[str, str]:
    newest = events_of(Campaign).order_by("-pgh_id").first()
    (entry,) = entries_of([(newest, None)])
    return entry.who, entry.through


@pytest.fixture(autouse=True)
def probe() -> Campaign:
    CompanyFactory(name="Probe")
    return CampaignFactory(code="probe")


@pytest.fixture
def ana() -> User:
    return User.objects.create_superuser("ana", first_name="Ana", last_name="Whelan")


@pytest.fixture
def browser(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


@contextmanager
def nothing_unnamed() -> Iterator[None]:
    """
    Fail when an event is written in this block without saying who and through what, or with a note from before it.

    Fail too when a row changed and no event says so. A setting of the transaction outlives the block that made it, so
    a note that is older than the block is none.
    """
    older = set(Context.objects.values_list("pk", flat=True))
    newest = {table: number for table, number, *_ in _events()}
    with everything_told():
        yield
    written = [event for event in _events() if event[1] > newest.get(event[0], 0)]
    for table, _, label, context, metadata in written:
        note = metadata if metadata and context not in older else {}
        assert note.get("user") or note.get("key"), (table, label, note)
        assert note.get("url") or note.get("through"), (table, label, note)
    assert written, "Nothing was written: this has shown nothing."


def _events() -> list[tuple[str, int, str, UUID | None, dict[str, object] | None]]:
    """Return table, number, label, context and its note of every event, in the order of their numbers."""
    tables = [history._meta.db_table for history in HISTORIES]
    events = " UNION ALL ".join(f"SELECT '{table}', pgh_id, pgh_label, pgh_context_id FROM {table}" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT event.*, context.metadata
            FROM ({events}) event (table_name, number, label, context_id)
            LEFT JOIN pghistory_context context ON context.id = event.context_id
            ORDER BY number
            """
        )
        return [(*event[:4], event[4] and json.loads(event[4])) for event in cursor.fetchall()]


def test_a_change_that_its_history_does_not_tell_is_found():
    for unheard, act in (
        ("crm.Campaign:update_update", rename),
        ("crm.Company:delete_delete", lambda: Company.objects.all().delete()),
        ("crm.Company:insert_insert", CompanyFactory),
    ):
        with (
            pytest.raises(AssertionError, match=r"event does not say what became of crm_"),
            everything_told(),
            pgtrigger.ignore(unheard),
        ):
            act()


def test_words_that_changed_without_their_history_saying_so_are_found():
    InteractionFactory(text="Hello")
    with (
        pytest.raises(AssertionError, match=r"no event says so: \[\('community_interactionevent', '\d+', 'text'\)"),
        everything_told(),
        pgtrigger.ignore("community.Interaction:update_update"),
    ):
        Interaction.objects.update(text="Goodbye")


# The admin, and every other page.


class WritesInstead:
    """The innermost middleware: writes where the view would begin, which is then left out."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse:
        rename()
        return HttpResponse(status=204)


def addresses_of_pages() -> Iterator[str]:
    """Yield an address of every page, those of each model included; whether the record exists is not asked here."""
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for page in STANDARD:
            yield reverse(f"{name}_{page}", args=["1"] if page in ("change", "history", "delete") else [])
    for name in other_routes():
        yield address_of(name)


def test_every_page_names_the_user(settings, browser: Client):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.WritesInstead"]
    addresses = list(dict.fromkeys(addresses_of_pages()))
    assert len(addresses) > 200

    before = events_of(Campaign).count()
    asked = [(method, address) for address in addresses for method in ("GET", "POST")]
    assert {one: browser.generic(*one).status_code for one in asked} == dict.fromkeys(asked, 204)

    renamed = entries_of([(event, None) for event in events_of(Campaign).order_by("pgh_id")[before:]])
    named = dict(zip(asked, [(entry.who, entry.through) for entry in renamed], strict=True))
    parts = {"admin": "admin", "api": "API"}
    assert named == {one: ("Ana Whelan", parts.get(one[1].split("/")[1], one[1])) for one in asked}


# Forms as they are meant. Most can be changed by a word more in their first text; the others say how.
CHANGES: dict[str, Callable[[], dict[str, object]]] = {
    "auth.user": lambda: {"email": "ana@example.org"},  # its history is what one comes in with and may do
    "community.channelsize": lambda: {"people": "5300"},
    "community.member": lambda: {"contact": ContactFactory().pk},
    "community.thread": lambda: {"confirmed_answer": InteractionFactory().pk},
    "crm.exchangerate": lambda: {"rate": "1.5"},
    "crm.outcomemark": lambda: {"outcome": "supporter"},
    "gateway.apikey": lambda: {"requests_per_minute": "30"},
}


def a_word_more(form: forms.BaseForm) -> dict[str, object]:
    """Return a change of the first text of a form."""
    for name, field in form.fields.items():
        is_text = type(field) is forms.CharField and not field.disabled and not form.has_error(name)
        if is_text and isinstance(form[name].value(), str):
            return {form.add_prefix(name): f"{form[name].value()} again".strip()}
    return {}


# Models of the admin without a history, and why; what metrics derives from facts has none.
UNTRACKED = {
    "auth.group": "who is in it, and what it may do, has a history; what it is called stands in the admin's log",
    "axes.accessattempt": "says itself who tried what, when",
    "axes.accesslog": "says itself who came in, when",
    "crm.duplicatesuggestion": "says itself who decided what, when; what was joined has a history",
    "crm.erasure": "says itself who erased, when, through what",
    "crm.personexport": "says itself who took what, when",
    "jobs.job": "says itself who asked for what, when, through what",
}
# Tracked, and not changed by a form of their own.
NO_FORM = {
    "community.waitinginteraction": "an interaction, to look at",
    "crm.merge": "to look at",
    "mfa.authenticator": "to look at, and to delete",
}
REGISTERED = sorted(model._meta.label_lower for model in admin.site._registry)
TRACKED = sorted(model._meta.label_lower for model in admin.site._registry if is_tracked(model))


def test_every_model_of_the_admin_has_a_history_or_a_reason_for_none():
    without = [label for label in REGISTERED if label not in TRACKED and not label.startswith("metrics.")]

    assert without == sorted(UNTRACKED), "Track it, or say here why nobody will ask who changed it."


def test_every_history_tells_of_deletions():
    silent = [history for history in HISTORIES if "delete" not in {tracker.label for tracker in history.pgh_trackers}]

    assert silent == []


def changeable() -> list[str]:
    return [label for label in TRACKED if label not in NO_FORM]


@pytest.mark.parametrize("label", changeable())
def test_every_form_of_a_tracked_record_names_the_user(browser: Client, label: str):
    with acting(through="the test"):
        record = PAGES[label].make(1)
        change = CHANGES.get(label, dict)()
    address = reverse(f"admin:{label.replace('.', '_')}_change", args=[key_of(record)])
    if label == "crm.contact":
        address += "?tab=details"
    page = browser.get(address)

    with nothing_unnamed():
        answer = browser.post(address, posted(page, **(change or a_word_more(page.context["adminform"].form))))
        assert answer.status_code == 302, answer.context["errors"]
    entry = history_of(record)[0]
    assert (entry.kind in ("changed", "moved to another contact"), entry.who) == (True, "Ana Whelan")


@pytest.mark.parametrize("label", [label for label in TRACKED if "delete" not in PAGES[label].refused])
def test_every_deletion_of_a_tracked_record_names_the_user(browser: Client, label: str):
    with acting(through="the test"):
        record = PAGES[label].make(1)
    address = reverse(f"admin:{label.replace('.', '_')}_delete", args=[key_of(record)])

    with nothing_unnamed():
        browser.post(address, {"post": "yes"})
        rename_by(browser)


def rename_by(browser: Client) -> None:
    """Change something by a form, so that a deletion that is refused leaves a trace to look at."""
    company = Company.objects.get(name__startswith="Probe")
    name = company.name.removesuffix(" again") if company.name.endswith(" again") else f"{company.name} again"
    sent = {"source": company.source, "external_id": company.external_id, "name": name}
    assert browser.post(reverse("admin:crm_company_change", args=[company.pk]), sent).status_code == 302


# What actions of lists ask for on their way.
ANSWERS = {"post": "yes", "reason": "A test.", "purpose": "newsletter", "channel": "email"}


def test_every_action_of_a_list_names_the_user(browser: Client, ana: User):
    request = RequestFactory().get("/admin/")
    request.user = ana
    acts = [(model, name) for model, options in admin.site._registry.items() for name in options.get_actions(request)]
    assert len(acts) > 30

    for model, action in acts:
        with acting(through="the test"):
            record = PAGES[model._meta.label_lower].make(1)
        list_of = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        with nothing_unnamed():
            answer = browser.post(list_of, {**ANSWERS, "action": action, "_selected_action": [key_of(record)]})
            assert answer.status_code in (200, 302), (model, action)
            rename_by(browser)


# What the API does, for real: one of each collection, changed, again in a batch, and taken away.


@pytest.mark.parametrize("collection", SAMPLES)
def test_every_collection_names_the_key(collection: str):
    key, token = ApiKey.objects.issue(name="shop-sync", scopes=known_scopes())
    client = client_of(token)
    prepare()
    sample = SAMPLES[collection]
    address = f"/api/v1/{collection}/"

    with nothing_unnamed():
        made = client.post(address, sample.item(1))
        assert made.status_code == 201, made.content
        one = f"{address}{made.json()['id']}/"
        assert client.patch(one, sample.change).status_code == 200
        batch = client.post(f"{address}batch/upsert", {"items": [sample.item(2), sample.item(3)]})
        assert batch.json()["created"] == 2, batch.content
        client.delete(one)
        # Some collections have no history of their own: what they name has.
        client.post("/api/v1/campaigns/", SAMPLES["campaigns"].item(7))

    names = {(entry.who, entry.through) for entry in history_of(Campaign.objects.get(code__iexact="spring-7"))}
    assert names == {(f"shop-sync ({key.prefix})", "API")}


def test_every_operation_of_the_api_names_the_key(monkeypatch: pytest.MonkeyPatch):
    key, token = ApiKey.objects.issue(name="shop-sync", scopes=known_scopes(), requests_per_minute=100_000)
    client = client_of(token)

    def write(self, request: HttpRequest, **_: object) -> HttpResponse:
        rename()
        return JsonAnswer({})

    routes = api_routes()
    for view in {type(route.view) for route in routes}:
        for method in ("get", "post", "patch", "delete"):
            monkeypatch.setattr(view, method, write, raising=False)
    for route in routes:
        for method in route.view.operations:
            address = re.sub(r"<\w+:\w+>", "1", route.path)
            assert client.generic(method, address, b"{}", content_type="application/json").status_code == 200, address
            assert who_renamed() == (f"shop-sync ({key.prefix})", "API"), (method, address)


# The command line and the workers.


def test_every_command_names_itself_and_the_account(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("getpass.getuser", lambda: "olga")
    names = sorted(set(get_commands()) - WITHOUT_HISTORY)
    assert {"import", "erase_person", "find_duplicates", "createsuperuser", "shell"} <= set(names)

    for name in names:
        with command_line(["manage.py", name]):
            rename()
        assert who_renamed() == ("olga on the command line", f"command {name}")


def test_commands_without_a_name_write_no_history():
    """`serve` and `first_look` start other commands and processes, each with its own; the others are tried."""
    tried = {"recompute": ("--all", "--in-process"), "roi": ("--by", "campaign")}
    assert set(tried) == WITHOUT_HISTORY - {
        "collectstatic", "first_look", "makemigrations", "migrate", "serve", "spectacular",
    }  # fmt: skip

    before = _events()
    for name, arguments in tried.items():
        call_command(name, *arguments, stdout=io.StringIO())

    assert _events() == before


def test_what_migrate_gave_to_roles_says_so():
    events = GroupPermissionEvent.objects.select_related("pgh_context")

    assert events.count() > 100
    assert {event.pgh_context and event.pgh_context.metadata["through"] for event in events} == {"command migrate"}


def test_every_task_names_itself(monkeypatch: pytest.MonkeyPatch):
    celery_app.loader.import_default_modules()
    names = [name for name in celery_app.tasks if not name.startswith(("celery.", "metrics."))]
    assert {"crm.tasks.find_duplicates", "community.tasks.prune_watch_list"} <= set(names)

    for name in names:
        with monkeypatch.context() as patch:
            patch.setattr(celery_app.tasks[name], "run", lambda **_: rename())
            celery_app.tasks[name]()
        assert who_renamed() == ("the system", f"task {name.rpartition('.')[2].replace('_', ' ')}")


def test_tasks_of_metrics_write_no_history():
    ConsentFactory()
    celery_app.loader.import_default_modules()
    tasks = [task for name, task in celery_app.tasks.items() if name.startswith("metrics.")]
    assert tasks
    before = _events()

    for task in tasks:
        task()

    assert _events() == before


def test_one_task_that_joins_for_two_colleagues_names_each_for_their_own(ana: User):
    ben = User.objects.create_user("ben", first_name="Ben", last_name="Okri")
    losers = {}
    for user in (ana, ben):
        user.user_permissions.add(Permission.objects.get(codename="merge_contact"))
        first, second = ContactFactory(full_name="Joe Bloggs"), ContactFactory(full_name="Joe Bloggs")
        pair = DuplicateSuggestion.objects.create(
            first=first, second=second, score=90, reasons=[{"key": "email", "points": 90}], found_at=timezone.now()
        )
        request_joining([pair.pk], now=timezone.now(), requested_by=user.pk)
        losers[user.get_full_name()] = second

    celery_app.tasks["crm.tasks.find_duplicates"]()

    for name, loser in losers.items():
        loser.refresh_from_db()
        assert loser.merged_into_id is not None
        assert history_of(loser)[0].who == name


def test_a_note_within_a_note_is_for_its_block_alone():
    said = []
    with pghistory.context(through="outside", key="olga"):
        for part in ("one", None, "two"):
            if part:
                with acting(through=part):
                    rename()
            else:
                rename()
            said.append(who_renamed())

    assert said == [("olga", "one"), ("olga", "outside"), ("olga", "two")]
    assert [(entry.who, entry.through) for entry in history_of(Campaign.objects.get())[:3]] == said[::-1]


# What leaves Kith: who took it, when, and what.


def test_taking_addresses_away_is_written_down(browser: Client, ana: User, caplog: pytest.LogCaptureFixture):
    contact = ContactFactory(full_name="Joe Bloggs")
    EmailFactory(contact=contact)
    purpose = ConsentFactory(contact=contact).purpose
    assert Consent.objects.count() == 1
    asked = {"action": "export_addresses", "_selected_action": [contact.pk], "purpose": purpose, "channel": "email"}
    browser.post(reverse("admin:crm_contact_changelist"), asked)
    assert not Job.objects.exists()

    with caplog.at_level(logging.INFO, logger="crm"):
        answer = browser.post(reverse("admin:crm_contact_changelist"), {**asked, "download": "1"})

    assert b"Joe Bloggs" in answer.getvalue()
    job = Job.objects.get()
    assert (job.kind, job.state, job.requested_by, job.requested_through) == (
        "export_audience", "succeeded", ana, "admin",
    )  # fmt: skip
    assert (job.parameters, job.done) == ({"purpose": purpose, "channel": "email"}, 1)
    assert abs(job.finished_at - timezone.now()).total_seconds() < 60
    assert f"user {ana.pk} took the addresses of 1 people" in caplog.text
    assert "Joe" not in caplog.text


def test_an_export_on_the_command_line_is_written_down(monkeypatch: pytest.MonkeyPatch, tmp_path, browser: Client):
    monkeypatch.setattr("getpass.getuser", lambda: "olga")
    contact = ContactFactory(full_name="Joe Bloggs")

    call_command("export_person", str(contact.pk), str(tmp_path / "joe.zip"))

    export = PersonExport.objects.get()
    assert (export.person_id, export.size) == (contact.pk, (tmp_path / "joe.zip").stat().st_size)
    assert (export.job.state, export.job.requested_through) == ("succeeded", "command, olga")
    assert PersonExportDownload.objects.get().export == export
    assert not export.parts.exists()
    assert "command, olga" in browser.get(reverse("admin:crm_personexport_changelist")).content.decode()
    page = browser.get(reverse("admin:crm_personexport_change", args=[export.pk])).content.decode()
    assert "Downloaded at" in page
