"""Where the exchange is and who is calling: from arguments, else from GRID_* variables.
What is done over the connection stands elsewhere.
"""

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Protocol

import grpc

from thegrid.policy import rules

DEFAULT_TARGET = "127.0.0.1:50051"
_LOOPBACK = ("127.", "localhost", "[::1]", "unix:")
_ON = ("1", "on", "true", "yes")
_OFF = ("0", "off", "false", "no")


class Credentials(Protocol):
    """What a call presents: metadata made afresh for every attempt of every call."""

    def metadata(self, path: str, body: bytes) -> tuple[tuple[str, str], ...]:
        """Return metadata for a call of the method at `path` with this serialised request.

        Streams give an empty body."""
        ...


@dataclass(frozen=True)
class ApiKey:
    """The secret of a key, presented as a bearer token."""

    secret: str = field(repr=False)

    def metadata(self, path: str, body: bytes) -> tuple[tuple[str, str], ...]:
        """Return the authorization header; without a secret, nothing."""
        return (("authorization", f"Bearer {self.secret}"),) if self.secret else ()


@dataclass(frozen=True)
class Call:
    """One finished attempt, as told to an observer: no request, no secret, no content."""

    method: str
    request_id: str
    attempt: int
    code: str
    duration_s: float


@dataclass(frozen=True)
class Settings:
    """How a client reaches the exchange.

    `root_certificates` set, or `is_secure`, means TLS; loopback addresses are plaintext unless
    asked otherwise, and no other address is plaintext unless asked.
    """

    target: str
    credentials: Credentials = field(default_factory=lambda: ApiKey(""))
    is_secure: bool = False
    root_certificates: bytes | None = field(default=None, repr=False)
    client_certificate: bytes | None = field(default=None, repr=False)
    client_private_key: bytes | None = field(default=None, repr=False)
    timeout_s: float | None = None
    user_agent: str = ""
    observer: Callable[[Call], None] | None = None

    def channel_options(self) -> list[tuple[str, str | int]]:
        """Return gRPC's options: pings that notice a frozen peer, and our own repeats only."""
        keepalive = rules()
        agent = f"thegrid-python/{version()} python/{platform.python_version()}"
        return [
            ("grpc.keepalive_time_ms", keepalive.keepalive_time_ms),
            ("grpc.keepalive_timeout_ms", keepalive.ping_timeout_ms),
            # C-core waits a minute for a lost ping unless this is set as well.
            ("grpc.http2.ping_timeout_ms", keepalive.ping_timeout_ms),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.enable_retries", 0),
            # A client that is closed and made again must not share a dying connection.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.primary_user_agent", f"{self.user_agent} {agent}".strip()),
        ]

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return TLS credentials, with the client's own certificate where one is set."""
        return grpc.ssl_channel_credentials(
            self.root_certificates, self.client_private_key, self.client_certificate
        )


def version() -> str:
    """Return the version of this package, or `unknown` outside an installation."""
    try:
        return metadata.version("thegrid")
    except metadata.PackageNotFoundError:
        return "unknown"


def load_settings(
    target: str | None = None,
    api_key: str | None = None,
    *,
    tls: bool | str | Path | None = None,
    timeout_s: float | None = None,
    user_agent: str = "",
    credentials: Credentials | None = None,
    observer: Callable[[Call], None] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Return settings from arguments, else from GRID_GRPC, GRID_API_KEY and GRID_TLS.

    `target` is `host:port`, or with a scheme `http://` (plaintext) or `https://` (TLS). `tls` is
    True, False, or the path of a file of root certificates. Raises ValueError naming the setting.
    """
    place, wants_tls = _place(target or environment.get("GRID_GRPC") or DEFAULT_TARGET)
    secure, roots = _tls(environment.get("GRID_TLS", "") if tls is None else tls)
    if secure is None:
        secure = wants_tls if wants_tls is not None else not place.startswith(_LOOPBACK)
    secret = environment.get("GRID_API_KEY", "") if api_key is None else api_key
    if not secret.isascii() or any(c.isspace() for c in secret.strip()):
        raise ValueError("GRID_API_KEY: a key is one word of ASCII; copy it whole, without blanks")
    if timeout_s is not None and timeout_s <= 0:
        raise ValueError(f"timeout_s: {timeout_s} is no time to wait; give seconds above 0")
    return Settings(
        target=place,
        credentials=credentials or ApiKey(secret.strip()),
        is_secure=secure,
        root_certificates=roots,
        timeout_s=timeout_s,
        user_agent=user_agent,
        observer=observer,
    )


def _place(target: str) -> tuple[str, bool | None]:
    for scheme, secure in (("https://", True), ("http://", False)):
        if target.startswith(scheme):
            return _with_port(target.removeprefix(scheme).rstrip("/")), secure
    return _with_port(target), None


def _with_port(place: str) -> str:
    host, colon, port = place.rpartition(":")
    if not place.startswith("unix:") and (not colon or not host or not port.isdigit()):
        raise ValueError(f"GRID_GRPC: {place!r} is no address; write host:port")
    return place


def _tls(tls: bool | str | Path) -> tuple[bool | None, bytes | None]:
    """Return whether TLS is asked for (None: not said) and the root certificates, if any."""
    if isinstance(tls, bool):
        return tls, None
    if tls == "":
        return None, None
    if str(tls).lower() in _ON + _OFF:
        return str(tls).lower() in _ON, None
    try:
        return True, Path(tls).read_bytes()
    except OSError as problem:
        raise ValueError(
            f"GRID_TLS: {tls} is neither on, off, nor a readable file of root certificates "
            f"({problem.strerror})"
        ) from None
