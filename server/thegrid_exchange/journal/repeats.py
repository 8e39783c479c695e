"""Which request ids were answered lately, so that a repeat gets the first answer and runs nothing.
The answers themselves stay in the journal; here is only where to find them.
"""

from hashlib import blake2b

from thegrid_exchange.journal.protocol import RequestSeen

GENERATIONS = 4
"""Parts of the horizon; ids are forgotten a part at a time, so up to a quarter late."""


def request_key(actor: str, request_id: str) -> bytes:
    """Sixteen bytes that stand for one actor's request id."""
    return blake2b(f"{actor}\0{request_id}".encode(), digest_size=16).digest()


def born_us(request_id: str) -> int | None:
    """When a UUIDv7 says it was made, in microseconds; None for an id of any other make."""
    digits = request_id.replace("-", "")
    if len(request_id) != 36 or len(digits) != 32 or digits[12] != "7":
        return None
    try:
        return int(digits[:12], 16) * 1_000
    except ValueError:
        return None


class Repeats:
    """Request key -> seq of the row that answered, for at least the horizon."""

    def __init__(self, horizon_us: int, most_ids: int) -> None:
        self.horizon_us = horizon_us
        self._most_ids = most_ids
        self._span_us = max(horizon_us // GENERATIONS, 1)
        self._parts: list[tuple[int, dict[bytes, int]]] = [(0, {})]

    def find(self, key: bytes) -> int | None:
        """The seq that answered this request, or None."""
        for _, part in reversed(self._parts):
            if (seq := part.get(key)) is not None:
                return seq
        return None

    def remember(self, key: bytes, seq: int, at_us: int) -> None:
        """Note that the row `seq`, stamped `at_us`, answered this request."""
        number = at_us // self._span_us
        if number > self._parts[-1][0]:
            self._parts.append((number, {}))
            oldest = number - GENERATIONS
            self._parts = [part for part in self._parts if part[0] >= oldest]
        self._parts[-1][1][key] = seq

    def forget(self, key: bytes, seq: int) -> None:
        """Let the request run anew; a row other than `seq` that has answered it since stays."""
        for _, part in self._parts:
            if part.get(key) == seq:
                del part[key]

    def load(self, seen: RequestSeen) -> None:
        """Note a request that the journal already holds."""
        self.remember(request_key(seen.actor, seen.request_id), seen.seq, seen.at_us)

    def is_full(self) -> bool:
        """Whether no further id can be remembered until old ones are forgotten."""
        return sum(len(part) for _, part in self._parts) >= self._most_ids

    def is_expired(self, request_id: str, at_us: int) -> bool:
        """Whether the id shows that it was made before anything remembered here."""
        born = born_us(request_id)
        return born is not None and born < at_us - self.horizon_us
