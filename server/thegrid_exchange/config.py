"""Every setting of the exchange with its unit, its range and its help, read from flags and GRID_*.
Figures of the market are not here: those are journaled policy, which the engine alone reads.
"""

# ruff: noqa: RUF009 - every setting is a dataclass field, made by one helper

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class ConfigError(Exception):
    """A setting is wrong; the message names it, its variable and what it takes."""


def _setting(
    default: Any, help_text: str, least: int | None = None, most: int | None = None
) -> Any:
    return field(default=default, metadata={"help": help_text, "least": least, "most": most})


@dataclass(frozen=True)
class Config:
    """The settings of one exchange process.

    Each field is a flag (`--grpc-port`) and a variable (`GRID_GRPC_PORT`); the flag wins.
    """

    data: Path = _setting(Path("data"), "folder that holds the journal and everything made here")
    database_url: str = _setting(
        "",
        "where the journal lies: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
        " (default: exchange.db in the data folder)",
    )
    partition: int = _setting(1, "the partition this process writes", 1, 1_000_000)
    role: str = _setting("both", "what runs here: exchange, relay or both")

    grpc_host: str = _setting("127.0.0.1", "address that serves gRPC")
    grpc_port: int = _setting(50_051, "port that serves gRPC; 0 takes a free one", 0, 65_535)
    operator_host: str = _setting("127.0.0.1", "address that serves /metrics and /healthz")
    operator_port: int = _setting(
        9464, "port that serves /metrics and /healthz; 0 takes a free one", 0, 65_535
    )
    relay_address: str = _setting(
        "", "host:port at which suppliers reach this relay (default: where gRPC is served)"
    )
    insecure_bind: bool = _setting(
        False, "serve without TLS on an address other than loopback (say so only behind a proxy)"
    )
    tls_certificate_file: Path | None = _setting(None, "certificate chain in PEM for gRPC")
    tls_key_file: Path | None = _setting(None, "private key in PEM of that certificate")
    tls_client_ca_file: Path | None = _setting(
        None, "certificates in PEM that clients must be signed by (mutual TLS)"
    )
    hash_secret_file: Path | None = _setting(
        None, "file with the secret that hashes API keys (default: hash.secret in the data folder)"
    )

    max_message_bytes: int = _setting(
        4_194_304, "greatest gRPC message taken, bytes", 65_536, 67_108_864
    )
    max_prompt_bytes: int = _setting(
        33_554_432, "greatest request of a delivery, bytes", 65_536, 1_073_741_824
    )
    max_page_size: int = _setting(1_000, "greatest page of a list, rows", 1, 100_000)
    max_streams_per_key: int = _setting(64, "open streams of one key", 1, 100_000)
    max_deliveries_per_key: int = _setting(1_024, "deliveries under way for one key", 1, 1_000_000)
    max_deliveries: int = _setting(20_000, "deliveries under way in this process", 1, 1_000_000)
    max_waiting_deliveries: int = _setting(
        2_048, "deliveries of one instrument that wait for a free supplier", 1, 1_000_000
    )
    max_waiting_deliveries_per_member: int = _setting(
        1_024, "deliveries of one member and instrument that wait for one", 1, 1_000_000
    )
    max_delivery_wait_ms: int = _setting(
        10_000, "longest time a delivery waits for a free supplier, milliseconds", 1, 600_000
    )
    requests_per_second_per_key: int = _setting(1_000, "requests of one key per second", 1, 10**6)
    subscriber_queue_messages: int = _setting(
        1_024, "messages a slow stream reader may fall behind", 16, 1_000_000
    )
    resume_rows: int = _setting(
        300_000, "journal rows read for a private stream that resumes", 1_000, 1_000_000_000
    )
    resume_events: int = _setting(
        50_000, "events sent again to a private stream that resumes", 100, 10_000_000
    )
    max_rpcs: int = _setting(10_000, "calls and streams under way in this process", 10, 1_000_000)

    batch_commands: int = _setting(1_000, "commands in one commit", 1, 100_000)
    batch_bytes: int = _setting(1_000_000, "bytes in one commit", 10_000, 100_000_000)
    waiting_commands: int = _setting(
        10_000, "commands that may wait before OVERLOADED is answered", 1, 10_000_000
    )
    overload_retry_ms: int = _setting(100, "delay advised with OVERLOADED, milliseconds", 1, 60_000)
    request_horizon_s: int = _setting(
        3_600, "how long a repeated request id gets its first answer, seconds", 60, 86_400
    )
    max_request_ids: int = _setting(
        5_000_000, "request ids remembered inside the horizon", 1_000, 1_000_000_000
    )
    lease_wait_s: int = _setting(
        30, "how long a start waits for another exchange's lease on PostgreSQL, seconds", 0, 86_400
    )
    snapshot_rows: int = _setting(
        100_000, "rows between two snapshots; 0 takes none", 0, 1_000_000_000
    )
    snapshots_kept: int = _setting(3, "snapshots kept", 1, 1_000)

    webhook_allow_private: bool = _setting(
        False, "let webhooks call private and loopback addresses, and plain http (for tests)"
    )
    webhook_timeout_s: int = _setting(10, "longest time a webhook may take, seconds", 1, 120)
    webhook_attempts: int = _setting(
        16, "times a notice is sent before its webhook is disabled", 1, 100
    )
    webhooks_at_once: int = _setting(32, "webhook calls under way", 1, 10_000)

    otlp_endpoint: str = _setting(
        "", "collector of traces by OTLP/HTTP, such as http://127.0.0.1:4318"
    )
    heartbeat_s: int = _setting(30, "longest time without a row, seconds", 1, 3_600)
    drain_s: int = _setting(30, "longest time given to open work at shutdown, seconds", 0, 3_600)
    max_clock_jump_s: int = _setting(
        604_800, "greatest step of the clock that is believed, seconds", 60, 10**9
    )
    accept_clock_jump: bool = _setting(
        False, "start although the clock has stepped further than that since the last row"
    )
    clock_offset_s: int = _setting(
        0, "for tests: seconds by which this process sees the clock ahead", 0, 10**9
    )
    log_level: str = _setting("info", "debug, info, warning or error")

    @classmethod
    def load(
        cls, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> "Config":
        """The settings from flags, then from GRID_* variables, then from the defaults.

        Raises ConfigError naming the setting, its variable, its value and what it takes.
        """
        parser = argparse.ArgumentParser(exit_on_error=False, add_help=False)
        add_flags(parser)
        try:
            flags, unknown = parser.parse_known_args(arguments)
        except argparse.ArgumentError as error:
            raise ConfigError(str(error)) from error
        if unknown:
            raise ConfigError(f"{unknown[0]}: no such setting; see --help")
        return cls.of(flags, environment)

    @classmethod
    def of(
        cls, flags: argparse.Namespace, environment: Mapping[str, str] | None = None
    ) -> "Config":
        """The settings from flags that a parser with `add_flags` has read."""
        values: dict[str, Any] = {}
        for setting in dataclasses.fields(cls):
            text = getattr(flags, setting.name, None)
            if text is None:
                text = (environment or {}).get(variable_of(setting.name))
            if text is not None:
                values[setting.name] = _value(setting, text)
        config = cls(**values)
        config.check()
        return config

    def check(self) -> None:
        """Raise ConfigError where settings contradict each other."""
        _one_of("role", self.role, ("exchange", "relay", "both"))
        _one_of("log_level", self.log_level, ("debug", "info", "warning", "error"))
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            missing = "tls_key_file" if self.tls_key_file is None else "tls_certificate_file"
            raise ConfigError(f"{_named(missing)}: a certificate and its key go together; set both")
        if self.tls_client_ca_file is not None and self.tls_certificate_file is None:
            raise ConfigError(f"{_named('tls_client_ca_file')}: mutual TLS needs a certificate too")
        for name in (
            "tls_certificate_file",
            "tls_key_file",
            "tls_client_ca_file",
            "hash_secret_file",
        ):
            path = getattr(self, name)
            if path is not None and not path.is_file():
                raise ConfigError(f"{_named(name)}: {path} is no file that can be read")
        is_loopback = self.grpc_host in ("127.0.0.1", "::1", "localhost")
        if not is_loopback and self.tls_certificate_file is None and not self.insecure_bind:
            raise ConfigError(
                f"{_named('grpc_host')}: {self.grpc_host} is not loopback and there is no TLS; set "
                "GRID_TLS_CERTIFICATE_FILE and GRID_TLS_KEY_FILE, or --insecure-bind behind a proxy"
            )

    @property
    def journal_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data.absolute() / 'exchange.db'}"

    @property
    def secret_path(self) -> Path:
        """Where the secret that hashes API keys lies; the exchange makes it if it is not there."""
        return self.hash_secret_file or self.data / "hash.secret"


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"GRID_{name.upper()}"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Give a parser one flag per setting; `Config.of` reads what they hold."""
    for setting in dataclasses.fields(Config):
        flag = f"--{setting.name.replace('_', '-')}"
        shown = "" if setting.default in (None, "") else f" (default: {setting.default})"
        help_text = f"{setting.metadata['help']}{shown} [{variable_of(setting.name)}]"
        if setting.type is bool:
            parser.add_argument(flag, action="store_const", const="true", help=help_text)
        else:
            parser.add_argument(
                flag, metavar=setting.name.rpartition("_")[2].upper(), help=help_text
            )


def _named(name: str) -> str:
    return f"--{name.replace('_', '-')} ({variable_of(name)})"


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{_named(name)}: {value!r} is none of {', '.join(allowed)}")


def _value(setting: dataclasses.Field[Any], text: str) -> Any:
    if setting.type is int:
        return _integer(setting, text)
    if setting.type is bool:
        _one_of(setting.name, text.lower(), ("true", "false", "1", "0"))
        return text.lower() in ("true", "1")
    if setting.type is str:
        return text
    if not text:
        raise ConfigError(f"{_named(setting.name)}: is empty; give a path or leave it out")
    return Path(text).expanduser()


def _integer(setting: dataclasses.Field[Any], text: str) -> int:
    least, most = setting.metadata["least"], setting.metadata["most"]
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not least <= number <= most:
        raise ConfigError(
            f"{_named(setting.name)}: {text!r} is no whole number from {least} to {most}; "
            f"it means: {setting.metadata['help']}"
        )
    return number
