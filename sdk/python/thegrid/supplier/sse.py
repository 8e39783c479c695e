"""Server-sent events, read from bytes as they come, however they are cut.

What the events mean is the reader's business.
"""

_EVENT_MAX_BYTES = 16 * 1024 * 1024


class EventTooLong(ValueError):
    """An event is longer than any answer is."""


class EventReader:
    """Cuts a stream of bytes into the data of its events.

    Lines end with LF or CRLF; comments and all fields but `data` are passed over.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Answer the data of the events that `piece` completes. Raises EventTooLong."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _EVENT_MAX_BYTES:
            raise EventTooLong(f"an event is longer than {_EVENT_MAX_BYTES} bytes")
        events: list[bytes] = []
        for line in lines:
            if line.endswith(b"\r"):
                line = line[:-1]
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data = []
        return events

    def finish(self) -> list[bytes]:
        """Answer the data of an event that the end of the stream completes."""
        return self.feed(b"\n\n")
