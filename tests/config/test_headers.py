"""What browsers are told with every page, and that no page needs more than that."""

import re
from pathlib import Path

import pytest
import unfold
from django.conf import settings as kith
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from config.headers import BrowserRules
from gateway.models import ApiKey
from tests.api_clients import client_of
from tests.factories.community import UserFactory

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
EVERYWHERE = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# What runs in a page itself: a script without an address, a handler in an attribute, an address that is a script.
IN_PAGE = re.compile(
    r"<script(?![^>]*(\ssrc=|type=\"application/(ld\+)?json\"))[^>]*>|\son[a-z]+=[\"']|[\"'=]javascript:", re.IGNORECASE
)


def headers_of(client: Client, address: str) -> dict[str, str]:
    response = client.get(address)
    return {name: response.headers.get(name, "") for name in EVERYWHERE}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["admin:index", "admin:crm_contact_changelist", "account_login", "api-docs", "mfa_index"]
)
def test_every_page_tells_the_browser_its_rules(name: str):
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    assert headers_of(client, reverse(name)) == EVERYWHERE


@pytest.mark.django_db
def test_so_do_pages_that_are_not_there_and_pages_of_strangers(client: Client):
    assert headers_of(client, "/nowhere/") == EVERYWHERE
    assert headers_of(client, reverse("account_login")) == EVERYWHERE
    assert headers_of(client, reverse("admin:index"))["Content-Security-Policy"] == POLICY


@pytest.mark.django_db
def test_the_api_keeps_its_stricter_rules():
    _, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])

    response = client_of(token).get("/api/v1/jobs/")

    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response.headers["Permissions-Policy"] == EVERYWHERE["Permissions-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["mfa_index", "account_login", "openapi", "admin:crm_contact_find"])
def test_no_page_stays_on_a_disk(name: str):
    """Recovery codes are on some, which whoever sits at the computer next would find."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    assert "no-store" in client.get(reverse(name)).headers["Cache-Control"]
    assert "no-store" in client_of("").get("/api/v1/jobs/").headers["Cache-Control"]


def test_what_says_itself_how_long_it_may_be_kept_does(rf: RequestFactory):
    """WhiteNoise does of static files."""
    file = HttpResponse(headers={"Cache-Control": "max-age=60, public"})

    assert BrowserRules(lambda request: file)(rf.get("/")).headers["Cache-Control"] == "max-age=60, public"


def templates_in_use() -> list[Path]:
    """Return our templates, and those of the packages whose pages are shown."""
    apps = ("config", "metrics", "community", "crm", "jobs", "gateway")
    ours = [file for app in apps for file in (kith.BASE_DIR / app).rglob("*.html")]
    theirs = (Path(unfold.__file__).parent / "templates").rglob("*.html")
    return [*ours, *(file for file in theirs if "unfold_crispy" not in file.parts)]


def test_no_template_holds_a_script_that_browsers_would_refuse():
    files = templates_in_use()
    assert len(files) > 100

    found = {str(file): match.group() for file in files if (match := IN_PAGE.search(file.read_text(encoding="utf-8")))}

    assert found == {}


@pytest.mark.parametrize(
    "text", ["<script>go()</script>", '<a onclick="go()">', "<a href='javascript:go()'>", '<script type="module">']
)
def test_such_scripts_are_found(text: str):
    assert IN_PAGE.search(text)


@pytest.mark.parametrize("text", ['<script src="a.js" defer></script>', '<script type="application/json">{}</script>'])
def test_scripts_of_our_own_files_and_data_are_none(text: str):
    assert IN_PAGE.search(text) is None
