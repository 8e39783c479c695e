"""Checks of JSON values whose refusals read as OpenAI's own, naming the parameter.

Each check says as JSON Schema what it takes, for `/openapi.json`. Which fields a request has is
written in `validation.py` and its neighbours.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from thegrid_gateway.errors import ApiError

Schema = dict[str, Any]
Refuse = Callable[[Any, str], None]
"""Refuses a value of the parameter with the given path by raising ApiError."""

COMPONENT: Final = "x-component"
"""Key of a schema that stands under a name of its own; its value is the schema itself."""


class Check:
    """Refuses what a parameter may not be, and says what it may be."""

    __slots__ = ("refuse", "schema")

    def __init__(self, refuse: Refuse, schema: Schema) -> None:
        self.refuse = refuse
        self.schema = schema

    def __call__(self, value: Any, path: str) -> None:
        """Refuse a value of the parameter with the given path by raising ApiError."""
        self.refuse(value, path)


def described(schema: Schema) -> Callable[[Refuse], Check]:
    """Make a check of a function, with the schema of what it takes."""
    return lambda refuse: Check(refuse, schema)


def component(name: str, check: Check) -> Check:
    """Answer the same check, its schema written once under a name."""
    schema = {"$ref": f"#/components/schemas/{name}", COMPONENT: check.schema}
    return Check(check.refuse, schema)


_TOKEN_MAX: Final = (1 << 31) - 1

_NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    type(None): "null",
}
_WORDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}


def wrong_type(path: str, expected: str, value: Any) -> ApiError:
    """Answer the refusal of a value of the wrong type."""
    got = _NAMES.get(type(value), "another type")
    return ApiError(
        400,
        f"Invalid type for '{path}': expected {expected}, but got {got} instead.",
        param=path,
        code="invalid_type",
    )


def invalid(path: str, message: str, code: str = "invalid_value") -> ApiError:
    """Answer the refusal of a value of the right type."""
    return ApiError(400, message, param=path, code=code)


def missing(path: str) -> ApiError:
    """Answer the refusal of a request without a parameter it needs."""
    message = f"Missing required parameter: '{path}'."
    return ApiError(400, message, param=path, code="missing_required_parameter")


def unknown(path: str) -> ApiError:
    """Answer the refusal of a parameter that there is not."""
    return invalid(path, f"Unknown parameter: '{path}'.", "unknown_parameter")


@described({})
def anything(value: Any, path: str) -> None:
    """Take every value."""


@described({"type": "null"})
def unserved(value: Any, path: str) -> None:
    """Take every value; one that asks for something is refused by name where it would be used."""


@described({"type": "boolean"})
def boolean(value: Any, path: str) -> None:
    """Take true and false."""
    if type(value) is not bool:
        raise wrong_type(path, "a boolean", value)


def text(length_max: int = 1 << 30, length_min: int = 0) -> Check:
    """Take strings within a length in characters."""
    schema: Schema = {"type": "string"}
    if length_min:
        schema["minLength"] = length_min
    if length_max < 1 << 30:
        schema["maxLength"] = length_max

    @described(schema)
    def check(value: Any, path: str) -> None:
        if type(value) is not str:
            raise wrong_type(path, "a string", value)
        if not length_min <= len(value) <= length_max:
            kind = "below_min" if len(value) < length_min else "above_max"
            raise invalid(
                path,
                f"Invalid '{path}': expected a string of {length_min} to {length_max} characters,"
                f" but got one of {len(value)}.",
                f"string_{kind}_length",
            )

    return check


def choice(*words: str) -> Check:
    """Take one of some words."""
    listed = ", ".join(f"'{word}'" for word in words)

    @described({"type": "string", "enum": list(words)})
    def check(value: Any, path: str) -> None:
        if type(value) is not str:
            raise wrong_type(path, f"one of {listed}", value)
        if value not in words:
            raise invalid(path, f"Invalid value: '{value[:64]}'. Supported values are: {listed}.")

    return check


def _in_range(value: float, least: float, most: float, path: str, kind: str) -> None:
    if value < least:
        raise invalid(
            path,
            f"Invalid '{path}': {kind} below minimum value. Expected a value >= {least:g},"
            f" but got {value!r} instead.",
            f"{kind}_below_min_value",
        )
    if value > most:
        raise invalid(
            path,
            f"Invalid '{path}': {kind} above maximum value. Expected a value <= {most:g},"
            f" but got {value!r} instead.",
            f"{kind}_above_max_value",
        )


def integer(least: int = -(1 << 63), most: int = (1 << 63) - 1) -> Check:
    """Take integers within a range."""

    @described({"type": "integer", "minimum": least, "maximum": most})
    def check(value: Any, path: str) -> None:
        if type(value) is not int:
            raise wrong_type(path, "an integer", value)
        _in_range(value, least, most, path, "integer")

    return check


def decimal(least: float, most: float) -> Check:
    """Take numbers within a range."""

    @described({"type": "number", "minimum": least, "maximum": most})
    def check(value: Any, path: str) -> None:
        if type(value) is not float and type(value) is not int:
            raise wrong_type(path, "a decimal", value)
        _in_range(value, least, most, path, "decimal")

    return check


def array(item: Check, most: int, least: int = 0) -> Check:
    """Take arrays of items within a count."""
    refuse = item.refuse

    @described({"type": "array", "items": item.schema, "minItems": least, "maxItems": most})
    def check(value: Any, path: str) -> None:
        if type(value) is not list:
            raise wrong_type(path, "an array", value)
        if not least <= len(value) <= most:
            few = len(value) < least
            raise invalid(
                path,
                f"Invalid '{path}': {'empty array' if few else 'array too long'}. Expected an"
                f" array of {least} to {most} items, but got one of {len(value)}.",
                "empty_array" if few and not value else "array_above_max_length",
            )
        for position, member in enumerate(value):
            refuse(member, f"{path}[{position}]")

    return check


def record(
    fields: Mapping[str, Check], required: Sequence[str] = (), *, closed: bool = False
) -> Check:
    """Take objects whose known keys pass their checks; null stands for an absent key."""
    refusals = {key: field.refuse for key, field in fields.items()}

    @described(_record_schema(fields, required, closed))
    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise wrong_type(path or "body", "an object", value)
        prefix = f"{path}." if path else ""
        for key in required:
            if value.get(key) is None:
                raise missing(prefix + key)
        for key, member in value.items():
            refuse = refusals.get(key)
            if refuse is None:
                if closed:
                    raise unknown(prefix + key)
            elif member is not None:
                refuse(member, prefix + key)

    return check


_GIVEN: Schema = {"not": {"type": "null"}}
"""Anything that is there; null stands for what is not."""


def _record_schema(fields: Mapping[str, Check], required: Sequence[str], closed: bool) -> Schema:
    schema: Schema = {"type": "object"}
    if fields:
        schema["properties"] = {
            key: field.schema or _GIVEN if key in required else nullable(field.schema)
            for key, field in fields.items()
        }
    if required:
        schema["required"] = list(required)
    if closed:
        schema["additionalProperties"] = False
    return schema


def nullable(schema: Schema) -> Schema:
    """Answer the schema of the same values and null."""
    kind = schema.get("type")
    if not schema or kind == "null":
        return schema
    if not isinstance(kind, str):
        return {"anyOf": [schema, {"type": "null"}]}
    more = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [kind, "null"], **more}


def mapping(value: Check, most: int, key: Check | None = None) -> Check:
    """Take objects of any keys, within a count, whose values pass a check."""
    schema: Schema = {
        "type": "object",
        "additionalProperties": value.schema,
        "maxProperties": most,
    }
    if key is not None:
        schema["propertyNames"] = key.schema

    @described(schema)
    def check(given: Any, path: str) -> None:
        if type(given) is not dict:
            raise wrong_type(path, "an object", given)
        if len(given) > most:
            raise invalid(
                path,
                f"Invalid '{path}': at most {most} pairs, but got {len(given)}.",
                "object_above_max_properties",
            )
        for name, member in given.items():
            if key is not None:
                key.refuse(name, f"{path}.{name}")
            value.refuse(member, f"{path}.{name}")

    return check


def either(expected: str, checks: Mapping[type, Check]) -> Check:
    """Take values of several types, each with its own check."""
    kinds = [{"type": _WORDS[kind], **check.schema} for kind, check in checks.items()]

    @described({"anyOf": kinds})
    def check(value: Any, path: str) -> None:
        chosen = checks.get(type(value))
        if chosen is None:
            raise wrong_type(path, expected, value)
        chosen.refuse(value, path)

    return check


def _are_tokens(values: list[Any], most: int) -> bool:
    return (
        0 < len(values) <= most
        and {*map(type, values)} == {int}
        and min(values) >= 0
        and max(values) <= _TOKEN_MAX
    )


def texts_or_tokens(one: Check, items_max: int, tokens_max: int) -> Check:
    """Take a text, a list of texts, a list of tokens, or a list of such lists; none is empty.

    A list holds one kind of things: that of its first one.
    """
    slowly = array(integer(0, _TOKEN_MAX), tokens_max, 1)

    @described(slowly.schema)
    def tokens(value: Any, path: str) -> None:
        # There may be a million of them; the slow check is for naming the one at fault.
        if type(value) is not list or not _are_tokens(value, tokens_max):
            slowly.refuse(value, path)

    lists = {str: array(one, items_max, 1), int: tokens, list: array(tokens, items_max, 1)}

    @described({"anyOf": [one.schema, *(check.schema for check in lists.values())]})
    def check(value: Any, path: str) -> None:
        if type(value) is str:
            one.refuse(value, path)
        elif type(value) is list:
            kind = type(value[0]) if value else str
            if kind not in lists:
                raise wrong_type(f"{path}[0]", "a string, a token, or an array of tokens", value[0])
            lists[kind].refuse(value, path)
        else:
            expected = "a string, or an array of strings, of tokens, or of arrays of tokens"
            raise wrong_type(path, expected, value)

    return check


def by_type(kinds: Mapping[str, Check], default: str = "") -> Check:
    """Take objects by the check of their `type`.

    A type that is not among `kinds` passes: whoever is to make something of it refuses it by name.
    """
    typed = record({"type": text(64, 1)}, () if default else ("type",))

    @described(_kinds_schema("type", kinds, default))
    def check(value: Any, path: str) -> None:
        typed.refuse(value, path)
        known = kinds.get(value.get("type") or default)
        if known is not None:
            known.refuse(value, path)

    return check


def by_word(key: str, kinds: Mapping[str, Check]) -> Check:
    """Take objects by the check of the word under `key`, which must be among `kinds`."""
    word = record({key: choice(*kinds)}, (key,))

    @described(_kinds_schema(key, kinds))
    def check(value: Any, path: str) -> None:
        word.refuse(value, path)
        kinds[value[key]].refuse(value, path)

    return check


def _kinds_schema(key: str, kinds: Mapping[str, Check], default: str = "") -> Schema:
    def one(word: str, schema: Schema) -> Schema:
        words: Schema = {"enum": [word, None] if word == default else [word]}
        required = list(schema.get("required", ()))
        if word != default and key not in required:
            required.insert(0, key)
        return {
            **schema,
            "properties": {key: words, **_without(schema.get("properties", {}), key)},
            **({"required": required} if required else {}),
        }

    return {"anyOf": [one(word, check.schema) for word, check in kinds.items()]}


def _without(properties: Schema, key: str) -> Schema:
    return {name: schema for name, schema in properties.items() if name != key}
