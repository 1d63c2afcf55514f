"""OpenAPI from the operations that views declare: what is checked and what is documented is the same thing."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Literal

import pydantic
from django.http import HttpRequest
from django.utils.translation import get_language
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from gateway.operations import Operation, Parameter
from gateway.routes import API_PREFIX
from gateway.views import ApiView

REF_TEMPLATE = "#/components/schemas/{model}"
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
Mode = Literal["validation", "serialization"]
Schema = dict[str, Any]


class ProblemError(pydantic.BaseModel):
    """One thing that is wrong with the input: `field` is a place in the body, `parameter` a query parameter."""

    field: str = ""
    parameter: str = ""
    code: str
    message: str


class Problem(pydantic.BaseModel):
    """What went wrong, by RFC 9457. `code` is stable; a few kinds of problem have further members."""

    model_config = pydantic.ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemError] = []


class BearerKeyScheme(OpenApiAuthenticationExtension):
    target_class = "gateway.authentication.BearerKey"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, made by `manage.py create_api_key`. Keys hold scopes such as `contacts:read`.",
        }


class ApiEndpoints(EndpointEnumerator):
    """Finds views as the URL configuration sets them up: the resource of a view decides what it answers."""

    def get_allowed_methods(self, callback: Any) -> list[str]:
        return list(callback.cls(**callback.initkwargs).operations)

    def should_include_endpoint(self, path: str, callback: Any) -> bool:
        return path.startswith(API_PREFIX) and super().should_include_endpoint(path, callback)


class ApiGenerator(SchemaGenerator):
    endpoint_inspector_cls = ApiEndpoints

    def get_schema(self, request: HttpRequest | None = None, public: bool = False) -> Schema:
        """Return the document. For a request it is made once in a process: it tells of the code, whoever asks."""
        if request is None or not public:
            return super().get_schema(request, public)
        return _served(self.api_version or getattr(request, "version", None), get_language())


@lru_cache(maxsize=4)  # versions and languages are whatever an address says
def _served(version: str | None, language: str) -> Schema:
    return ApiGenerator(api_version=version).get_schema(public=True)


class ApiSchema(AutoSchema):
    """Describes one operation from its declaration."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema:
        self.registry, self.path, self.path_regex, self.path_prefix = registry, path, path_regex, path_prefix
        self.method = method
        view: ApiView = self.view  # type: ignore[assignment]
        operation = view.operations[method]
        below = path.removeprefix(API_PREFIX).strip("/")
        described: Schema = {
            "operationId": re.sub(r"\W+", "_", f"{method.lower()}_{below}").rstrip("_"),
            "summary": operation.summary,
            "description": f"{operation.description}\n\nScope: `{operation.scope}`".strip(),
            "tags": [below.split("/")[0]],
            "security": self.get_auth(),
            "responses": self._responses(operation),
        }
        parameters = [*self._path_parameters(), *self._query_parameters(operation)]
        if parameters:
            described["parameters"] = parameters
        if operation.body is not None:
            schema = self._schema(operation.body, "validation")
            described["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
        return described

    def _path_parameters(self) -> list[Schema]:
        if "{id}" not in self.path:
            return []
        return [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}]

    def _query_parameters(self, operation: Operation) -> list[Schema]:
        described = {parameter.name: parameter for parameter in _parameters_of(operation.query)}
        described |= {parameter.name: parameter for parameter in operation.parameters}
        return [
            {"name": entry.name, "in": "query", "schema": dict(entry.schema)}
            | ({"description": entry.description} if entry.description else {})
            for entry in described.values()
        ]

    def _responses(self, operation: Operation) -> Schema:
        problem = {"description": "A problem document", "content": {PROBLEM_JSON: {"schema": self._schema(Problem)}}}
        responses: Schema = {}
        for status, model in operation.answers.items():
            responses[str(status)] = {"description": _DESCRIPTIONS[status]}
            if model is not None:
                responses[str(status)]["content"] = {JSON: {"schema": self._schema(model)}}
        responses["429"] = {"$ref": self._too_many(problem)}
        if "{id}" in self.path:
            responses["308"] = {"description": "The record was merged into the one at Location"}
        return {**responses, "4XX": problem, "5XX": problem}

    def _too_many(self, problem: Schema) -> str:
        """Return the reference to the answer that every operation shares: the key asked too often."""
        waiting = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}
        self.registry.register_on_missing(
            ResolvedComponent(
                name="RateLimited",
                type=ResolvedComponent.RESPONSE,
                object="RateLimited",
                schema={**problem, "description": "The key asked too often", "headers": {"Retry-After": waiting}},
            )
        )
        return "#/components/responses/RateLimited"

    def _schema(self, model: Any, mode: Mode = "serialization") -> Schema:
        schema, parts = _json_schema(model, mode)
        for name, part in {**parts, model.__name__: schema}.items():
            component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, object=name, schema=part)
            self.registry.register_on_missing(component)
            if self.registry[component].schema != part:
                raise TypeError(f"Two shapes of the API are called '{name}': the document can hold one. Rename either.")
        return {"$ref": REF_TEMPLATE.format(model=model.__name__)}


_DESCRIPTIONS = {200: "Done", 201: "Created", 202: "Accepted", 204: "Removed"}


def _parameters_of(query: type[pydantic.BaseModel] | None) -> list[Parameter]:
    if query is None:
        return []
    properties: Mapping[str, Schema] = _json_schema(query, "validation")[0]["properties"]
    return [
        Parameter(name, _without_null(schema), str(schema.get("description", "")))
        for name, schema in properties.items()
    ]


def _without_null(schema: Schema) -> Schema:
    """Drop what is said elsewhere, and the null of an optional parameter: a query cannot hold one."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "description")}
    choices = [choice for choice in kept.pop("anyOf", []) if choice != {"type": "null"}]
    if kept.get("default", ...) is None:
        del kept["default"]
    return {**kept, **(choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {})}


@cache
def _json_schema(model: Any, mode: Mode) -> tuple[Schema, dict[str, Schema]]:
    schema = pydantic.TypeAdapter(model).json_schema(ref_template=REF_TEMPLATE, mode=mode)
    return schema, schema.pop("$defs", {})
