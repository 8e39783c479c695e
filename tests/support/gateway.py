"""A real gateway for tests: uvicorn on a free port, inside the test's own loop or as a process.

What stands behind it, the stand-in or the real exchange, is the test's choice.
"""

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from thegrid_gateway.command import Server, bind, build_server
from thegrid_gateway.config import Config


@dataclass
class RunningGateway:
    """A gateway that serves."""

    server: Server
    config: Config
    port: int
    serving: "asyncio.Task[None]"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    async def stop(self) -> None:
        """Drain and end, as SIGTERM does."""
        self.server.should_exit = True
        await self.serving


@contextlib.asynccontextmanager
async def running_gateway(target: str, key: str, **settings: Any) -> AsyncIterator[RunningGateway]:
    """Run a gateway in front of the exchange at `target` until the block ends."""
    config = Config(**{"port": 0, "grpc": target, "key": key, "grace_s": 2.0} | settings)
    bound: socket.socket = bind(config)
    server = build_server(config)
    serving = asyncio.ensure_future(server._serve([bound]))
    running = RunningGateway(server, config, bound.getsockname()[1], serving)
    try:
        await _until_ready(running)
        yield running
    finally:
        await running.stop()


async def _until_ready(running: RunningGateway) -> None:
    async with asyncio.timeout(10):
        while not running.server.started:
            if running.serving.done():
                await running.serving
            await asyncio.sleep(0.005)


async def stream_text(
    http: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> tuple[str, Exception | None]:
    """Answer what came of a stream's body, and what broke it."""
    text = ""
    async with http.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200, (body, await answer.aread())
        try:
            async for piece in answer.aiter_text():
                text += piece
        except httpx.TransportError as broken:
            return text, broken
    return text, None


def events_of(text: str) -> list[tuple[str, Any]]:
    """Answer the events of a stream, comments as an event of their own."""
    found = []
    for block in text.strip().split("\n\n"):
        if block.startswith(":"):
            found.append(("comment", block))
            continue
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


@contextlib.asynccontextmanager
async def gateway_process(
    *arguments: str, stderr: Any = None, **variables: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run the command; answers the process and the address it says it serves at."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRID_")}
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "thegrid_gateway",
        *arguments,
        env={**kept, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
    )
    try:
        assert running.stdout is not None
        async with asyncio.timeout(20):
            line = (await running.stdout.readline()).decode()
        assert line.startswith("READY base_url=")
        yield running, line.strip().removeprefix("READY base_url=")
    finally:
        if running.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                running.kill()
        await running.communicate()


async def until_ready(http: httpx.AsyncClient, origin: str) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await http.get(origin + "/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.02)
