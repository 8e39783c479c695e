"""The private stream without loss or repetition: nothing is ever left out of it.
Nothing here calls or waits; the public streams are in `follow_market`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from thegrid.errors import GridError, from_status
from thegrid.follow import AskAgain, Gap
from thegrid.v1 import accounts_pb2

AccountOut = accounts_pb2.AccountEvent | Gap
_OF_USAGE = ("usage", "dispute", "late_report")


@dataclass
class AccountFollower:
    """Follows the private stream: nothing is left out, so the sequence must be contiguous."""

    resume_token: str = ""
    last: int | None = None
    missing: Gap | None = field(default=None, init=False)
    response_type = accounts_pb2.StreamAccountResponse

    def unresolved(self) -> list[str]:
        """Nothing: the private stream names no market when it is opened."""
        return []

    def resolve(self, symbol: str, market_id: str) -> None:
        """Nothing, as nothing is unresolved."""

    def request(self) -> accounts_pb2.StreamAccountRequest:
        """Return a request that resumes after the last event."""
        return accounts_pb2.StreamAccountRequest(resume_token=self.resume_token)

    def take(self, frame: accounts_pb2.StreamAccountResponse) -> Iterable[AccountOut]:
        """Return events in order, each once, and gaps where there were any."""
        for event in frame.events:
            yield from self._event(event)

    def recover(self, error: GridError) -> bool:
        """A token that the exchange refuses, such as one of months ago, is given up for a snapshot.

        What that leaves out is told as a gap.
        """
        if error.reason != "RESUME_TOKEN_INVALID" or not self.resume_token:
            return False
        self.resume_token = ""
        return True

    def _event(self, event: accounts_pb2.AccountEvent) -> Iterable[AccountOut]:
        kind = event.WhichOneof("payload")
        if kind == "stream_end":
            raise from_status(event.stream_end.status, "StreamAccount")
        if kind == "snapshot":
            yield from self._snapshot(event)
            return
        is_heartbeat = kind == "heartbeat"
        if self.last is not None:
            if event.sequence <= self.last and not is_heartbeat:
                return
            self._demand(event.sequence - (0 if is_heartbeat else 1))
        if self.missing is not None and not is_heartbeat:
            yield self.missing._replace(healed=event.sequence == self.missing.from_sequence)
            self.missing = None
        self._stand(event)
        yield event

    def _demand(self, before: int) -> None:
        """Ask again when an event up to `before` is missing, unless that was just tried."""
        assert self.last is not None
        if before > self.last and self.missing is None:
            self.missing = Gap("", 0, self.last + 1, before, False)
            raise AskAgain

    def _snapshot(self, event: accounts_pb2.AccountEvent) -> Iterable[AccountOut]:
        if self.last is not None and event.sequence > self.last:
            yield Gap("", 0, self.last + 1, event.sequence, False)
        self.missing = None
        self._stand(event)
        yield event

    def _stand(self, event: accounts_pb2.AccountEvent) -> None:
        self.last = event.sequence
        self.resume_token = event.resume_token or self.resume_token


@dataclass
class UsageFollower(AccountFollower):
    """Follows the private stream for what is told of usage: records, and what came after them."""

    def take(self, frame: accounts_pb2.StreamAccountResponse) -> Iterable[AccountOut]:
        """Return events of usage in order, each once, and gaps where there were any."""
        for item in super().take(frame):
            if isinstance(item, Gap) or item.WhichOneof("payload") in _OF_USAGE:
                yield item
