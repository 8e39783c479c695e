"""What goes into the sequencer and what comes out: a call and its waiters, answers and errors.
In which order calls run is the sequencer's affair.
"""

import asyncio
import hashlib
from typing import Any, NamedTuple

from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.journal.repeats import request_key


class Committed(NamedTuple):
    """A durable answer: the row's place and stamp, the reply and what happened."""

    seq: int
    at_us: int
    reply: Any
    events: tuple[Any, ...]
    repeated: bool
    """Whether this is the first answer given again to a repeated request id."""


class SequencerError(Exception):
    """The command was not run, or its outcome is unknown."""


class Draining(SequencerError):
    """The exchange is going down in good order, and takes nothing new."""


class Stopped(SequencerError):
    """The exchange stopped before the answer was durable; only a restart tells the outcome."""


class Overloaded(SequencerError):
    """The queue is full."""

    def __init__(self, retry_after_us: int) -> None:
        super().__init__(f"the queue is full; retry after {retry_after_us} us")
        self.retry_after_us = retry_after_us


class RequestConflict(SequencerError):
    """The request id was used before with another body."""


class RequestExpired(SequencerError):
    """The request id is older than the horizon inside which repeats are recognised."""


class InternalFault(SequencerError):
    """An unexpected fault; nothing was changed. `reference` finds it in the log."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"internal fault {reference}")
        self.reference = reference


class Limits(NamedTuple):
    """Bounds of the sequencer; the defaults of configuration are the same."""

    batch_commands: int = 1_000
    batch_bytes: int = 1_000_000
    waiting_commands: int = 10_000
    overload_retry_us: int = 100_000
    clock_jump_us: int = 0
    """Greatest step between two stamps that is believed; 0 believes any."""


class Call:
    """One command on its way, and everyone who waits for its answer."""

    __slots__ = ("actor", "command", "hash", "key", "payload", "request_id", "waiters")

    def __init__(
        self, command: Any, payload: bytes, actor: str, request_id: str, request_hash: bytes
    ) -> None:
        self.command = command
        self.payload = payload
        self.actor = actor
        self.request_id = request_id
        self.hash = request_hash or hashlib.sha256(payload).digest()[:16]
        self.key = request_key(actor, request_id) if request_id else b""
        self.waiters: list[asyncio.Future[Committed | SequencerError]] = []

    def answer(self) -> "asyncio.Future[Committed | SequencerError]":
        """A future of the waiter's own, so that a caller who leaves takes nobody with him."""
        waiter: asyncio.Future[Committed | SequencerError]
        waiter = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        return waiter

    def settle(self, outcome: Committed | SequencerError) -> None:
        """Give every waiter the outcome."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(outcome)

    def refuse_other_body(self, request_hash: bytes) -> None:
        """Raise RequestConflict unless a first request had this very body."""
        if request_hash != self.hash:
            raise RequestConflict(f"request {self.request_id} was used before with another body")


def asks_for_repeat(reply: Any) -> bool:
    """Whether a reply is a refusal that says when to come back; it is no answer to keep."""
    return isinstance(reply, Refusal) and reply.retry_after_us is not None
