"""What an order session keeps in mind: which commands wait for which result.
The streams themselves are in `aio/order_session.py` and `sync/order_session.py`.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from thegrid.errors import GridError, Unavailable, from_status
from thegrid.identifiers import new_request_id
from thegrid.v1 import trading_pb2

Waiter = TypeVar("Waiter")

Step = trading_pb2.BatchItem | trading_pb2.ReplaceQuotesRequest
"""What a session runs: a single step, or the replacement of quotes."""

# What the contract allows in one frame.
FRAME_COMMANDS = 500


class Pending(Generic[Waiter]):
    """Numbers commands and finds who waits for each."""

    def __init__(self) -> None:
        self._next_seq = 1
        self._waiting: dict[int, tuple[Waiter, str]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, item: Step, request_id: str, waiter: Waiter) -> trading_pb2.OrderSessionCommand:
        """Return the command for a step, and remember who waits for it."""
        command = trading_pb2.OrderSessionCommand(
            client_seq=self._next_seq, request_id=request_id or new_request_id()
        )
        if isinstance(item, trading_pb2.BatchItem):
            command.item.CopyFrom(item)
        else:
            command.quotes.CopyFrom(item)
            command.quotes.request_id = command.request_id
        self._waiting[self._next_seq] = (waiter, command.request_id)
        self._next_seq += 1
        return command

    def answered(
        self, result: trading_pb2.OrderSessionResult
    ) -> tuple[Waiter, GridError | None] | None:
        """Return who waited for a result and its refusal, if it is one; None for a stray."""
        waiting = self._waiting.pop(result.client_seq, None)
        if waiting is None:
            return None
        waiter, request_id = waiting
        if result.result.HasField("error"):
            return waiter, from_status(result.result.error, "OrderSession", request_id)
        return waiter, None

    def lost(self, error: GridError | None) -> Iterator[tuple[Waiter, GridError]]:
        """Return everyone who still waits, each with an error that names his request id.

        Whether their commands ran is not known; a repeat with the same id finds out safely.
        """
        waiting, self._waiting = self._waiting, {}
        cause = error.message if error else "the session was closed"
        code = error.code if error else "CANCELLED"
        for waiter, request_id in waiting.values():
            yield (
                waiter,
                Unavailable(
                    f"the session ended before the answer came ({cause}); "
                    "repeat with the same request id",
                    code=code,
                    reason=error.reason if error else "",
                    request_id=request_id,
                    method="OrderSession",
                ),
            )
