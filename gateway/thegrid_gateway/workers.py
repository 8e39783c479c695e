"""Several worker processes on one port: starts them, starts them again, and ends them together.

What a worker does is in `app.py`; each is the same command with one worker.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from thegrid_gateway.metrics import SHARED_FOLDER

WORKER = "_THEGRID_GATEWAY_WORKER"
"""Variable with the number of a worker, set by the process that started it."""

BAD_SETTING = 2
"""Exit code for a setting that has no sense; a worker that ends so is not started again."""

_RESTART_PAUSE_S = 1.0
_POLL_S = 0.05


class Workers:
    """The processes of one gateway."""

    def __init__(self, arguments: Sequence[str], port: int, count: int) -> None:
        self._command = [sys.executable, "-m", "thegrid_gateway", *arguments]
        # Later flags win, so these hold whatever the first ones said.
        self._command += ["--port", str(port), "--workers", "1"]
        self._count = count
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._due_s: dict[int, float] = {}
        """When each worker that ended is started again, by the steady clock."""
        self._is_ending = False

    def run(self) -> int:
        """Run until a signal ends the gateway; answers the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        folder = tempfile.mkdtemp(prefix="thegrid-gateway-")
        try:
            for index in range(self._count):
                self._start(index, folder)
            return self._watch(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _start(self, index: int, folder: str) -> None:
        environment = {**os.environ, WORKER: str(index), SHARED_FOLDER: folder}
        self._running[index] = subprocess.Popen(
            self._command, env=environment, start_new_session=True
        )
        if self._is_ending:  # told so in between
            self._running[index].terminate()

    def _watch(self, folder: str) -> int:
        worst = 0
        while self._running or self._due_s:
            for index, process in tuple(self._running.items()):
                code = process.poll()
                if code is None:
                    continue
                del self._running[index]
                # Its gauges, such as calls that run, say nothing true any more.
                mark_process_dead(process.pid, folder)  # type: ignore[no-untyped-call]
                if code == BAD_SETTING:
                    self._end_all()
                if self._is_ending:
                    # A worker that is told to end before it listens for that is no failure.
                    worst = max(worst, 0 if code == -signal.SIGTERM else abs(code))
                else:
                    print(f"grid-gateway: worker {index} ended with {code}", file=sys.stderr)
                    self._due_s[index] = time.monotonic() + _RESTART_PAUSE_S
            self._start_due(folder)
            time.sleep(_POLL_S)
        return worst

    def _start_due(self, folder: str) -> None:
        """Start again who ended a while ago; not while all are ending."""
        if self._is_ending:
            self._due_s.clear()
        for index, due_s in tuple(self._due_s.items()):
            if time.monotonic() >= due_s:
                del self._due_s[index]
                self._start(index, folder)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._end_all()

    def _end_all(self) -> None:
        self._is_ending = True
        for process in tuple(self._running.values()):
            process.terminate()
