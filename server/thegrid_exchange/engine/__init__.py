"""The engine: the rules of the market as a pure function of state, command and time.

No clock, randomness, input, output or logging comes in here; only the standard library is used.
"""

from typing import Final

RULES_VERSION: Final = 4
"""Rises whenever the same command on the same state may bring other events or another reply."""
