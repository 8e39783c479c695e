# Made by `make proto` from thegrid/aio/deliveries.py; edit that file instead.
"""One call of a model, bought and delivered over the exchange, for ordinary users of the SDK.
Gateways, which carry many calls at once, use `thegrid.session`.
"""

from collections.abc import Iterable
from types import TracebackType

from thegrid.delivering import Answer, Embeddings, Request, delivery_request
from thegrid.errors import GridError
from thegrid.sync.channel import Incoming
from thegrid.sync.transport import Transport
from thegrid.v1 import delivery_pb2, usage_pb2


class Delivery:
    """Iterate over its events; close it, or use it as a context manager, to cancel it.

    Events come only as fast as they are taken. A delivery that does not come to its good end
    raises GridError with the usage record, if there is one; it is never silently short.
    """

    def __init__(self, incoming: Incoming[delivery_pb2.DeliverResponse], delivery_id: str) -> None:
        self._incoming = incoming
        self._answer = Answer(delivery_id)

    @property
    def delivery_id(self) -> str:
        """Id of the delivery, `dlv_…`."""
        return self._answer.delivery_id

    @property
    def started(self) -> delivery_pb2.DeliveryStarted | None:
        """What serves the call, once a supplier has taken it."""
        return self._answer.started

    @property
    def usage(self) -> usage_pb2.UsageRecord | None:
        """The usage record, once the call has ended."""
        return self._answer.usage

    @property
    def receipt(self) -> usage_pb2.Receipt | None:
        """The same record, signed by the exchange; `thegrid.receipts.verify` checks it."""
        return self._answer.receipt

    def __iter__(self) -> "Delivery":
        return self

    def __next__(self) -> delivery_pb2.DeliveryEvent:
        while True:
            event = self._answer.next_event()
            if event is not None:
                return event
            if self._answer.is_over:
                self.close()
                raise StopIteration
            self._advance()

    def text(self) -> str:
        """Run to the end and return what the first choice says."""
        for _ in self:
            pass
        return self._answer.text()

    def texts(self) -> list[str]:
        """Run to the end and return what each choice says, by index."""
        for _ in self:
            pass
        return self._answer.texts()

    def embeddings(self) -> Embeddings:
        """Run a call for embeddings to its end and return what it came to."""
        for _ in self:
            pass
        return self._answer.embeddings()

    def __enter__(self) -> "Delivery":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel the delivery if it still runs. Closing twice is no error."""
        self._incoming.cancel()

    def __del__(self) -> None:
        # A forgotten call would keep a supplier's slot until its reservation ends.
        if hasattr(self, "_incoming"):
            self._incoming.cancel()

    def _advance(self) -> None:
        try:
            self._answer.take(self._incoming.read())
        except GridError as error:
            error.request_id = error.request_id or self._answer.delivery_id
            error.usage = error.usage or self._answer.usage
            self.close()
            raise
        except BaseException:
            self.close()
            raise


def deliver(
    transport: Transport,
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
    """Begin a call: `request` is a request whole, a prompt, or pairs of role and text.

    `max_price_micros` bounds what is paid per Unit if Units must be bought for it. `preferences`
    says more of who may serve and whether to hedge; the arguments here are added to it. A
    `delivery_id` of your own makes a repeat safe: it never runs or bills twice.
    """
    asked = delivery_request(
        instrument,
        request,
        max_output_tokens=max_output_tokens,
        max_price_micros=max_price_micros,
        only_suppliers=only_suppliers,
        ignore_suppliers=ignore_suppliers,
        preferences=preferences,
        delivery_id=delivery_id,
    )
    span_s = timeout_s or transport.timeout_s("thegrid.v1.DeliveryService")
    incoming = transport.stream(asked, delivery_pb2.DeliverResponse, span_s)
    return Delivery(incoming, asked.open.delivery_id)
