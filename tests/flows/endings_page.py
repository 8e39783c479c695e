"""server/endings.md: the table of endings as a page for readers, made of `endings.toml`.
`python -m tests.flows.endings_page` writes it; a test compares.
"""

import tomllib
from pathlib import Path
from typing import Any

from thegrid_exchange.delivery.endings import MESSAGES

PAGE = Path(__file__).parents[2] / "server" / "endings.md"
TABLE = Path(__file__).with_name("endings.toml")

_HEAD = """# How a call ends

Made of [endings.toml](thegrid_exchange/delivery/endings.toml) by `make proto`: the relay reads the
same file, and a test plays every row through a running exchange. The usage record names the row:
`stage`, how far the call had come, and `cause`, what ended it. Why it is a table:
[0015](decisions/0015-every-ending-is-a-row.md).

**Billed** is nothing, the *prompt*, prompt and what was *delivered*, that is shown to the client,
or what was *marked* in the journal; all else that was reserved goes back to its Lots.
**Client sees** the good end, nothing (it is gone), or the reason of a failure. A row marked **→**
is first handed on to the next supplier, and holds when none is left. A call that failed is never
billed, and a stream that fails says so: it is never silently short.
"""


def page(table: dict[str, Any]) -> str:
    """The whole page."""
    parts = [_HEAD]
    for stage, meaning in table["stages"].items():
        parts.append(f"## {stage.capitalize()}\n\n{meaning}\n")
        rows = [row for row in table["ending"] if row["stage"] == stage]
        parts.append(_table(("cause", "verdict", "billed", "client sees"), map(_cells, rows)))
    parts.append("## Causes\n")
    parts.append(_table(("cause", "what happened"), _named(table["causes"])))
    parts.append("## What the client reads\n")
    parts.append(_table(("reason", "message"), _named(MESSAGES)))
    return "\n".join(parts)


def _cells(row: dict[str, Any]) -> list[str]:
    sees = row["client_sees"]
    reason = {"ended": "the good end", "nothing": "nothing"}.get(sees, f"`{sees}`")
    cause = f"`{row['cause']}`" + (" →" if row.get("reroutes") else "")
    return [cause, f"`{row['verdict']}`", row["billed"], reason]


def _named(texts: dict[str, str]) -> list[list[str]]:
    return [[f"`{name}`", text] for name, text in texts.items()]


def _table(heads: tuple[str, ...], rows: Any) -> str:
    lines = [list(heads), ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def made() -> str:
    """The page as the table has it now."""
    return page(tomllib.loads(TABLE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    PAGE.write_text(made(), encoding="utf-8")
