"""Names of models that stand for instruments, by the operator's own table.

The first pattern that fits wins; a name that fits none is an instrument's.
"""

import fnmatch
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from thegrid_gateway.config import Config, ConfigError

_WILD = "*?["
_REMEMBERED = 1_024


class Alias(NamedTuple):
    """One line of the table: a name, or a pattern with `*`, `?` and `[…]`, and an instrument."""

    pattern: str
    instrument: str

    @property
    def is_name(self) -> bool:
        """Whether it is one name and no pattern."""
        return not any(sign in self.pattern for sign in _WILD)


class Aliases:
    """The table, in its order."""

    def __init__(self, table: tuple[Alias, ...] = ()) -> None:
        self.table = table
        self.instrument = lru_cache(_REMEMBERED)(self._instrument) if table else _itself
        """Answers the instrument that a model's name stands for."""

    def names(self) -> Iterator[Alias]:
        """Yield the lines that are whole names, which a list of models can show."""
        return (alias for alias in self.table if alias.is_name)

    def of(self, instrument: str) -> list[str]:
        """Answer the names and patterns that stand for an instrument."""
        return [alias.pattern for alias in self.table if alias.instrument == instrument]

    def _instrument(self, model: str) -> str:
        for alias in self.table:
            if fnmatch.fnmatchcase(model, alias.pattern):
                return alias.instrument
        return model


def _itself(model: str) -> str:
    return model


def load_aliases(config: Config) -> Aliases:
    """Answer the table of the settings. Raises ConfigError naming what is wrong with it."""
    text = config.model_aliases.replace(",", "\n")
    if config.model_aliases_file:
        try:
            text += "\n" + Path(config.model_aliases_file).read_text(encoding="utf-8")
        except OSError as problem:
            raise ConfigError(
                "GRID_GATEWAY_MODEL_ALIASES_FILE: cannot read"
                f" {config.model_aliases_file} ({problem.strerror})"
            ) from None
    return Aliases(tuple(_lines(text)))


def _lines(text: str) -> Iterator[Alias]:
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        pattern, sign, instrument = (part.strip() for part in line.partition("="))
        if not (pattern and sign and instrument):
            raise ConfigError(
                f"GRID_GATEWAY_MODEL_ALIASES: {line!r} is no alias; write pattern=instrument,"
                " such as claude-*=text-prime"
            )
        yield Alias(pattern, instrument)
