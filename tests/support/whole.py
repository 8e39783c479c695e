"""The whole exchange as a process of its own, started as its users start it; it can be killed.
What goes through it is written elsewhere.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

SERVE = (sys.executable, "-m", "thegrid_exchange", "serve")
START_TIMEOUT_S = 60.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Whole:
    """One life of an exchange process on a data folder."""

    living: ClassVar[list["Whole"]] = []
    """Every life that was begun; `end_all` leaves none of them."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int) -> None:
        self.process, self.folder, self.port = process, folder, port
        self.seq = 0
        """The last durable row when it said that it was ready."""
        self.living.append(self)

    @classmethod
    async def spawn(
        cls, folder: Path, port: int = 0, *, program: Sequence[str] = SERVE, **settings: object
    ) -> "Whole":
        """Start the process and answer at once; settings are flags of `grid-exchange serve`."""
        flags = {"grpc_port": port, "operator_port": 0, "data": folder, **settings}
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GRID_")}
        with (folder.parent / f"{folder.name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=log, env=environment
            )
        return cls(process, folder, port)

    @classmethod
    async def start(cls, folder: Path, port: int = 0, **settings: Any) -> "Whole":
        """Start the process and wait until it serves."""
        whole = await cls.spawn(folder, port, **settings)
        await whole.ready()
        return whole

    async def ready(self) -> None:
        """Wait for the line that says where it serves."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), START_TIMEOUT_S)
        if not line.startswith(b"READY "):
            await self.process.wait()
            raise AssertionError(f"it did not start: {self.log()[-2_000:]}")
        told = dict(word.split("=", 1) for word in line.decode().split()[1:])
        self.port = int(told["grpc"].rpartition(":")[2])
        self.seq = int(told["seq"])

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def operator_key(self) -> str:
        return (self.folder / "operator.key").read_text().strip()

    def log(self) -> str:
        """What all lives on this folder have logged."""
        return (self.folder.parent / f"{self.folder.name}.log").read_text()

    def rss_bytes(self) -> int:
        """Memory that the process holds."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    async def exited(self, timeout_s: float = 30.0) -> int:
        """The exit code, once the process ends by itself; one that does not is killed."""
        try:
            return await asyncio.wait_for(self.process.wait(), timeout_s)
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"it does not end: {self.log()[-2_000:]}") from None

    async def kill(self) -> None:
        """End it as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    @classmethod
    async def end_all(cls) -> None:
        """Kill what a failed test has left behind."""
        while cls.living:
            whole = cls.living.pop()
            if whole.process.returncode is None:
                await whole.kill()

    async def stop(self) -> int:
        """End it in good order; answers the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.exited(60)


async def grid_exchange(*arguments: object) -> tuple[int, str]:
    """Run a command of `grid-exchange` to its end; answers exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "thegrid_exchange",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={k: v for k, v in os.environ.items() if not k.startswith("GRID_")},
    )
    said, _ = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode is not None
    return process.returncode, said.decode()
