"""Checks of JSON values whose refusals read as OpenAI's own, naming the parameter.

Which fields a chat completion has is written in `validation.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from thegrid_gateway.errors import ApiError

Check = Callable[[Any, str], None]
"""Refuses a value of the parameter with the given path by raising ApiError."""

_NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    type(None): "null",
}


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


def anything(value: Any, path: str) -> None:
    """Take every value."""


def boolean(value: Any, path: str) -> None:
    """Take true and false."""
    if type(value) is not bool:
        raise wrong_type(path, "a boolean", value)


def text(length_max: int = 1 << 30, length_min: int = 0) -> Check:
    """Take strings within a length in characters."""

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

    def check(value: Any, path: str) -> None:
        if type(value) is not int:
            raise wrong_type(path, "an integer", value)
        _in_range(value, least, most, path, "integer")

    return check


def decimal(least: float, most: float) -> Check:
    """Take numbers within a range."""

    def check(value: Any, path: str) -> None:
        if type(value) is not float and type(value) is not int:
            raise wrong_type(path, "a decimal", value)
        _in_range(value, least, most, path, "decimal")

    return check


def array(item: Check, most: int, least: int = 0) -> Check:
    """Take arrays of items within a count."""

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
            item(member, f"{path}[{position}]")

    return check


def record(
    fields: Mapping[str, Check], required: Sequence[str] = (), *, closed: bool = False
) -> Check:
    """Take objects whose known keys pass their checks; null stands for an absent key."""

    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise wrong_type(path or "body", "an object", value)
        prefix = f"{path}." if path else ""
        for key in required:
            if value.get(key) is None:
                raise missing(prefix + key)
        for key, member in value.items():
            known = fields.get(key)
            if known is None:
                if closed:
                    raise invalid(
                        prefix + key, f"Unknown parameter: '{prefix}{key}'.", "unknown_parameter"
                    )
            elif member is not None:
                known(member, prefix + key)

    return check


def either(expected: str, checks: Mapping[type, Check]) -> Check:
    """Take values of several types, each with its own check."""

    def check(value: Any, path: str) -> None:
        chosen = checks.get(type(value))
        if chosen is None:
            raise wrong_type(path, expected, value)
        chosen(value, path)

    return check


def by_type(kinds: Mapping[str, Check], default: str = "") -> Check:
    """Take objects by the check of their `type`; a type that is not among `kinds` passes."""
    typed = record({"type": text(64, 1)}, () if default else ("type",))

    def check(value: Any, path: str) -> None:
        typed(value, path)
        known = kinds.get(value.get("type") or default)
        if known is not None:
            known(value, path)

    return check


def page_limit(text: str, most: int) -> int:
    """Answer the `limit` of a page. Raises ApiError."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise invalid("limit", f"Invalid 'limit': expected 1 to {most}.")
    return int(text)
