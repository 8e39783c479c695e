"""What makes a repeat the same: the body of an order, and secrets shown a moment ago.

Which request ids were used, and for what, the sequencer knows.
"""

import hashlib
from collections import OrderedDict

import msgspec

from thegrid_exchange.engine.commands import (
    AmendOrder,
    BatchOrders,
    CancelOrder,
    PlaceOrder,
    ReplaceQuotes,
)

KEPT_SECRETS = 1_000

_encode = msgspec.msgpack.Encoder().encode


def order_hash(
    command: PlaceOrder | AmendOrder | CancelOrder | BatchOrders | ReplaceQuotes,
) -> bytes:
    """The hash of what is asked for; the session and the key it comes by are no part of that."""
    asked: object = command
    if isinstance(command, PlaceOrder):
        asked = _bare(command)
    elif isinstance(command, BatchOrders):
        asked = command._replace(items=tuple(map(_bare, command.items)))
    elif isinstance(command, ReplaceQuotes):
        asked = command._replace(quotes=tuple(map(_bare, command.quotes)))  # type: ignore[arg-type]
    return hashlib.sha256(_encode((type(command).__name__, asked))).digest()[:16]


def _bare(item: PlaceOrder | AmendOrder | CancelOrder) -> PlaceOrder | AmendOrder | CancelOrder:
    return item._replace(session_id="", key_id="") if isinstance(item, PlaceOrder) else item


class NewSecrets:
    """The latest secrets by their keyed hash, in memory alone, the oldest leaving first."""

    def __init__(self) -> None:
        self._secrets: OrderedDict[str, str] = OrderedDict()

    def keep(self, key_hash: str, secret: str) -> None:
        """Remember a secret that was just shown."""
        self._secrets[key_hash] = secret
        if len(self._secrets) > KEPT_SECRETS:
            self._secrets.popitem(last=False)

    def find(self, key_hash: str) -> str:
        """The secret with this hash, if this process made it, or empty."""
        return self._secrets.get(key_hash, "")
