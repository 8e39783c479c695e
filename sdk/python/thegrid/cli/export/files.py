"""Rows to CSV or Parquet files that appear whole or not at all.
What the rows are is said in `columns` and `tables`.
"""

import csv
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

import click

from thegrid.cli.export.columns import Cell, Column

STDOUT: Final = Path("-")
INSTALL: Final = "Parquet needs pyarrow; install it with: pip install 'thegrid[export]'"


class Writer(Protocol):
    """Takes batches of rows."""

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Write some rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class CsvWriter:
    """Comma-separated text with a header; instants in ISO 8601, what is unset is empty."""

    def __init__(self, file: TextIO, columns: Sequence[Column]) -> None:
        self._file = file
        self._rows = csv.writer(file, lineterminator="\n")
        self._rows.writerow([column.name for column in columns])

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        self._rows.writerows([_text(cell) for cell in row] for row in rows)

    def close(self) -> None:
        self._file.flush()


class ParquetWriter:
    """Columns with types: 64-bit integers, UTC timestamps of microseconds, text."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._arrow, parquet = _pyarrow("pyarrow"), _pyarrow("pyarrow.parquet")
        arrow = self._arrow
        types = {
            "int": arrow.int64(),
            "text": arrow.string(),
            "time": arrow.timestamp("us", tz="UTC"),
            "bool": arrow.bool_(),
            "double": arrow.float64(),
        }
        self._schema = arrow.schema([(column.name, types[column.kind]) for column in columns])
        self._file = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        cells = zip(*rows, strict=True)
        arrays = [
            self._arrow.array(column, type=field.type)
            for column, field in zip(cells, self._schema, strict=True)
        ]
        self._file.write_batch(self._arrow.record_batch(arrays, schema=self._schema))

    def close(self) -> None:
        self._file.close()


@contextmanager
def writing(path: Path, file_format: str, columns: Sequence[Column]) -> Iterator[Writer]:
    """A writer beside the file, which takes its place once all rows are on disk.

    Raises click.ClickException when the file cannot be written or pyarrow is missing.
    """
    if path == STDOUT:
        yield from _to_stdout(file_format, columns)
        return
    if file_format == "parquet":
        _pyarrow("pyarrow")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if file_format == "parquet":
            yield from _closed(ParquetWriter(part, columns))
        else:
            with part.open("w", encoding="utf-8", newline="") as file:
                yield from _closed(CsvWriter(file, columns))
        _settle(part, path)
    except OSError as problem:
        raise click.ClickException(f"{path}: cannot be written ({problem.strerror})") from None
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _to_stdout(file_format: str, columns: Sequence[Column]) -> Iterator[Writer]:
    if file_format == "parquet":
        raise click.UsageError("--out: Parquet is no text; name a file")
    yield from _closed(CsvWriter(sys.stdout, columns))


def _closed(writer: Writer) -> Iterator[Writer]:
    try:
        yield writer
    finally:
        writer.close()


def _settle(part: Path, path: Path) -> None:
    """Have the bytes on disk before the name points to them."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _pyarrow(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise click.ClickException(INSTALL) from None


def _text(cell: Cell) -> Cell:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return cell
