"""Child processes: started with a log of their own, watched, and stopped in good order.
Which processes there are, and when they are ready, is told by `run`.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_LAUNCH = "thegrid.cli.up.launch"
_KEPT = (
    "GRID_CLOCK_OFFSET_S",
    "GRID_DATABASE_URL",
    "GRID_LOG_LEVEL",
    "GRID_GATEWAY_LOG_LEVEL",
)
_LOG_MAX_BYTES = 16 << 20


class ChildDied(Exception):
    """A process ended that should not have; the message ends with its last words."""


class Child:
    """One process of ours."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log_file: Path
    ) -> None:
        self.name = name
        self._arguments = [sys.executable, "-m", *arguments]
        self._environment = {**_inherited(), **environment}
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._began_bytes = 0
        self.starts = 0

    def start(self) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches only its parent."""
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        if self._log_file.exists() and self._log_file.stat().st_size > _LOG_MAX_BYTES:
            self._log_file.replace(self._log_file.with_suffix(".log.1"))
        with self._log_file.open("ab") as log:
            self._began_bytes = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", _LAUNCH, *self._arguments],
                env={**self._environment, "GRID_UP_PARENT": str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.starts += 1

    @property
    def is_running(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def require(self) -> None:
        """Raise ChildDied unless the process runs."""
        if self.is_running or self._process is None:
            return
        raise ChildDied(
            f"the {self.name} ended with status {self._process.returncode}\n"
            f"{self.last_words()}\nits whole log: {self._log_file}"
        )

    def last_words(self, lines: int = 8) -> str:
        """Return the last lines that the process wrote since its start."""
        with self._log_file.open("rb") as log:
            log.seek(self._began_bytes)
            text = log.read().decode("utf-8", "replace")
        return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])

    def ask_to_stop(self) -> None:
        """Ask the process to drain and end."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, grace_s: float) -> bool:
        """Wait for the end; kill what outlives the grace. Tell whether it ended by itself."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, grace_s))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True


def _inherited() -> dict[str, str]:
    """Return our own environment, less the settings that were meant for another exchange."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GRID_") or name in _KEPT
    }


def stop(children: Sequence[Child], grace_s: float) -> list[str]:
    """Stop processes together; return the names of those that had to be killed."""
    for child in children:
        child.ask_to_stop()
    ends_at_s = time.monotonic() + grace_s
    return [child.name for child in children if not child.wait(ends_at_s - time.monotonic())]
