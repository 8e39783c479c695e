"""The lock that keeps a data folder to one exchange, held by the operating system until death.
It guards processes of one machine; between machines the lease row does.
"""

import fcntl
import os
from pathlib import Path

from thegrid_exchange.journal.protocol import JournalError, JournalLocked


class FolderLock:
    """An exclusive lock on `exchange.lock`, a side file that names the owner's process id."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "exchange.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises JournalLocked naming the process that holds it."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(
                f"{self.path}: cannot be opened ({error.strerror}); "
                "choose a data folder that this user may write"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise JournalLocked(
                f"{self.path.parent}: another exchange (process {owner}) uses this data folder; "
                "stop it or choose another folder with GRID_DATA"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; the file stays, empty, so that nobody can lock one that is being deleted."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
