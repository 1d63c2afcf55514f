"""docs/api.md names every collection, error code and scope, and its examples work as they stand."""

import json
import re

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model

from community.models import BusinessHours
from gateway.collections import collections
from gateway.errors import DomainError
from gateway.problems import problem_kinds
from gateway.routes import api_routes, known_scopes
from tests.api_clients import client_with

TEXT = (settings.BASE_DIR / "docs" / "api.md").read_text()
APPS = ("gateway", "crm", "community", "metrics", "jobs")
# Where only commands and forms meet these, not the API.
OF_COMMANDS = {
    "unreadable_file", "wrong_options", "unknown_scope", "no_such_key", "unreadable_list", "several_records",
    "answered_meanwhile", "before_question",
}  # fmt: skip


def section(title: str) -> str:
    """Return the text below a heading, up to the next one of the same or a higher level."""
    level = title.split(" ")[0]
    _, _, rest = TEXT.partition(f"\n{title}\n")
    assert rest, f"docs/api.md has no heading '{title}'"
    return re.split(rf"\n#{{1,{len(level)}}} ", rest)[0]


def documented_codes(text: str) -> dict[str, str]:
    """Return the codes in the first column of the tables in `text`, each with the second column."""
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", text, flags=re.MULTILINE)
    return {code: second for codes, second in rows for code in re.findall(r"`([a-z_]+)`", codes)}


def subclasses(of: type) -> set[type]:
    return {one for below in of.__subclasses__() for one in {below} | subclasses(below)}


def test_every_collection_is_documented():
    headings = re.findall(r"^### ([a-z-]+)$", section("## Collections"), flags=re.MULTILINE)

    assert sorted(headings) == sorted(collections.keys())


def test_every_error_code_is_documented_with_its_status():
    documented = documented_codes(section("## Errors").partition("\n### ")[0])

    raised = {one.code: one.status for one in subclasses(DomainError) if one.__module__.split(".")[0] in APPS}
    # What an item is refused for stands in `errors`; the same sentence from another place is a problem of its own.
    in_items = documented_codes(section("### Codes of fields and parameters"))
    expected = {kind.key: kind.status for kind in problem_kinds}
    expected |= {code: status for code, status in raised.items() if code not in in_items and code not in OF_COMMANDS}
    assert {code: int(status) for code, status in documented.items()} == expected


def test_every_code_of_a_field_is_documented():
    patterns = (
        r"""(?:FieldError|\.fail)\(\s*[^,()]+(?:\([^()]*\))?,\s*"([a-z_]+)\"""",
        r"""(?:PydanticCustomError|InputError)\(\s*"([a-z_]+)\"""",
        r"""code="([a-z_]+)\"""",
        r"""^    "[a-z_]+": \(?"([a-z_]+)\"""",
    )
    used = set()
    for app in APPS:
        for file in (settings.BASE_DIR / app).rglob("*.py"):
            if "admin" in file.parts or "migrations" in file.parts or "management" in file.parts:
                continue
            source = file.read_text()
            found = patterns if file.name in ("items.py", "filters.py") else patterns[:2]
            used |= {code for pattern in found for code in re.findall(pattern, source, flags=re.MULTILINE)}

    documented = documented_codes(section("### Codes of fields and parameters"))
    assert len(used) >= 30
    assert used - set(documented) == set()


def test_scopes_beside_those_of_collections_are_documented():
    of_collections = {f"{one.key}:{verb}" for one in collections for verb in ("read", "write")}

    for scope in set(known_scopes()) - of_collections:
        assert f"`{scope}`" in section("## Keys and scopes")


def test_every_address_beside_those_of_collections_is_documented():
    for route in api_routes():
        below = route.path.removeprefix("/api/v1/").replace("<int:pk>", "{id}")
        if below.split("/")[0] not in collections:
            assert below in TEXT, route.path


@pytest.mark.django_db
def test_examples_are_taken_as_they_stand():
    get_user_model().objects.create_user("ana")
    BusinessHours.objects.create(name="Weekdays", time_zone="Europe/Copenhagen")
    client = client_with(*known_scopes())
    sent = 0

    for key in re.findall(r"^### ([a-z-]+)$", section("## Collections"), flags=re.MULTILINE):
        for example in re.findall(r"```json\n(.*?)\n```", section(f"### {key}"), flags=re.DOTALL):
            response = client.post(f"/api/v1/{key}/batch/upsert", {"items": [json.loads(example)]})
            assert response.json()["failed"] == 0, (key, response.json())
            sent += 1

    assert sent == len(collections) + 1  # conversions have two


@pytest.mark.django_db
def test_first_call_works_as_shown():
    client = client_with("contacts:write")
    body = re.search(r"-d '(\{.*?\})'", TEXT)
    assert body

    answers = [client.post("/api/v1/contacts/", json.loads(body[1])) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
