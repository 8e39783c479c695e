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

from thegrid_gateway.metrics import SHARED_FOLDER

WORKER = "_THEGRID_GATEWAY_WORKER"
"""Variable with the number of a worker, set by the process that started it."""

_RESTART_PAUSE_S = 1.0


class Workers:
    """The processes of one gateway."""

    def __init__(self, arguments: Sequence[str], port: int, count: int) -> None:
        self._command = [sys.executable, "-m", "thegrid_gateway", *arguments]
        # Later flags win, so these hold whatever the first ones said.
        self._command += ["--port", str(port), "--workers", "1"]
        self._count = count
        self._running: dict[int, subprocess.Popen[bytes]] = {}
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

    def _watch(self, folder: str) -> int:
        worst = 0
        while self._running:
            for index, process in tuple(self._running.items()):
                code = process.poll()
                if code is None:
                    continue
                del self._running[index]
                if not self._is_ending:
                    print(f"grid-gateway: worker {index} ended with {code}", file=sys.stderr)
                    time.sleep(_RESTART_PAUSE_S)
                    self._start(index, folder)
                else:
                    worst = max(worst, abs(code))
            time.sleep(0.05)
        return worst

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._is_ending = True
        for process in tuple(self._running.values()):
            process.terminate()
