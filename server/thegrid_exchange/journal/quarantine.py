"""Commands that broke an invariant once and are refused from then on.
Noticing the break is the sequencer's; this only knows them again.
"""

from collections.abc import Iterable

from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.journal.protocol import Quarantined

REFUSAL = Refusal(
    "COMMAND_QUARANTINED",
    "request_id",
    "this very command broke an invariant of the exchange and is refused ever since; "
    "report it to the operator",
)


class Quarantine:
    """A command with a request id is known by it; one without, by its bytes and the row before."""

    def __init__(self, entries: Iterable[Quarantined]) -> None:
        self._named = {(e.actor, e.request_id) for e in entries if e.request_id}
        self._nameless = {(e.actor, e.after_seq, e.command) for e in entries if not e.request_id}

    def holds(self, actor: str, request_id: str, after_seq: int, command: bytes) -> bool:
        """Whether this command must not run, now that the last row is `after_seq`."""
        if request_id:
            return (actor, request_id) in self._named
        return (actor, after_seq, command) in self._nameless
