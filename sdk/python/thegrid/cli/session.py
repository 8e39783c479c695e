"""What every command shares: options for the connection, one client, and errors told in words.
What the commands do stands in the files named after their nouns.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from thegrid import errors
from thegrid.cli.output import Output
from thegrid.settings import load_settings
from thegrid.sync.client import Client

EXIT_REFUSED, EXIT_USAGE, EXIT_AUTH, EXIT_ABSENT, EXIT_UNAVAILABLE = 1, 2, 3, 4, 5
EXIT_INTERRUPTED = 130

EXIT_CODES = """\b
Exit codes:
  0    done
  1    refused by the market's rules, or failed
  2    the command line is wrong
  3    the key is absent, wrong, or may not do this
  4    what was named does not exist
  5    no answer: the exchange is down, too slow, or too busy
  130  interrupted
"""

_ADVICE_BY_REASON = {
    "KEY_MISSING": "set GRID_API_KEY, or give --key-file",
    "KEY_UNKNOWN": "check GRID_API_KEY: is the secret whole, and of this exchange?",
    "KEY_EXPIRED": "make a new key: grid keys create",
    "KEY_REVOKED": "make a new key: grid keys create",
    "INSUFFICIENT_FUNDS": "see what is free with: grid balances",
    "INSUFFICIENT_UNITS": "see what is there with: grid balances, grid lots",
    "COLLATERAL_SHORT": "see what is missing with: grid collateral show",
    "NO_LIQUIDITY": "see what is offered with: grid book",
    "ABOVE_CEILING": "see the price with: grid book; raise the ceiling with: grid settings",
    "MARKET_NOT_FOUND": "see the markets with: grid markets",
    "INSTRUMENT_NOT_FOUND": "see the instruments with: grid instruments",
    "ORDER_NOT_FOUND": "see the orders with: grid orders",
    "REQUEST_EXPIRED": "is the clock of this machine right? ids of writes carry its time",
    "NO_SUPPLIER": "wait for a supplier to connect, or try another instrument: grid markets",
}


class Session:
    """One run of the command: its options, its output, its client once it is needed."""

    def __init__(self) -> None:
        self.as_json = False
        self.grpc: str | None = None
        self.key_file: Path | None = None
        self.tls: str | None = None
        self.timeout_s: float | None = None
        self._client: Client | None = None

    @property
    def output(self) -> Output:
        """Where results go."""
        return Output(self.as_json)

    @property
    def client(self) -> Client:
        """The client, connected at first use."""
        if self._client is None:
            self._client = Client(settings=self.settings())
        return self._client

    def settings(self) -> Any:
        """Return the settings that options and environment make. Raises click.UsageError."""
        secret = read_key(self.key_file) if self.key_file else None
        try:
            return load_settings(self.grpc, secret, tls=self.tls, timeout_s=self.timeout_s)
        except ValueError as problem:
            raise click.UsageError(str(problem)) from None

    def close(self) -> None:
        """Close the client, if one was opened."""
        if self._client is not None:
            self._client.close()


def read_key(path: Path) -> str:
    """Return the secret in a key file. Raises click.UsageError naming the file."""
    try:
        return path.read_text("utf-8").strip()
    except OSError as problem:
        raise click.UsageError(f"--key-file: cannot read {path} ({problem.strerror})") from None


def _store(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def put(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value not in (None, False):
            setattr(context.ensure_object(Session), name, value)

    return put


def _shared_options() -> list[click.Option]:
    return [
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            expose_value=False,
            callback=_store("as_json"),
            help="Answer in JSON; what goes on arriving, one object a line.",
        ),
        click.Option(
            ["--grpc"],
            metavar="HOST:PORT",
            expose_value=False,
            callback=_store("grpc"),
            help="The exchange. Default: GRID_GRPC, else 127.0.0.1:50051.",
        ),
        click.Option(
            ["--key-file"],
            type=click.Path(dir_okay=False, path_type=Path),
            expose_value=False,
            callback=_store("key_file"),
            help="File with the API key. Default: the variable GRID_API_KEY.",
        ),
        click.Option(
            ["--tls"],
            metavar="on|off|FILE",
            expose_value=False,
            callback=_store("tls"),
            help="TLS, or a file of root certificates. Default: GRID_TLS, else off on loopback.",
        ),
        click.Option(
            ["--timeout", "timeout_s"],
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            expose_value=False,
            callback=_store("timeout_s"),
            help="Give up an answer after so long. Default: 10.",
        ),
    ]


class GridCommand(click.Command):
    """A command with the shared options, whose errors are told in words."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params += _shared_options()

    def invoke(self, context: click.Context) -> Any:
        session = context.ensure_object(Session)
        try:
            return super().invoke(context)
        except errors.GridError as error:
            fail(error, session)
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)
        except (ValueError, TypeError) as problem:
            raise click.UsageError(str(problem)) from problem
        finally:
            session.close()


class GridGroup(click.Group):
    """A group whose commands are GridCommands."""

    command_class = GridCommand
    group_class = type  # groups inside are of this class too


def fail(error: errors.GridError, session: Session) -> NoReturn:
    """Tell an error and what to do about it; exit with the code that goes with it."""
    if session.as_json:
        session.output.error(error)
    else:
        _tell(error)
    sys.exit(exit_code(error))


def exit_code(error: errors.GridError) -> int:
    """Return the exit code for an error."""
    match error:
        case errors.AuthError() | errors.PermissionDenied():
            return EXIT_AUTH
        case errors.NotFound():
            return EXIT_ABSENT
        case errors.Unavailable() | errors.DeadlineExceeded() | errors.Cancelled():
            return EXIT_UNAVAILABLE
        case errors.InvalidArgument():
            return EXIT_USAGE
        case _:
            return EXIT_REFUSED


def advice(error: errors.GridError) -> str:
    """Return what to do about an error, or nothing."""
    if error.reason in _ADVICE_BY_REASON:
        return _ADVICE_BY_REASON[error.reason]
    if error.retry_after_s is not None:
        return f"try again in {error.retry_after_s:g} s"
    match error:
        case errors.PermissionDenied():
            return "use a key with the scope that this asks for; see: grid whoami"
        case errors.Unavailable() if not error.reason:
            return "is the exchange running, and at this address? start one with: grid up"
        case errors.DeadlineExceeded() if error.request_id:
            return "it may have happened all the same: look before you repeat it"
        case errors.InternalError() if error.request_id:
            return f"report the request id {error.request_id}"
        case _:
            return ""


def _tell(error: errors.GridError) -> None:
    print(f"grid: {error}", file=sys.stderr)
    for name, value in error.metadata.items():
        if name == "field":  # told in the line above
            continue
        print(f"  {name}: {value}", file=sys.stderr)
    told = advice(error)
    if told:
        print(f"what to do: {told}", file=sys.stderr)
