"""Arguments as people write them: dollars, instants, and values of the contract's enums.
How the answers look stands in `output`.
"""

from datetime import UTC, datetime
from typing import Any

import click

from thegrid.money import micros


class Dollars(click.ParamType[int]):
    """A decimal amount of dollars, handed on in micro-dollars."""

    name = "dollars"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            return micros(value)
        except ValueError as problem:
            self.fail(str(problem), param, context)


class Instant(click.ParamType[datetime]):
    """An instant in ISO 8601, a day or a time; UTC unless it says otherwise."""

    name = "instant"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            told = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r}: write 2026-01-31 or 2026-01-31T12:00:00Z", param, context)
        return told if told.tzinfo else told.replace(tzinfo=UTC)


DOLLARS = Dollars()
INSTANT = Instant()
UNITS = click.IntRange(min=1)


def choice(wrapper: Any) -> click.Choice[str]:
    """Return a choice of an enum's short names, the unset one left out."""
    zero = wrapper.DESCRIPTOR.values_by_number[0].name
    prefix = zero.removesuffix("UNSPECIFIED")
    names = [value.name.removeprefix(prefix).lower() for value in wrapper.DESCRIPTOR.values[1:]]
    return click.Choice(names, case_sensitive=False)
