"""Events of reference indexes: what goes into them, and what comes out.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.records import IndexInput, IndexWindow, ReferenceIndex


class IndexInputsSet(NamedTuple):
    """Inputs of one window now read so; `window` is there when they are its first."""

    inputs: tuple[IndexInput, ...]
    window: IndexWindow | None = None


class ReferenceIndexSet(NamedTuple):
    """A window's index, provisional or final; `latest` is the instrument's latest by now."""

    reference_index: ReferenceIndex
    window: IndexWindow
    latest: ReferenceIndex


class IndexInputsForgotten(NamedTuple):
    """Inputs of a final index that the rules need no longer; `is_last`: the window goes as well."""

    window_id: str
    trade_ids: tuple[str, ...]
    is_last: bool
