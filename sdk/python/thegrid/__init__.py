"""The Grid from Python: clients for trading, market data, accounts and delivery.
The exchange and the gateway are other packages; nothing of theirs is imported here.
"""

from typing import TYPE_CHECKING

from thegrid.book import Book, Level
from thegrid.errors import GridError
from thegrid.follow import Gap, StreamState
from thegrid.identifiers import new_delivery_id, new_request_id
from thegrid.money import MICROS_PER_DOLLAR, TOKENS_PER_UNIT, dollars, micros
from thegrid.order_book import BookOrder, OrderBook
from thegrid.orders import amend_item, cancel_item, order_terms, place_item, quotes_item
from thegrid.settings import ApiKey, Call, Credentials, Settings, load_settings

if TYPE_CHECKING:
    from thegrid.aio.client import AsyncClient
    from thegrid.sync.client import Client

__all__ = [
    "MICROS_PER_DOLLAR",
    "TOKENS_PER_UNIT",
    "ApiKey",
    "AsyncClient",
    "Book",
    "BookOrder",
    "Call",
    "Client",
    "Credentials",
    "Gap",
    "GridError",
    "Level",
    "OrderBook",
    "Settings",
    "StreamState",
    "amend_item",
    "cancel_item",
    "dollars",
    "load_settings",
    "micros",
    "new_delivery_id",
    "new_request_id",
    "order_terms",
    "place_item",
    "quotes_item",
]


def __getattr__(name: str) -> object:
    # Gateways and agents need the messages and errors only, so the clients load when asked for.
    if name == "AsyncClient":
        from thegrid.aio.client import AsyncClient

        return AsyncClient
    if name == "Client":
        from thegrid.sync.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
