"""Enum values of the contract by their short names: `"buy"` for `SIDE_BUY`, and back.
Numbers pass through, so that a value of a later version survives.
"""

from typing import Any

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from thegrid.v1 import market_data_pb2


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


INTERVALS = {
    "1m": market_data_pb2.CANDLE_INTERVAL_ONE_MINUTE,
    "5m": market_data_pb2.CANDLE_INTERVAL_FIVE_MINUTES,
    "15m": market_data_pb2.CANDLE_INTERVAL_FIFTEEN_MINUTES,
    "1h": market_data_pb2.CANDLE_INTERVAL_ONE_HOUR,
    "4h": market_data_pb2.CANDLE_INTERVAL_FOUR_HOURS,
    "1d": market_data_pb2.CANDLE_INTERVAL_ONE_DAY,
}
"""Lengths of candles by the names that charts use."""


def candle_interval(value: int | str) -> int:
    """Return the number of a length of candles, given as in `INTERVALS` or as the enum's value."""
    if isinstance(value, str) and value.strip() in INTERVALS:
        return INTERVALS[value.strip()]
    try:
        return enum_number(market_data_pb2.CandleInterval, value, "interval")
    except ValueError:
        choices = ", ".join(INTERVALS)
        raise ValueError(f"interval: {value!r} is not known; use one of {choices}") from None


def short_name(wrapper: Any, number: int) -> str:
    """Return the short lower-case name of a value; of an unknown one, its number as text."""
    enum: EnumTypeWrapper = wrapper
    described = enum.DESCRIPTOR.values_by_number.get(number)
    if described is None:
        return str(number)
    zero: str = enum.DESCRIPTOR.values_by_number[0].name
    prefix = zero.removesuffix("UNSPECIFIED")
    return str(described.name.removeprefix(prefix)).lower()
