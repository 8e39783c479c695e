"""`/openapi.json`: the document of everything that the gateway serves, made of `routes.py`.

No field is described here; the checks that refuse a request say what they take.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from thegrid_gateway.answer_schemas import ERROR, MESSAGES_ERROR, STATUS, STRING
from thegrid_gateway.errors import REASONS
from thegrid_gateway.fields import COMPONENT, Schema
from thegrid_gateway.routes import JSON, Operation

_PARAMETER = re.compile(r"\{(\w+)\}")
_ITS_OWN: Final = (400, 401, 404, 408, 409, 413, 431, 500, 503)
"""Statuses with which the gateway itself refuses."""

_SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"key": []}]
_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of the exchange."},
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
_HEADERS: Final = {
    "x-request-id": {
        "description": "The client's own where it is valid, else a fresh one.",
        "schema": STRING,
    }
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Answer the document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    components: dict[str, Schema] = {}
    written = _hoisted(paths, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The Grid",
            "version": version("thegrid"),
            "summary": "OpenAI's and Anthropic's APIs in front of the exchange.",
        },
        "paths": written,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": _SCHEMES,
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary}
    if operation.key == "required":
        said["security"] = _SECURITY
    elif operation.key == "optional":
        said["security"] = [{}, *_SECURITY]
    parameters = [*_path_parameters(operation), *_query(operation)]
    if operation.body is not None:
        content = {JSON: {"schema": operation.body.schema}}
        said["requestBody"] = {"required": True, "content": content}
        parameters += _body_headers(operation)
    if parameters:
        said["parameters"] = parameters
    said["responses"] = _responses(operation)
    return said


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(operation.path)
    ]


def _query(operation: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    for name, check in operation.query.items():
        parameter = {"name": name, "in": "query", "required": False, "schema": check.schema}
        if check.schema["type"] == "array":
            parameter |= {"style": "form", "explode": False}
        parameters.append(parameter)
    return parameters


def _body_headers(operation: Operation) -> list[dict[str, Any]]:
    if not (operation.streams or operation.is_call):
        return []
    return [
        {
            "name": "idempotency-key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 256},
            "description": "A repeat with the same key never runs or bills twice.",
        }
    ]


def _responses(operation: Operation) -> dict[str, Any]:
    content = {operation.content_type: {"schema": operation.answer}}
    if operation.streams:
        content["text/event-stream"] = {"schema": STRING}
    good = {"description": operation.summary, "content": content}
    if operation.key == "none":
        answers = {"200": good}
        for status in operation.statuses:
            answers[str(status)] = _response(status, STATUS)
        return answers
    error = MESSAGES_ERROR if operation.is_messages else ERROR
    answers = {"200": {**good, "headers": _HEADERS}}
    for status in _error_statuses(operation):
        answers[str(status)] = {**_response(status, error), "headers": _HEADERS}
    return answers


def _error_statuses(operation: Operation) -> list[int]:
    rows = REASONS.values()
    if operation.is_messages:
        theirs = {row.messages_status or row.status for row in rows}
    else:
        theirs = {row.status for row in rows}
    return sorted({*theirs, *_ITS_OWN, *operation.statuses})


def _response(status: int, schema: Schema) -> dict[str, Any]:
    known = status in HTTPStatus.__members__.values()
    words = HTTPStatus(status).phrase if known else "Overloaded"
    return {"description": words, "content": {JSON: {"schema": schema}}}


def _hoisted(value: Any, components: dict[str, Schema]) -> Any:
    """Answer a value whose named schemas stand among the components instead."""
    if isinstance(value, list):
        return [_hoisted(item, components) for item in value]
    if not isinstance(value, dict):
        return value
    if COMPONENT in value:
        name = value["$ref"].rpartition("/")[2]
        if name not in components:
            components[name] = {}
            components[name] = _hoisted(value[COMPONENT], components)
    return {key: _hoisted(item, components) for key, item in value.items() if key != COMPONENT}
