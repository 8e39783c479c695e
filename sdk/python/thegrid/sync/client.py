# Made by `make proto` from thegrid/aio/client.py; edit that file instead.
"""The client: one connection, and the nouns of the exchange as its attributes.
What each noun can do stands in its own file.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from google.protobuf.message import Message

from thegrid.delivering import (
    Embeddings,
    Inputs,
    Request,
    count_request,
    embedding_request,
)
from thegrid.settings import Call, Credentials, Settings, load_settings
from thegrid.sync.accounts import Accounts
from thegrid.sync.admin import Admin
from thegrid.sync.channel import Channel
from thegrid.sync.deliveries import Delivery, deliver
from thegrid.sync.history import History
from thegrid.sync.instruments import Instruments
from thegrid.sync.market_data import MarketData
from thegrid.sync.members import Members
from thegrid.sync.notices import Notices
from thegrid.sync.order_session import OrderSession
from thegrid.sync.orders import Orders
from thegrid.sync.performance import Performance
from thegrid.sync.supply import Supply
from thegrid.sync.transport import Transport
from thegrid.sync.usage import Usage
from thegrid.v1 import delivery_pb2

Response = TypeVar("Response", bound=Message)


class Client:
    """A connection to the exchange.

    Without arguments it takes GRID_GRPC, GRID_API_KEY and GRID_TLS from the environment. Loopback
    addresses are plaintext, all others TLS, unless `tls` says otherwise. Use it as a context
    manager, or close it. Every error of a call is a `thegrid.GridError`.
    """

    def __init__(
        self,
        target: str | None = None,
        api_key: str | None = None,
        *,
        tls: bool | str | Path | None = None,
        timeout_s: float | None = None,
        user_agent: str = "",
        credentials: Credentials | None = None,
        observer: Callable[[Call], None] | None = None,
        settings: Settings | None = None,
        channel: Channel | None = None,
    ) -> None:
        self.settings = settings or load_settings(
            target,
            api_key,
            tls=tls,
            timeout_s=timeout_s,
            user_agent=user_agent,
            credentials=credentials,
            observer=observer,
        )
        self._transport = Transport(self.settings, channel or Channel(self.settings))
        self.instruments = Instruments(self._transport)
        self.market_data = MarketData(self._transport)
        self.orders = Orders(self._transport)
        self.accounts = Accounts(self._transport)
        self.history = History(self._transport)
        self.usage = Usage(self._transport)
        self.performance = Performance(self._transport)
        self.supply = Supply(self._transport)
        self.members = Members(self._transport)
        self.notices = Notices(self._transport)
        self.admin = Admin(self._transport)

    def deliver(
        self,
        instrument: str,
        request: Request,
        *,
        max_output_tokens: int | None = None,
        max_price_micros: int | None = None,
        only_suppliers: Iterable[str] = (),
        ignore_suppliers: Iterable[str] = (),
        preferences: delivery_pb2.DeliveryPreferences | None = None,
        delivery_id: str = "",
        timeout_s: float | None = None,
    ) -> Delivery:
        """Begin a call of a model: a request whole, a prompt, or pairs of role and text.

        Iterate over the answer for its events, or ask it for its `text()`. `max_price_micros`
        bounds what is paid per Unit if Units must be bought for it. `preferences` says more of
        who may serve and whether to hedge; the other arguments are added to it. A `delivery_id`
        of your own makes a repeat safe: it never runs or bills twice.
        """
        return deliver(
            self._transport,
            instrument,
            request,
            max_output_tokens=max_output_tokens,
            max_price_micros=max_price_micros,
            only_suppliers=only_suppliers,
            ignore_suppliers=ignore_suppliers,
            preferences=preferences,
            delivery_id=delivery_id,
            timeout_s=timeout_s,
        )

    def embed(
        self,
        instrument: str,
        inputs: Inputs,
        *,
        dimensions: int | None = None,
        max_price_micros: int | None = None,
        preferences: delivery_pb2.DeliveryPreferences | None = None,
        delivery_id: str = "",
        timeout_s: float | None = None,
    ) -> Embeddings:
        """Return the vectors of a text, or of texts, each as it is or as tokens.

        The instrument must answer embeddings; `dimensions` asks for shorter vectors where it has
        them. The other arguments are those of `deliver`.
        """
        with self.deliver(
            instrument,
            embedding_request(instrument, inputs, dimensions),
            max_price_micros=max_price_micros,
            preferences=preferences,
            delivery_id=delivery_id,
            timeout_s=timeout_s,
        ) as delivery:
            return delivery.embeddings()

    def count_tokens(
        self,
        instrument: str,
        request: Request,
        *,
        timeout_s: float | None = None,
    ) -> delivery_pb2.CountTokensResponse:
        """Count the prompt of a request as the exchange would bill it; nothing is bought or run."""
        asked = count_request(instrument, request)
        return self.call(asked, delivery_pb2.CountTokensResponse, timeout_s)

    def cancel_delivery(self, delivery: str) -> str:
        """End a running delivery by its id or its usage record's; return the record's id."""
        asked = delivery_pb2.CancelDeliveryRequest(id=delivery)
        return (self.call(asked, delivery_pb2.CancelDeliveryResponse)).usage_id

    def order_session(
        self, session_id: str = "", *, cancel_on_disconnect: bool = False
    ) -> OrderSession:
        """Open a stream for many orders at once; use it as a context manager."""
        return OrderSession(self._transport, session_id, cancel_on_disconnect)

    def call(
        self, request: Message, response_type: type[Response], timeout_s: float | None = None
    ) -> Response:
        """Run any unary method of the contract, under the same rules as the nouns."""
        return self._transport.call(request, response_type, timeout_s)

    def close(self) -> None:
        """End the connection and everything open on it. Closing twice is no error."""
        self._transport.channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
