"""The served document: whole, true to the routing, and true to the checks that refuse requests."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.gateway import RunningGateway
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError
from thegrid_gateway.fields import COMPONENT
from thegrid_gateway.openapi import document
from thegrid_gateway.routes import Operation, operations

OPERATIONS = operations(Config(key="k"))
DOCUMENT = document(OPERATIONS)
SCHEMAS = DOCUMENT["components"]["schemas"]
WITH_BODY = [each for each in OPERATIONS if each.body is not None]


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from walk(inner)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    return schema


async def test_it_is_served_to_anybody(gateway: RunningGateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.origin) as http:
        served = await http.get("/openapi.json")
    assert served.headers["content-type"] == "application/json"
    assert served.json() == DOCUMENT


async def test_every_operation_is_served_and_asks_for_a_key_as_it_says(
    gateway: RunningGateway,
) -> None:
    async with httpx.AsyncClient(base_url=gateway.origin) as http:
        for operation in OPERATIONS:
            if operation.key == "optional":
                continue
            path = operation.path.replace("{", "").replace("}", "")
            answer = await http.request(operation.method, path)
            assert answer.status_code == (401 if operation.key == "required" else 200)
            said = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
            content_type = answer.headers["content-type"].partition(";")[0]
            assert content_type in said[str(answer.status_code)]["content"]


def test_every_reference_leads_somewhere() -> None:
    names = {each["$ref"].rpartition("/")[2] for each in walk(DOCUMENT) if "$ref" in each}
    assert names == set(SCHEMAS)
    assert not any(COMPONENT in each for each in walk(DOCUMENT))


def test_names_of_operations_are_unique() -> None:
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS)


def least(schema: dict[str, Any]) -> Any:
    """Answer a small value of a schema."""
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema and "properties" not in schema:
        return least({**schema["anyOf"][0]})
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: least(properties[name]) for name in schema.get("required", ())}
    if kind == "array":
        return [least(schema["items"]) for _ in range(schema["minItems"])]
    numbers = {"integer": 1, "number": 0, "boolean": True, "null": None}
    return numbers.get(kind, "x" * max(1, schema.get("minLength", 0)))


def said_by(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: resolved(each) for name, each in resolved(schema)["properties"].items()}


def refusal(operation: Operation, body: Any) -> ApiError | None:
    assert operation.body is not None
    try:
        operation.body(body, "")
    except ApiError as refused:
        return refused
    return None


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda each: each.name)
def test_what_it_says_of_bodies_is_what_is_checked(operation: Operation) -> None:
    assert operation.body is not None
    whole = resolved(operation.body.schema)
    body = least(whole)
    if "input" in whole["properties"]:
        body["input"] = "hi"
    assert refusal(operation, body) is None
    for name in whole["required"]:
        refused = refusal(operation, {key: body[key] for key in body if key != name})
        assert refused is not None
        assert (refused.param, refused.code) == (name, "missing_required_parameter")
    tried = 0
    for name, schema in said_by(whole).items():
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        for kind in {"string", "integer", "array", "object", "boolean"} - {*kinds}:
            if not kinds or (kind == "integer" and "number" in kinds) or kinds == ["null"]:
                continue
            strange: Any = {"string": "x", "integer": 1, "array": [], "object": {}, "boolean": True}
            refused = refusal(operation, {**body, name: strange[kind]})
            assert refused is not None, (name, kind)
            assert refused.param == name
            tried += 1
        tried += beyond(operation, body, name, schema)
    assert tried > 2 * len(whole["properties"])
    if whole.get("additionalProperties") is False:
        refused = refusal(operation, {**body, "no_such_field": 1})
        assert refused is not None
        assert refused.code == "unknown_parameter"


def beyond(operation: Operation, body: Any, name: str, schema: dict[str, Any]) -> int:
    """Try the ends of a field's range and what lies just beyond; answers how many were tried."""
    tried = 0
    for word, step in (("minimum", -1), ("maximum", 1)):
        if word in schema:
            refused = refusal(operation, {**body, name: schema[word] + step})
            assert refused is not None, (name, word)
            assert refused.param == name
            fine = refusal(operation, {**body, name: schema[word]})
            # At the end itself only what stands beside it may be missing.
            assert fine is None or "combination" in str(fine.code)
            tried += 1
    if "maxLength" in schema:
        assert refusal(operation, {**body, name: "x" * (schema["maxLength"] + 1)}) is not None
        assert refusal(operation, {**body, name: "x" * schema["maxLength"]}) is None
        tried += 1
    return tried


def test_the_comparison_notices_a_check_that_takes_more_than_it_says() -> None:
    operation = next(each for each in WITH_BODY if each.name == "createChatCompletion")
    schema = said_by(resolved(operation.body.schema))["n"]  # type: ignore[union-attr]
    body = least(resolved(operation.body.schema))  # type: ignore[union-attr]
    with pytest.raises(AssertionError):
        beyond(operation, body, "n", {**schema, "maximum": 64})


async def test_what_it_says_of_queries_is_what_is_checked(http: httpx.AsyncClient) -> None:
    tried = 0
    for operation in OPERATIONS:
        if not operation.closed_query:
            continue
        said = DOCUMENT["paths"][operation.path]["get"]["parameters"]
        for parameter in said:
            schema = parameter["schema"]
            bad = {"integer": "x", "boolean": "x", "array": "x"}.get(schema["type"])
            if "enum" in schema or "pattern" in schema:
                bad = "no such word"
            if bad is None and "maxLength" in schema:
                bad = "x" * (schema["maxLength"] + 1)
            path = operation.path.removeprefix("/v1")
            answer = await http.get(path, params={parameter["name"]: bad})
            assert answer.status_code == 400, parameter
            assert answer.json()["error"]["param"].startswith(parameter["name"])
            tried += 1
    assert tried > 15
