"""The command itself: what is asked for, progress on standard error, and how it ended.
Lists, cells and files have modules of their own.
"""

import sys
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

import click

from thegrid.cli.export.columns import Shape
from thegrid.cli.export.files import STDOUT, writing
from thegrid.cli.export.tables import PAGE_ROWS, TABLES, Asked
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import INSTANT
from thegrid.enums import INTERVALS

_QUIET_ROWS = 100_000
"""Rows between two lines of progress where no terminal can rewrite one."""


@click.command(cls=GridCommand)
@click.argument("what", type=click.Choice(sorted(TABLES)), metavar="WHAT")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file; `-` writes CSV to standard output.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet"]),
    help="Default: by the name of the file, else csv.",
)
@click.option("--from", "start_time", type=INSTANT, help="Only at or after this instant.")
@click.option("--to", "end_time", type=INSTANT, help="Only before this instant.")
@click.option("--instrument", default="", help="Only this instrument, or its market, or `usd`.")
@click.option(
    "--interval",
    type=click.Choice(tuple(INTERVALS)),
    default="1m",
    show_default=True,
    help="Length of candles.",
)
@click.pass_obj
def export(
    session: Session,
    what: str,
    out: Path,
    file_format: str | None,
    start_time: datetime | None,
    end_time: datetime | None,
    instrument: str,
    interval: str,
) -> None:
    """Write a list of yours, or of a market, to a file: CSV or Parquet.

    WHAT is orders, fills, transfers, sweeps, lots, postings, positions, statement or usage of
    yours, or trades, candles or indexes of a market. The file appears when it is whole; a run that
    fails or is interrupted leaves what was there before. Amounts are integers of micro-dollars and
    tokens.

    Such as: grid export fills --from 2026-01-01 --to 2026-02-01 --out fills.parquet
    """
    listed = TABLES[what]
    if listed.needs_instrument and not instrument:
        raise click.UsageError(f"--instrument: say of which market to export {what}")
    if not listed.has_span and (start_time or end_time):
        raise click.UsageError(f"--from, --to: {what} are as of now; leave the span away")
    file_format = file_format or ("parquet" if out.suffix == ".parquet" else "csv")
    shape = Shape(listed.message.DESCRIPTOR, listed.each)
    found = listed.rows(session.client, Asked(instrument, start_time, end_time, interval))
    cells = chain.from_iterable(map(shape.rows, found))
    progress, count = _Progress(what), 0
    with writing(out, file_format, shape.columns) as writer:
        while rows := list(islice(cells, PAGE_ROWS)):
            writer.write(rows)
            count += len(rows)
            progress.tell(count)
    progress.end()
    _say_done(session, what, out, count)


class _Progress:
    """How many rows there are so far, on standard error."""

    def __init__(self, what: str) -> None:
        self._what, self._is_terminal = what, sys.stderr.isatty()
        self._told = 0

    def tell(self, count: int) -> None:
        """Rewrite the line on a terminal; elsewhere write one now and then."""
        if self._is_terminal:
            print(f"\r{self._what}: {count:,} rows", end="", file=sys.stderr, flush=True)
        elif count - self._told >= _QUIET_ROWS:
            self._told = count
            print(f"{self._what}: {count:,} rows", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal:
            print(file=sys.stderr)


def _say_done(session: Session, what: str, out: Path, count: int) -> None:
    if out == STDOUT:
        print(f"{count:,} rows", file=sys.stderr)
    elif session.as_json:
        session.output.value({"table": what, "file": str(out), "rows": count})
    else:
        session.output.line(f"{out}: {count:,} rows")
