"""How results look: tables and lines for people, JSON for programs.
What is shown is chosen by the commands.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.table import Table

from thegrid.errors import GridError
from thegrid.money import TOKENS_PER_UNIT, dollar_text
from thegrid.times import instant

Cell = str | int
_WIDE = 1_000


class Output:
    """Writes to standard output; errors of a JSON run go to standard error, in JSON too."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        # A column that is cut cannot be copied; a terminal wraps what is too wide.
        self.console = Console(highlight=False, width=_WIDE)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]], empty: str) -> None:
        """Write a table; columns whose name begins with `>` are set right."""
        made = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            made.add_column(
                column.lstrip(">"),
                justify="right" if column.startswith(">") else "left",
                no_wrap=True,
            )
        count = 0
        for row in rows:
            made.add_row(*(str(cell) for cell in row))
            count += 1
        self.console.print(made if count else empty)

    def line(self, text: str) -> None:
        """Write one line, as it is."""
        self.console.print(text, markup=False)

    def piece(self, text: str) -> None:
        """Write a piece of running text at once."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def pairs(self, pairs: Iterable[tuple[str, Cell]]) -> None:
        """Write names and values, one pair a line."""
        made = Table.grid(padding=(0, 2))
        for name, value in pairs:
            made.add_row(f"[bold]{name}[/bold]", str(value))
        self.console.print(made)

    def message(self, message: Message) -> None:
        """Write one message as JSON, with the contract's own field names."""
        self.value(plain(message))

    def messages(self, messages: Iterable[Message]) -> None:
        """Write a JSON array of messages."""
        self.value([plain(message) for message in messages])

    def value(self, value: object) -> None:
        """Write one JSON value on one line."""
        print(json.dumps(value, ensure_ascii=False), flush=True)

    def error(self, error: GridError) -> None:
        """Write an error as JSON to standard error."""
        told = {
            "code": error.code,
            "reason": error.reason,
            "message": error.message,
            "fields": [violation._asdict() for violation in error.fields],
            "retry_after_s": error.retry_after_s,
            "request_id": error.request_id,
            "metadata": error.metadata,
        }
        print(json.dumps({"error": told}, ensure_ascii=False), file=sys.stderr)


def plain(message: Message) -> Any:
    """Return a message in proto's JSON form: int64 as text, so that nothing is rounded."""
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def price(amount_micros: int | None) -> str:
    """Return a price or an amount in dollars, or a dash for none."""
    return "-" if amount_micros is None else f"${dollar_text(amount_micros)}"


def units(tokens: int) -> str:
    """Return tokens as Units, exact, with no more decimals than needed."""
    whole, rest = divmod(abs(tokens), TOKENS_PER_UNIT)
    sign = "-" if tokens < 0 else ""
    return f"{sign}{whole}" + (f".{rest:06d}".rstrip("0") if rest else "")


def moment(stamp: Timestamp) -> str:
    """Return an instant in UTC to the second, or a dash for none."""
    if not stamp.seconds:
        return "-"
    return instant(stamp).strftime("%Y-%m-%d %H:%M:%S")
