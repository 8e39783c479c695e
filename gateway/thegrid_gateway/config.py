"""Every setting of the gateway, with its unit, from flags and GRID_GATEWAY_* variables.

What the settings do is written where they are used.
"""

import argparse
import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

PREFIX = "GRID_GATEWAY_"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ConfigError(ValueError):
    """A setting has no sense; the message names it and says what to do."""


def _setting(default: Any, help: str, least: float | None = None) -> Any:
    return field(default=default, metadata={"help": help, "least": least})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The gateway's settings; each is a flag `--name` and a variable `GRID_GATEWAY_NAME`."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8080, "port to listen on; 0 for any free one", 0)
    workers: int = _setting(1, "processes that serve", 1)
    grpc: str = _setting("", "host:port of the exchange; else GRID_GRPC, else 127.0.0.1:50051")
    grpc_tls: str = _setting(
        "", "on, off, or a file of root certificates for the exchange; else GRID_TLS"
    )
    key: str = _setting("", "the gateway's own key, of scope gateway; better the variable or file")
    key_file: str = _setting("", "file that holds the gateway's own key")
    tls_certificate: str = _setting("", "file of the certificate chain for HTTPS")
    tls_private_key: str = _setting("", "file of the private key for HTTPS")
    allow_plaintext: bool = _setting(False, "serve HTTP without TLS beyond this machine")
    sessions: int = _setting(1, "gRPC sessions to the exchange, for each worker", 1)
    window_bytes: int = _setting(262_144, "bytes of an answer in flight to one client", 1_024)
    body_max_bytes: int = _setting(32 * 1024 * 1024, "longest body of a request", 1_024)
    body_timeout_s: float = _setting(30.0, "time for a body to arrive, in seconds", 0.01)
    header_max_bytes: int = _setting(65_536, "longest head of a request", 512)
    header_timeout_s: float = _setting(10.0, "time for a head to arrive, in seconds", 0.01)
    json_depth_max: int = _setting(64, "deepest nesting of JSON", 4)
    messages_max: int = _setting(4_096, "most messages of a request", 1)
    image_max_bytes: int = _setting(20 * 1024 * 1024, "longest image of a request", 1)
    fetch_images: bool = _setting(
        False, "fetch images that requests name by address, from public addresses alone"
    )
    fetch_timeout_s: float = _setting(10.0, "time for an image to be fetched, in seconds", 0.01)
    cors_origins: str = _setting(
        "", "origins whose pages may call, such as https://a.example,… or *; empty for none"
    )
    connections_max: int = _setting(10_000, "most connections, for each worker", 1)
    keep_alive_s: float = _setting(75.0, "time an idle connection is kept, in seconds", 0.0)
    heartbeat_s: float = _setting(15.0, "silence after which a stream says it is alive", 0.01)
    stalled_client_s: float = _setting(120.0, "time a client may leave its answer unread", 0.05)
    connect_wait_s: float = _setting(2.0, "time a call waits for the exchange to be dialled", 0.0)
    catalogue_s: float = _setting(2.0, "time the list of models is kept, in seconds", 0.0)
    grace_s: float = _setting(30.0, "time running answers have after SIGTERM, in seconds", 0.0)
    model_aliases: str = _setting(
        "", "names of models for instruments: pattern=instrument,…, such as claude-*=text-prime"
    )
    model_aliases_file: str = _setting("", "file with more of them, one on each line")
    responses_store: str = _setting(
        "", "where responses are kept that clients ask to keep: sqlite:///file; empty keeps none"
    )
    responses_store_s: float = _setting(2_592_000.0, "time a response is kept, in seconds", 1.0)
    otlp_endpoint: str = _setting(
        "", "collector of traces and metrics by OTLP/HTTP, such as http://127.0.0.1:4318"
    )
    drain_delay_s: float = _setting(0.0, "time it still serves while saying it drains", 0.0)
    log_level: str = _setting("warning", "critical, error, warning, info or debug")

    def __post_init__(self) -> None:
        """Check each setting. Raises ConfigError naming the first at fault."""
        for item in dataclasses.fields(self):
            least = item.metadata["least"]
            value = getattr(self, item.name)
            if least is not None and value < least:
                raise ConfigError(f"{_name(item.name)}: {value} is too small; give {least} or more")
        if self.port > 65_535:
            raise ConfigError(f"{_name('port')}: {self.port} is no port; give 0 to 65535")
        if bool(self.tls_certificate) != bool(self.tls_private_key):
            raise ConfigError(
                f"{_name('tls_certificate')}, {_name('tls_private_key')}: give both or neither"
            )
        if self.log_level not in ("critical", "error", "warning", "info", "debug"):
            raise ConfigError(f"{_name('log_level')}: {self.log_level!r} is no level")
        exposed = self.host not in _LOOPBACK and not self.tls_certificate
        if exposed and not self.allow_plaintext:
            raise ConfigError(
                f"{_name('host')}: {self.host} is not this machine and there is no TLS; set"
                f" {_name('tls_certificate')} and {_name('tls_private_key')}, or"
                f" {_name('allow_plaintext')}=1 behind a proxy that ends TLS"
            )

    def secret(self) -> str:
        """Answer the gateway's own key. Raises ConfigError when there is none."""
        if self.key:
            return self.key.strip()
        if not self.key_file:
            raise ConfigError(
                f"{_name('key_file')}: the gateway needs a key of scope gateway; make one with"
                f" `grid admin` and set {_name('key')} or {_name('key_file')}"
            )
        try:
            return Path(self.key_file).read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise ConfigError(
                f"{_name('key_file')}: cannot read {self.key_file} ({problem.strerror})"
            ) from None


def _name(field_name: str) -> str:
    return PREFIX + field_name.upper()


def load_config(
    arguments: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> Config:
    """Answer the settings: flags first, then variables, then defaults.

    Raises ConfigError naming the setting, also for a variable that begins with the prefix and
    names no setting.
    """
    parser = argparse.ArgumentParser(prog="grid-gateway", description=__doc__.splitlines()[0])
    hints = get_type_hints(Config)
    fields = {item.name: item for item in dataclasses.fields(Config)}
    for name, item in fields.items():
        flag = "--" + name.replace("_", "-")
        text = f"{item.metadata['help']} [{_name(name)}]"
        if hints[name] is bool:
            parser.add_argument(flag, action="store_const", const="1", help=text)
        else:
            parser.add_argument(flag, help=text)
    flags = {key: value for key, value in vars(parser.parse_args(arguments)).items() if value}
    for variable in environment:
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX).lower() not in fields:
            raise ConfigError(f"{variable}: there is no such setting; see grid-gateway --help")
    given = {name: flags.get(name) or environment.get(_name(name), "") for name in fields}
    values = {name: _parse(name, hints[name], text) for name, text in given.items() if text != ""}
    return Config(**values)


def _parse(name: str, kind: type, text: str) -> Any:
    if kind is bool:
        if text.lower() not in ("0", "1", "true", "false", "on", "off", "yes", "no"):
            raise ConfigError(f"{_name(name)}: {text!r} is neither on nor off")
        return text.lower() in ("1", "true", "on", "yes")
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{_name(name)}: {text!r} is not {what}") from None
