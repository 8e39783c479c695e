"""A window of bytes that one side grants and the other spends.
Who counts which bytes is told in the contract; this module only keeps the sum and the time.
"""


class Window:
    """Bytes that may still be sent. The last message may overdraw it, since messages are whole."""

    __slots__ = ("_closed_at_us", "_closed_us", "_opened_at_us", "left_bytes")

    def __init__(self, left_bytes: int, at_us: int = 0) -> None:
        self.left_bytes = left_bytes
        self._closed_us = 0
        self._opened_at_us = at_us
        self._closed_at_us: int | None = at_us if left_bytes <= 0 else None

    @property
    def is_open(self) -> bool:
        """Whether one more message may be sent."""
        return self.left_bytes > 0

    @property
    def closed_since_us(self) -> int | None:
        """When it closed; None while it is open."""
        return self._closed_at_us

    def spend(self, spent_bytes: int, at_us: int = 0) -> None:
        """Count a message that was sent."""
        self.left_bytes -= spent_bytes
        if self.left_bytes <= 0 and self._closed_at_us is None:
            self._closed_at_us = at_us

    def grant(self, granted_bytes: int, at_us: int = 0) -> None:
        """Let more be sent."""
        self.left_bytes += granted_bytes
        if self.left_bytes > 0 and self._closed_at_us is not None:
            self._closed_us += at_us - self._closed_at_us
            self._closed_at_us = None
            self._opened_at_us = at_us

    def open_us(self, at_us: int) -> int:
        """How long it has been open without a break."""
        return at_us - self._opened_at_us if self.is_open else 0

    def closed_us(self, at_us: int) -> int:
        """How long nothing might be sent, up to now."""
        still = at_us - self._closed_at_us if self._closed_at_us is not None else 0
        return self._closed_us + still
