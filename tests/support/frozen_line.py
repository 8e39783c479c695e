"""A line between client and server that can be frozen: it stays open and carries nothing more.
What a frozen peer looks like cannot be scripted inside a server.
"""

import socket
import threading
from types import TracebackType


class FrozenLine:
    """Forwards connections to a target until it is frozen."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._is_frozen = threading.Event()
        self._is_closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def freeze(self) -> None:
        """Carry nothing more, and close nothing."""
        self._is_frozen.set()

    def __enter__(self) -> "FrozenLine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_closed.set()
        for end in (self._listener, *self._ends):
            end.close()

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                if self._is_frozen.is_set():
                    self._is_closed.wait()
                    return
                sink.sendall(data)
        except OSError:
            return
