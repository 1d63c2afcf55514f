"""
A real browser for the tests of this folder.

No script may fail and nothing may be asked of another host: the admin works without the internet.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

CHROMIUM = os.environ.get("KITH_CHROMIUM") or shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCKED = "status of 429"  # Chromium tells the console of a locked login's page
PASSWORD = "an admin's long password"
PATIENCE = 20_000  # milliseconds until something has to be there: a machine may have a lot to do besides
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder: it drives a browser, and its server sees committed rows only."""
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip("there is no Chromium: install it, or name it in KITH_CHROMIUM"))


@pytest.fixture(scope="module", autouse=True)
def synchronous_database() -> Iterator[None]:
    """Playwright keeps an event loop running in this thread, which Django takes for asynchronous code."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture(scope="session", autouse=True)
def no_connection_left(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End what the threads of the server have left open, or the database could not be dropped in the end."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def allowed_in_console() -> list[str]:
    """What errors in the console may say without failing the test; a test adds those that it provokes."""
    return [LOCKED]


@pytest.fixture(autouse=True)
def drawn(whole_pages: None) -> None:
    """Draw pages as people see them, with what stands around them."""


@pytest.fixture
def screen() -> dict[str, Any]:
    """What the page is looked at on, as a browser takes it; a test file may have another than a large screen."""
    return DESK


@pytest.fixture
def page(live_server: LiveServer, allowed_in_console: list[str], screen: dict[str, Any]) -> Iterator[Page]:
    """A page of a fresh browser; what goes wrong in it fails the test that used it."""
    faults: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type == "error" and not any(words in line.text for words in allowed_in_console):
            faults.append(f"console: {line.text}")

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(**screen, base_url=live_server.url)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on("console", note)
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((live_server.url, "data:", "blob:"))
                else faults.append(f"another host: {request.url}")
            ),
        )
        yield page
        browser.close()
    assert faults == []


@pytest.fixture
def log_in(page: Page) -> Callable[..., None]:
    """Factory of a logged-in browser: `log_in()` as a superuser ana, `log_in(user)` as somebody with `PASSWORD`."""

    def enter(user: object | None = None) -> None:
        person = user or get_user_model().objects.create_superuser("ana", password=PASSWORD)
        page.goto("/admin/")
        page.fill("[name=login]", person.get_username())
        page.fill("[name=password]", PASSWORD)
        page.click("button[type=submit]")
        expect(page.locator("#nav-sidebar")).to_be_attached()

    return enter
