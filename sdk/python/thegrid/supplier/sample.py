"""A value that fits a JSON schema, the plainest there is: for the demo model.

It follows the common words of JSON Schema and ignores the rest.
"""

from typing import Any

_DEPTH_MAX = 32


def sample(schema: Any, text: str = "demo") -> Any:
    """Answer a value that fits `schema`; strings without further rules are `text`."""
    return _sample(schema, schema, text, 0)


def _sample(schema: Any, root: Any, text: str, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEPTH_MAX:
        return None
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if schema.get("enum"):
        return schema["enum"][0]
    if "$ref" in schema:
        return _sample(_resolve(schema["$ref"], root), root, text, depth + 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return _sample(schema[word][0], root, text, depth + 1)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object" or (kind is None and "properties" in schema):
        return _object(schema, root, text, depth)
    if kind == "array":
        return _array(schema, root, text, depth)
    return _scalar(schema, kind, text)


def _scalar(schema: dict[str, Any], kind: Any, text: str) -> Any:
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    if kind == "string":
        return _string(schema, text)
    return False if kind == "boolean" else None


def _object(schema: dict[str, Any], root: Any, text: str, depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: _sample(inner, root, text, depth + 1) for name, inner in properties.items()}


def _array(schema: dict[str, Any], root: Any, text: str, depth: int) -> list[Any]:
    count = min(max(schema.get("minItems", 1), 0), 16)
    return [_sample(schema.get("items", {}), root, text, depth + 1) for _ in range(count)]


def _number(schema: dict[str, Any], *, whole: bool) -> int | float:
    value = schema.get("minimum", 0)
    if "exclusiveMinimum" in schema:
        value = max(value, schema["exclusiveMinimum"] + 1)
    if "maximum" in schema:
        value = min(value, schema["maximum"])
    return int(value) if whole else value


def _string(schema: dict[str, Any], text: str) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(text))
    return text.ljust(least, ".")[: max(most, least)]


def _resolve(reference: Any, root: Any) -> Any:
    """Answer what a reference inside the same schema names; None for any other."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found = root
    for word in reference.removeprefix("#").strip("/").split("/"):
        if word:
            found = found.get(word) if isinstance(found, dict) else None
    return found
