"""Arguments as people write them: dollars, and values of the contract's enums.
How the answers look stands in `output`.
"""

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


DOLLARS = Dollars()
UNITS = click.IntRange(min=1)


def choice(wrapper: Any) -> click.Choice[str]:
    """Return a choice of an enum's short names, the unset one left out."""
    zero = wrapper.DESCRIPTOR.values_by_number[0].name
    prefix = zero.removesuffix("UNSPECIFIED")
    names = [value.name.removeprefix(prefix).lower() for value in wrapper.DESCRIPTOR.values[1:]]
    return click.Choice(names, case_sensitive=False)
