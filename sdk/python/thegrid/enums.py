"""Enum values of the contract by their short names: `"buy"` for `SIDE_BUY`, and back.
Numbers pass through, so that a value of a later version survives.
"""

from typing import Any

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper


def enum_number(wrapper: Any, value: int | str, field: str) -> int:
    """Return the number of an enum value given as number, full name or short name in any case.

    Raises ValueError that names the field and lists what may be written.
    """
    if isinstance(value, int):
        return value
    enum: EnumTypeWrapper = wrapper
    names = {short_name(enum, number): number for number in enum.values()}
    wanted = value.strip().lower().replace("-", "_")
    if wanted in names:
        return names[wanted]
    if value in enum.keys():  # noqa: SIM118 the wrapper is no mapping
        return int(enum.Value(value))
    choices = ", ".join(name for name, number in names.items() if number)
    raise ValueError(f"{field}: {value!r} is not known; use one of {choices}")


def short_name(wrapper: Any, number: int) -> str:
    """Return the short lower-case name of a value; of an unknown one, its number as text."""
    enum: EnumTypeWrapper = wrapper
    described = enum.DESCRIPTOR.values_by_number.get(number)
    if described is None:
        return str(number)
    zero: str = enum.DESCRIPTOR.values_by_number[0].name
    prefix = zero.removesuffix("UNSPECIFIED")
    return str(described.name.removeprefix(prefix)).lower()
