"""The whole exchange in a process of its own that kills itself at one stage of a delivery.

Run as `python tests/support/dying_exchange.py STAGE FILE serve …`; it lives until FILE is there,
and all behind FILE is for `grid-exchange`. Stages that can be seen from outside need no help: there
the test kills the process itself.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from thegrid_exchange import __main__
from thegrid_exchange.journal.store import SqlJournal
from thegrid_exchange.sequencer import Sequencer

PROGRAM = (sys.executable, __file__)


_armed = Path(sys.argv[2]) if len(sys.argv) > 2 else Path()


def _die_if_armed() -> None:
    if _armed.is_file():
        os.kill(os.getpid(), signal.SIGKILL)


def _around_submit(kind: str, *, after: bool) -> None:
    real = Sequencer.submit

    async def submit(self: Sequencer, command: Any, **asked: Any) -> Any:
        if type(command).__name__ != kind:
            return await real(self, command, **asked)
        if not after:
            _die_if_armed()
        answer = await real(self, command, **asked)
        _die_if_armed()
        return answer

    Sequencer.submit = submit  # type: ignore[method-assign]


def _around_append(kind: str, *, after: bool) -> None:
    real = SqlJournal.append

    async def append(self: SqlJournal, rows: Any, statements: Any = ()) -> None:
        if all(row.kind != kind for row in rows):
            await real(self, rows, statements)
            return
        if not after:
            _die_if_armed()
        await real(self, rows, statements)
        _die_if_armed()

    SqlJournal.append = append  # type: ignore[method-assign]


STAGES: dict[str, Callable[[], None]] = {
    "before_reserve": lambda: _around_submit("Reserve", after=False),
    "reserve_not_durable": lambda: _around_append("Reserve", after=False),
    "reserved": lambda: _around_submit("Reserve", after=True),
    "before_report": lambda: _around_submit("Report", after=False),
    "report_not_durable": lambda: _around_append("Report", after=False),
    "settled": lambda: _around_append("Report", after=True),
}
"""Before the command reaches the engine; after the engine ran it and before the disk has it; after
that and before anybody is told.
"""

if __name__ == "__main__":
    STAGES[sys.argv[1]]()
    del sys.argv[1:3]
    sys.exit(__main__.main())
