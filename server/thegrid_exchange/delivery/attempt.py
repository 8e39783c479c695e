"""One try at one supplier: its slot, its window and its times.
What its parts come to is the answer's; what follows when it fails, the call's.
"""

from typing import Protocol

from thegrid_exchange.delivery.parts import Failure, FailureKind, Offered, Part
from thegrid_exchange.delivery.suppliers import Slot
from thegrid_exchange.delivery.timers import Timer
from thegrid_exchange.delivery.verdict import Timing
from thegrid_exchange.delivery.windows import Window
from thegrid_exchange.engine import records

WINDOW_SLACK_BYTES = 262_144
"""By so much a supplier may overdraw its window: the one message that is under way."""

_CAUSES: dict[FailureKind, str] = {
    "refused": "supplier_refused",
    "client_fault": "client_fault",
    "failed": "supplier_failed",
}


class Host(Protocol):
    """The call that an attempt is made for."""

    def steady_us(self) -> int:
        """Now, on the steady clock."""
        ...

    def fits(self, part: Part) -> bool:
        """Whether a part can be one of the answer that was asked for."""
        ...

    def on_first_token(self, attempt: "Attempt") -> None:
        """The supplier's first token has come."""
        ...

    def on_part(self, attempt: "Attempt", part: Part) -> None:
        """A part of the answer has come."""
        ...

    def on_end(self, attempt: "Attempt") -> None:
        """The supplier's own end has come."""
        ...

    def on_failed(self, attempt: "Attempt", cause: str, failure: Failure | None) -> None:
        """The attempt has failed."""
        ...


class Attempt:
    """One try, from the frame handed over to its end."""

    __slots__ = (
        "_closed_at_first_us",
        "_closed_at_last_us",
        "_duration_us",
        "_first_us",
        "_handed_us",
        "_host",
        "_last_us",
        "_outcome",
        "_released_bytes",
        "_window",
        "_window_bytes",
        "accepted",
        "by_supplier",
        "deadline",
        "is_hedge",
        "is_over",
        "is_released",
        "kept",
        "slot",
    )

    def __init__(
        self, host: Host, slot: Slot, window_bytes: int, *, is_hedge: bool = False
    ) -> None:
        self._host = host
        self.slot, self.is_hedge = slot, is_hedge
        self.deadline: Timer | None = None
        """Strikes when no first token has come in time."""
        self.kept: list[Part] = []
        """What came before the first token: whether it is ever shown is open till then."""
        self._outcome = ""
        self._duration_us: int | None = None
        self._window = Window(window_bytes)
        self._window_bytes = window_bytes
        self._released_bytes = 0
        self._handed_us = host.steady_us()
        self._first_us: int | None = None
        self._last_us: int | None = None
        self._closed_at_first_us = self._closed_at_last_us = 0
        self.accepted = False
        """Whether the supplier has answered at all."""
        self.is_over = False
        """Whether the supplier will say no more, or is not listened to any more."""
        self.is_released = False
        """Whether its slot was given back."""
        self.by_supplier: records.TokenCounts | None = None

    @property
    def supplier_id(self) -> str:
        """Who serves."""
        return self.slot.link.supplier_id

    @property
    def is_streaming(self) -> bool:
        """Whether a token has come."""
        return self._first_us is not None

    @property
    def stage(self) -> str:
        """How far it has come, as the table of endings calls it."""
        if self.is_streaming:
            return "streaming"
        return "accepted" if self.accepted else "offered"

    def keep(self, part: Part, most: int) -> bool:
        """Keep a part for later; False when there are too many."""
        self.kept.append(part)
        return len(self.kept) <= most

    def won(self) -> list[Part]:
        """It serves the call: no deadline any more; answers what was kept."""
        self._cancel_deadline()
        kept, self.kept = self.kept, []
        return kept

    def silent_us(self) -> int:
        """How long the supplier has said nothing although it might have."""
        if self.is_over or self._last_us is None or not self._window.is_open:
            return 0
        now_us = self._host.steady_us()
        since_us = max(self._last_us, now_us - self._window.open_us(now_us))
        return now_us - since_us

    def offer(self, offered: Offered) -> None:
        """Hand the delivery over."""
        self.slot.link.attempts[self.slot.number] = self
        self.slot.link.wire.open(self.slot.number, offered)

    def cancel(self, reason: str) -> None:
        """Tell the supplier to stop, unless it has ended by itself."""
        if not self.is_over:
            self.is_over = True
            self.slot.link.wire.cancel(self.slot.number, reason)

    def close(self, outcome: str, reason: str) -> None:
        """Note what came of it, and tell a supplier that has not ended to stop."""
        self._cancel_deadline()
        self.cancel(reason)
        self._outcome = outcome
        self._duration_us = self._host.steady_us() - self._handed_us

    def _cancel_deadline(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()

    def release(self, released_bytes: int) -> None:
        """Give window back, in portions, so that short answers cost no message."""
        self._released_bytes += released_bytes
        if self._released_bytes * 2 >= self._window_bytes and not self.is_over:
            self._window.grant(self._released_bytes, self._host.steady_us())
            self.slot.link.wire.grant(self.slot.number, self._released_bytes)
            self._released_bytes = 0

    def timing(self) -> Timing:
        """When things happened."""
        closed_us = self._closed_at_last_us - self._closed_at_first_us
        return Timing(self._handed_us, self._first_us, self._last_us, closed_us)

    def record(self) -> records.Attempt:
        """The attempt as the usage record shows it."""
        first_us = None if self._first_us is None else self._first_us - self._handed_us
        return records.Attempt(
            self.supplier_id,
            self._outcome,
            first_us,
            self._duration_us,
            self.is_hedge,
            self.slot.ask_price_micros,
        )

    # ---- what the supplier says ----------------------------------------------------------------

    def on_part(self, part: Part) -> None:
        """A part of the answer."""
        if self.is_over:
            return
        now_us = self._host.steady_us()
        if not self._host.fits(part):
            self._host.on_failed(self, "protocol_broken", None)
            return
        self.accepted = True
        if part.pieces:
            self._closed_at_last_us = self._window.closed_us(now_us)
            self._last_us = now_us
            if self._first_us is None:
                self._first_us = now_us
                self._closed_at_first_us = self._closed_at_last_us
                self._host.on_first_token(self)
        self._window.spend(part.released_bytes, now_us)
        if self._window.left_bytes < -WINDOW_SLACK_BYTES:
            self.cancel("window")
            self._host.on_failed(self, "protocol_broken", None)
            return
        self._host.on_part(self, part)

    def on_end(self, by_supplier: records.TokenCounts | None) -> None:
        """The supplier's own end of the answer."""
        if not self.is_over:
            self.is_over = True
            self.by_supplier = by_supplier
            self._host.on_end(self)

    def on_failure(self, kind: FailureKind, failure: Failure | None) -> None:
        """The supplier says that it failed or refuses."""
        if not self.is_over:
            self.is_over = True
            self._host.on_failed(self, _CAUSES[kind], failure)

    def on_lost(self) -> None:
        """The supplier's stream is gone."""
        if not self.is_over:
            self.is_over = True
            self._host.on_failed(self, "supplier_lost", None)
