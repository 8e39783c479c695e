"""An exchange in another process, seen as tests see the one they run themselves.
How the process is started is written elsewhere.
"""

import itertools
from typing import Any

import grpc.aio

from tests.support.exchange import Exchange


class RemoteExchange(Exchange):
    """An exchange in another process, whose clock nobody moves."""

    def __init__(self, address: str, operator_key: str, first_number: int = 1) -> None:
        """`first_number` keeps request ids apart from those of an earlier life."""
        channel = grpc.aio.insecure_channel(address)
        nothing: Any = None
        super().__init__(nothing, nothing, operator_key, channel)
        self._numbers = itertools.count(first_number)
        self._address = address

    @property
    def target(self) -> str:
        return self._address
