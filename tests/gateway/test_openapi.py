"""openapi.yaml equals the code and is valid."""

import io
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from gateway.routes import api_routes


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
