"""A whole market, started as a user starts it: `grid up` with free ports and a folder of its own.

What is traded in it is the test's affair.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

READY = re.compile(r"^READY base_url=(\S+) api_key=(\S+) grpc=(\S+)$")
STOP_WITHIN_S = 60.0


class House(NamedTuple):
    """Where a market is reached, and the key of its demo consumer."""

    base_url: str
    api_key: str
    grpc: str
    data: Path
    pid: int = 0

    def environment(self) -> dict[str, str]:
        """The variables from which every SDK and `grid` read where the exchange is."""
        return os.environ | {"GRID_GRPC": self.grpc, "GRID_API_KEY": self.api_key}

    def logs(self) -> str:
        """The last lines of every process, for a test that failed."""
        files = sorted((self.data / "logs").glob("*.log"))
        return "\n".join(f"== {file.name}\n{file.read_text('utf-8')[-3000:]}" for file in files)


@contextlib.contextmanager
def grid_up(data: Path, *options: str, **variables: str) -> Iterator[House]:
    """Start a market, yield it when it is READY, and stop it in good order."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GRID_")}
    arguments = ["--data", str(data), "--http-port", "0", "--grpc-port", "0", *options]
    with subprocess.Popen(
        [sys.executable, "-m", "thegrid.cli", "up", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment | {"PYTHONUNBUFFERED": "1"} | variables,
    ) as process:
        try:
            yield _ready(process, data)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _ready(process: subprocess.Popen[str], data: Path) -> House:
    """Read until the line that says where the market is; `grid up` gives up by itself."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := READY.match(line.rstrip()):
            base_url, api_key, grpc = found.groups()
            return House(base_url, api_key, grpc, data, process.pid)
    house = House("", "", "", data)
    raise AssertionError(f"grid up ended:\n{''.join(said)}\n{house.logs()}")
