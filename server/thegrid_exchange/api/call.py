"""The call at hand: who makes it and under which id, for whoever handles it.

It is set by the interceptor and lives as long as the call.
"""

from contextvars import ContextVar
from typing import NamedTuple

from thegrid_exchange.api.auth import Caller


class Call(NamedTuple):
    """One call on its way."""

    method: str
    request_id: str
    """The `x-request-id` that came with it, or one made here; it goes back in the metadata."""
    caller: Caller


_current: ContextVar[Call] = ContextVar("call")


def begin(call: Call) -> None:
    """Make this the call at hand of the running task."""
    _current.set(call)


def caller() -> Caller:
    """Who makes the call at hand; LookupError outside of one."""
    return _current.get().caller
