"""The gateway: rate, added latency and CPU per call, beside its floors and the bare upstream.

Each row is the same load over raw HTTP connections. CPU is that of each process, from the kernel.
The floors do no work but HTTP and gRPC; `stand-in` is the gateway in front of an exchange that
answers at once, `whole` the gateway, the real exchange with its journal on disk, the agent, and an
upstream.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.bench._load import request_bytes, run_load
from tests.bench.delivery import prepare, start_exchange
from tests.support.exchange import SYMBOL
from tests.support.remote_exchange import RemoteExchange

SATURATED = 32
PROMPT = "Say hello in five words."
KEY = "key_caller.secret"


@dataclass
class Setup:
    """What is loaded: its port, a caller's key, and the processes whose CPU counts."""

    name: str
    port: int
    key: str = KEY
    processes: dict[str, psutil.Process] = field(default_factory=dict)

    def cpu_s(self) -> dict[str, float]:
        """Answer the seconds of CPU of each process so far."""
        times = {name: process.cpu_times() for name, process in self.processes.items()}
        return {name: time.user + time.system for name, time in times.items()}


def free_port() -> int:
    """Answer a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def child(*arguments: str, ready: str = "READY", **variables: str) -> Iterator[psutil.Process]:
    """Run `python -m …` until the block ends; waits for the line that says it serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
    try:
        assert process.stdout is not None
        while ready and ready not in (line := process.stdout.readline()):
            if not line:
                raise RuntimeError(f"{arguments[0]} did not start")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def direct() -> Iterator[Setup]:
    """The upstream alone."""
    port = free_port()
    with child("tests.support.upstream", str(port)):
        yield Setup("direct to upstream", port)


@contextlib.contextmanager
def floor(kind: str) -> Iterator[Setup]:
    """One of the floors."""
    port, grpc_port = free_port(), free_port()
    with (
        child("tests.bench._floors", "supplier", str(grpc_port)),
        child("tests.bench._floors", kind, str(port), str(grpc_port), ready="") as process,
    ):
        wait_for(port)
        name = "floor: a stream for each" if kind == "each" else "floor: one session"
        yield Setup(name, port, processes={"gateway": process})


@contextlib.contextmanager
def gateway(target: str, key: str) -> Iterator[tuple[int, psutil.Process]]:
    """The gateway in front of an exchange."""
    port = free_port()
    variables = {"GRID_GATEWAY_KEY": key, "GRID_GRPC": target}
    with child("thegrid_gateway", "--port", str(port), **variables) as process:
        yield port, process


@contextlib.contextmanager
def stand_in() -> Iterator[Setup]:
    """The gateway in front of the stand-in."""
    grpc_port = free_port()
    with (
        child("tests.bench._stand_in", str(grpc_port)),
        gateway(f"127.0.0.1:{grpc_port}", KEY) as (port, process),
    ):
        yield Setup("gateway, stand-in", port, processes={"gateway": process})


@contextlib.contextmanager
def whole() -> Iterator[Setup]:
    """Everything there is."""
    up_port = free_port()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        exchange = start_exchange(folder)
        stack.callback(exchange.wait, 20)
        stack.callback(exchange.terminate)
        assert exchange.stdout is not None
        address = exchange.stdout.readline().split("grpc=")[1].split()[0]
        operator_key = (Path(folder) / "operator.key").read_text().strip()
        supplier, caller, house = asyncio.run(_prepare(address, operator_key))
        stack.enter_context(child("tests.support.upstream", str(up_port)))
        upstream = f"http://127.0.0.1:{up_port}/v1"
        agent = stack.enter_context(child("tests.bench._agent", address, supplier, upstream))
        port, process = stack.enter_context(gateway(address, house))
        processes = {
            "gateway": process,
            "exchange": psutil.Process(exchange.pid),
            "agent": agent,
        }
        yield Setup("gateway, whole", port, caller, processes)


async def _prepare(address: str, operator_key: str) -> tuple[str, str, str]:
    exchange = RemoteExchange(address, operator_key)
    supplier, consumer, house = await prepare(exchange)
    await exchange.channel.close()
    return supplier.secret, consumer.secret, house


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        with contextlib.suppress(psutil.TimeoutExpired):
            psutil.Process().wait(0.02)
    raise RuntimeError(f"nobody listens on {port}")


def measure(setup: Setup, calls: int) -> None:
    """Print the rows of one setup."""
    for stream, width, count in (
        (False, 1, calls // 4),
        (False, SATURATED, calls),
        (True, 1, calls // 8),
        (True, SATURATED, calls // 3),
    ):
        request = request_bytes(SYMBOL, setup.key, stream=stream, prompt=PROMPT)
        asyncio.run(run_load(setup.port, request, connections=width, calls=max(20, count // 10)))
        before = setup.cpu_s()
        load = asyncio.run(run_load(setup.port, request, connections=width, calls=count))
        spent = {name: after - before[name] for name, after in setup.cpu_s().items()}
        cpu = "  ".join(f"{name} {s / count * 1_000:.3f}" for name, s in spent.items())
        what = f"{'32 chunks' if stream else 'plain'}, x{width}"
        print(
            f"{setup.name:<25}{what:<16}{count / load.wall_s:>8.0f}"
            f"{load.millis(0.5):>8.2f}{load.millis(0.99):>8.2f}"
            f"{load.millis(0.5, 'first_s'):>8.2f}  {cpu}{f'  BAD {load.bad}' if load.bad else ''}",
            flush=True,
        )
    for name, process in setup.processes.items():
        print(f"{'':<25}{name}: {process.memory_info().rss >> 20} MB")


SETUPS = {
    "direct": direct,
    "floor-each": lambda: floor("each"),
    "floor-session": lambda: floor("session"),
    "stand-in": stand_in,
    "whole": whole,
}


def main(names: list[str], calls: int) -> None:
    """Measure the setups named."""
    print(f"{'':<41}{'calls/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'first':>8}  CPU ms/call")
    for name in names or SETUPS:
        with SETUPS[name]() as setup:
            measure(setup, calls)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("setups", nargs="*", help=f"which of {', '.join(SETUPS)}; none means all")
    parser.add_argument("--calls", type=int, default=4_000, help="plain calls when saturated")
    arguments = parser.parse_args()
    unknown = set(arguments.setups) - set(SETUPS)
    if unknown:
        parser.error(f"there is no setup {', '.join(sorted(unknown))}")
    main(arguments.setups, arguments.calls)
