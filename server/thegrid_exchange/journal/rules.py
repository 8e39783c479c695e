"""The running engine as one bundle, with the codec over all its record types.
Which rules there are is the engine's affair; this only gathers them for the durable core.
"""

from functools import lru_cache

from thegrid_exchange.engine import (
    RULES_VERSION,
    commands,
    events,
    invariants,
    records,
    refusals,
    replies,
)
from thegrid_exchange.engine.apply import fold
from thegrid_exchange.engine.state import State
from thegrid_exchange.engine.step import step
from thegrid_exchange.journal.codec import Codec, named_tuples
from thegrid_exchange.journal.protocol import Rules


@lru_cache(maxsize=1)
def running_rules() -> Rules:
    """The rules of this program's engine."""
    codec = Codec(named_tuples(commands, events, replies, refusals, records))
    return Rules(RULES_VERSION, step, fold, State, State.load, invariants.check, codec)
