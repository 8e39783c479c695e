"""The command `grid-gateway`: serves until it is told to stop, then drains.

What a worker does is in `app.py`, how several share a port in `workers.py`.
"""

import asyncio
import functools
import logging
import os
import signal
import socket
import sys
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from thegrid_gateway.app import Gateway, exchange_settings
from thegrid_gateway.config import Config, ConfigError, load_config
from thegrid_gateway.protocol import LimitedProtocol
from thegrid_gateway.workers import BAD_SETTING, WORKER, Workers

_PARENT_INTERVAL_S = 1.0


class Server(uvicorn.Server):
    """One worker's server: not ready as soon as it is told to stop, and then drained."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say where."""
        await super().startup(sockets)
        if self.started and os.environ.get(WORKER, "0") == "0":
            config = self._gateway.config
            scheme = "https" if config.tls_certificate else "http"
            port = self.servers[0].sockets[0].getsockname()[1]
            print(f"READY base_url={scheme}://{config.host}:{port}/v1", flush=True)
        if self.started and WORKER in os.environ:
            self._watch_parent(os.getppid())

    def _watch_parent(self, parent: int) -> None:
        """Drain when the process that started this worker is gone: nobody else would end it."""
        if os.getppid() != parent:
            self.handle_exit(signal.SIGTERM, None)
            return
        asyncio.get_running_loop().call_later(_PARENT_INTERVAL_S, self._watch_parent, parent)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Say that the worker is draining; end when load balancers had time to see it.

        Ending so is no failure, so the signal is not raised again; a second one does not wait.
        """
        delay_s = 0.0 if self._gateway.is_draining else self._gateway.config.drain_delay_s
        self.force_exit = self._gateway.is_draining and sig == signal.SIGINT
        self._gateway.is_draining = True
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # not yet running
            self._end()
            return
        # A signal handler runs between two steps of the loop, which must be told of the timer.
        loop.call_soon_threadsafe(loop.call_later, delay_s, self._end)

    def _end(self) -> None:
        self.should_exit = True


def build_server(config: Config) -> Server:
    """Answer the server of one worker; it listens on the sockets that its `serve` is given."""
    gateway = Gateway(config)
    return Server(
        uvicorn.Config(
            _with_origins(gateway, config),
            http=functools.partial(LimitedProtocol, config),  # type: ignore[arg-type]
            ws="none",
            interface="asgi3",
            lifespan="on",
            log_level=config.log_level,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=int(config.keep_alive_s),
            timeout_graceful_shutdown=max(1, int(config.grace_s)),
            ssl_certfile=config.tls_certificate or None,
            ssl_keyfile=config.tls_private_key or None,
        ),
        gateway,
    )


def _with_origins(gateway: Gateway, config: Config) -> ASGIApp:
    """Let pages of other origins call, where the operator names them."""
    origins = [origin.strip() for origin in config.cors_origins.split(",") if origin.strip()]
    if not origins:
        return gateway
    return CORSMiddleware(
        gateway,
        allow_origins=origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["*"],
        expose_headers=["*"],
    )


def bind(config: Config) -> socket.socket:
    """Answer a socket bound as configured, which workers may share. Raises OSError."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if config.workers > 1 or WORKER in os.environ:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((config.host, config.port))
    except OSError:
        bound.close()
        raise
    return bound


def main() -> None:
    """Run the gateway. Exits with 2 when a setting has no sense, naming it."""
    try:
        config = load_config(sys.argv[1:])
        exchange_settings(config)
    except ValueError as fault:
        _refuse(str(fault))
    logging.basicConfig(level=config.log_level.upper(), format="%(levelname)s %(name)s %(message)s")
    try:
        bound = bind(config)
    except OSError as problem:
        place = f"{config.host}:{config.port}"
        _refuse(
            f"GRID_GATEWAY_PORT: cannot listen on {place} ({problem.strerror}); choose another port"
        )
    if config.workers > 1:
        port = bound.getsockname()[1]
        raise SystemExit(Workers(sys.argv[1:], port, config.workers).run())
    try:
        server = build_server(config)
    except ConfigError as fault:
        _refuse(str(fault))
    server.run(sockets=[bound])


def _refuse(message: str) -> NoReturn:
    print(f"grid-gateway: {message}", file=sys.stderr)
    raise SystemExit(BAD_SETTING)
