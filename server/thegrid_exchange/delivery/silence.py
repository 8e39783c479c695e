"""Silence in a stream: a supplier that sends nothing although it may, a client that reads nothing.
Either ends the delivery, so that nobody holds a slot or a reservation for ever.
"""

from collections.abc import Callable

from thegrid_exchange.delivery.answer import Answer
from thegrid_exchange.delivery.attempt import Attempt
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.timers import Timer, Timers


class SilenceWatch:
    """Looks again whenever either side could have been silent for too long."""

    def __init__(
        self,
        timers: Timers,
        limits: DeliveryLimits,
        attempt: Attempt,
        answer: Answer,
        finish: Callable[[str], None],
    ) -> None:
        self._timers, self._limits = timers, limits
        self._attempt, self._answer, self._finish = attempt, answer, finish
        self._timer: Timer | None = None
        self._look()

    def cancel(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        supplier_left_us = self._limits.supplier_silence_us - self._attempt.silent_us()
        client_left_us = self._limits.client_silence_us - self._answer.kept_waiting_us()
        if supplier_left_us <= 0:
            self._finish("supplier_silent")
        elif client_left_us <= 0:
            self._finish("client_silent")
        else:
            left_us = min(supplier_left_us, client_left_us)
            self._timer = self._timers.after(left_us, self._look)
