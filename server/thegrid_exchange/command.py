"""The command `grid-exchange`: serve, and look after a journal from outside.
What a running exchange is made of stands in `app`; market commands belong to `grid`.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from thegrid_exchange.clock import SystemClock
from thegrid_exchange.config import Config, ConfigError, add_flags
from thegrid_exchange.engine.policy import POLICY_TERMS
from thegrid_exchange.journal.audit import audit
from thegrid_exchange.journal.codec import decode_row
from thegrid_exchange.journal.protocol import JournalBroken, JournalError
from thegrid_exchange.journal.reader import SqlReader
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.journal.snapshots import Snapshotter
from thegrid_exchange.journal.store import SqlJournal
from thegrid_exchange.process import ClockUnbelievable
from thegrid_exchange.recovery import recover
from thegrid_exchange.rewind import Wanted, as_json, as_lines, rewind

USAGE_EXIT = 2
"""Exit code when the exchange cannot start: a wrong setting, a locked or unreadable journal."""
BROKEN_EXIT = 4
"""Exit code when a journal does not prove."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code: 0 done, 2 cannot start, 3 fail-stop, 4 broken."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        if getattr(options, "folder", None):
            options.data, options.database_url = options.folder, ""
        config = Config.of(options, os.environ)
        _log_to_stderr(config)
        code: int = options.run(config, options)
    except JournalBroken as error:
        _say(f"grid-exchange: {error}")
        return BROKEN_EXIT
    except (ConfigError, JournalError, ClockUnbelievable) as error:
        _say(f"grid-exchange: {error}")
        return USAGE_EXIT
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grid-exchange", description="The Grid's exchange: one partition of the market."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, help_text in (
        ("serve", _serve, "run the exchange until it is told to stop"),
        ("verify", _in_loop(_verify), "prove the journal; works beside a running exchange"),
        (
            "replay",
            _in_loop(_replay),
            "print rows of the journal, or what was at a moment",
        ),
        ("snapshot", _in_loop(_snapshot), "take a snapshot now, while no exchange runs here"),
        ("policy", _in_loop(_policy), "print the policy in force, as the journal holds it"),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        add_flags(command)
        if name != "serve":
            command.add_argument("folder", nargs="?", metavar="DATA", help="the data folder")
        if name == "replay":
            _add_replay_flags(command)
        command.set_defaults(run=run)
    return parser


def _add_replay_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("--from", dest="first", type=int, default=1, help="first row to print")
    command.add_argument("--to", dest="last", type=int, default=None, help="last row to print")
    command.add_argument(
        "--until",
        metavar="SEQ|TIME",
        help="instead of rows, what the exchange was right after a row, or at an instant (UTC)",
    )
    command.add_argument(
        "--member", default="", help="with --until: a member's balances, open orders and Lots"
    )
    command.add_argument("--market", default="", help="with --until: a market's book")
    command.add_argument("--json", action="store_true", help="with --until: one JSON object")


def _in_loop(
    run: Callable[[Config, argparse.Namespace], Awaitable[int]],
) -> Callable[[Config, argparse.Namespace], int]:
    async def begin(config: Config, options: argparse.Namespace) -> int:
        return await run(config, options)

    return lambda config, options: asyncio.run(begin(config, options))


def _serve(config: Config, _options: argparse.Namespace) -> int:
    from thegrid_exchange import app  # gRPC loads slowly, and only serving needs it

    return int(app.run(config) or 0)


async def _verify(config: Config, _options: argparse.Namespace) -> int:
    reader = SqlReader(config.journal_url, config.partition)
    await reader.open()
    try:
        proof = await audit(reader, running_rules(), _progress())
    finally:
        await reader.close()
    _say(
        f"{proof.rows} rows proved: chain whole, {proof.executed} carried out again, "
        f"{proof.folded} of older rules folded, {proof.snapshots} snapshots compared"
    )
    _say(f"state {proof.digest}\nchain {proof.hash.hex()}")
    return 0


async def _replay(config: Config, options: argparse.Namespace) -> int:
    if options.until is None and (options.member or options.market):
        raise ConfigError("--member, --market: say as of when with --until")
    reader = SqlReader(config.journal_url, config.partition)
    await reader.open()
    codec = running_rules().codec
    try:
        if options.until is not None:
            wanted = Wanted(options.until, options.member, options.market)
            shown = await rewind(reader, wanted)
            print(as_json(shown) if options.json else "\n".join(as_lines(shown)))
            return 0
        async for batch in reader.read(options.first - 1, options.last):
            for stored in batch:
                print(json.dumps(_shown(decode_row(codec, stored)), default=bytes.hex))
    finally:
        await reader.close()
    return 0


def _shown(row: Any) -> dict[str, Any]:
    shown: dict[str, Any] = row._asdict()
    shown["command"] = _named(row.command)
    shown["events"] = [_named(event) for event in row.events]
    shown["reply"] = _named(row.reply)
    return shown


def _named(value: Any) -> Any:
    """A record as an object that names its type, all the way down."""
    if hasattr(value, "_asdict"):
        fields = {name: _named(field) for name, field in value._asdict().items()}
        return {"type": type(value).__name__, **fields}
    return [_named(item) for item in value] if isinstance(value, tuple) else value


async def _snapshot(config: Config, _options: argparse.Namespace) -> int:
    rules = running_rules()
    _must_exist(config)
    journal = SqlJournal(
        config.journal_url, SystemClock(config.clock_offset_s * 1_000_000), config.partition
    )
    recovered = await recover(
        journal,
        rules,
        request_horizon_us=config.request_horizon_s * 1_000_000,
        most_request_ids=config.max_request_ids,
    )
    try:
        snapshotter = Snapshotter(
            journal, rules.codec, rules.version, every_rows=0, keep=config.snapshots_kept
        )
        snapshotter.freeze(recovered.state, recovered.head)
        snapshotter.durable(recovered.head.seq)
        await snapshotter.finish()
    finally:
        await journal.close()
    _say(f"snapshot taken at row {recovered.head.seq}")
    return 0


async def _policy(config: Config, _options: argparse.Namespace) -> int:
    reader = SqlReader(config.journal_url, config.partition)
    await reader.open()
    rules = running_rules()
    state = rules.empty()
    try:
        async for batch in reader.read():
            for stored in batch:
                rules.fold(state, stored.at_us, rules.codec.decode_all(stored.events))
    finally:
        await reader.close()
    for name, term in POLICY_TERMS.items():
        mark = "*" if name in state.policy else " "
        print(f"{mark} {name:32}{state.term(name):>20}  {term.meaning}")
    return 0


def _must_exist(config: Config) -> None:
    if not config.database_url and not (config.data / "exchange.db").exists():
        raise JournalError(f"{config.data / 'exchange.db'}: no journal here")


def _progress() -> Callable[[int, int], object]:
    """A counter that rewrites its line on a terminal, and a line now and then elsewhere."""
    if sys.stderr.isatty():
        return lambda seq, last: print(f"\r{seq:,} of {last:,} rows", end="", file=sys.stderr)
    return lambda seq, last: _say(f"{seq} of {last} rows") if seq % 100_000 == 0 else None


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _log_to_stderr(config: Config) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=config.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
