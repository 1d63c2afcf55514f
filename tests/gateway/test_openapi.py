"""openapi.yaml equals the code and is valid."""

import io
from typing import Any

import pydantic
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from drf_spectacular.plumbing import ComponentRegistry

from gateway.routes import api_routes
from gateway.schema import ApiSchema
from tests.factories.community import UserFactory


@pytest.fixture(scope="module")
def generated() -> str:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def document(generated: str) -> dict[str, Any]:
    return yaml.load(generated, Loader=yaml.CSafeLoader)


def test_file_equals_the_code(generated):
    committed = (settings.BASE_DIR / "openapi.yaml").read_text()

    assert committed.strip() == generated.strip(), "openapi.yaml differs from the code: run `make openapi`"


@pytest.mark.django_db
def test_document_is_made_once_for_whoever_reads_it(client, monkeypatch, document):
    client.force_login(UserFactory())

    def read(**query):
        return client.get("/api/openapi.yaml", {"format": "json", **query}).json()

    first = read()
    monkeypatch.setattr(ApiSchema, "get_operation", lambda *_: 1 / 0)

    assert first == read() == document
    with pytest.raises(ZeroDivisionError):
        read(version="7")


def test_every_operation_is_described(document):
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {
        (method, route.path.replace("<int:pk>", "{id}")) for route in api_routes() for method in route.view.operations
    }
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_requests_are_described_by_the_items(document):
    body = document["paths"]["/api/v1/contacts/"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ContactItem"}
    item = document["components"]["schemas"]["ContactItem"]
    assert item["required"] == ["source", "external_id"]
    assert item["additionalProperties"] is False


def test_items_have_no_defaults_that_a_generated_client_would_send(document):
    """By JSON Schema a default may be sent for what is absent; here null clears, and false takes back."""
    schemas = document["components"]["schemas"]
    items = [name for name in schemas if name.endswith(("Item", "ItemChanges"))]
    assert len(items) == 31  # fifteen collections, and the consents of a contact

    sent = [
        (name, field)
        for name in [*items, "Ref", "Helper"]
        for field, shape in schemas[name]["properties"].items()
        if "default" in shape
    ]

    assert sent == []
    contact = schemas["ContactItem"]["properties"]
    assert contact["stage"]["description"] == 'Absent: stays as it is; a new record begins with "lead".'
    assert "description" not in schemas["ContactItemChanges"]["properties"]["email"]
    assert schemas["ReasonBody"]["properties"]["reason"]["default"] == ""


def test_amounts_are_described_as_they_are_taken(document):
    """A fraction is taken as text alone, so no type made from the document holds a binary one."""
    assert document["components"]["schemas"]["ConversionItem"]["properties"]["amount"]["anyOf"] == [
        {"type": "string", "pattern": r"^[+-]?[0-9]{1,15}(\.[0-9]{1,15})?$"},
        {"type": "integer"},
    ]


def test_outcomes_of_a_batch_are_named(document):
    assert document["components"]["schemas"]["ItemAnswer"]["properties"]["status"]["enum"] == [
        "created", "updated", "unchanged", "superseded", "failed"
    ]  # fmt: skip


def test_two_shapes_of_one_name_are_refused():
    schema = ApiSchema()
    schema.registry = ComponentRegistry()
    twins = pydantic.create_model("Twin", one=(int, ...)), pydantic.create_model("Twin", other=(int, ...))

    assert schema._schema(twins[0]) == schema._schema(twins[0]) == {"$ref": "#/components/schemas/Twin"}
    with pytest.raises(TypeError, match="'Twin'"):
        schema._schema(twins[1])


def test_tables_of_panels_and_of_previews_are_described_alike(document):
    schemas = document["components"]["schemas"]
    assert schemas["TableRecord"]["properties"]["rows"]["items"] == {"$ref": "#/components/schemas/RowRecord"}
    for shown in ("OverviewRecord", "PreviewRecord"):
        lists = schemas[shown]["properties"].values()
        assert {"$ref": "#/components/schemas/PanelRecord"} in [entry.get("items") for entry in lists]
