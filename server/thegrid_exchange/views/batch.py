"""One batch on its way to SQL: its rows, the state right after the last of them, and look-ups.

Orders and lots that closed inside the batch have left the state; their last record is kept here.
"""

from collections.abc import Sequence

from thegrid_exchange.engine.events import LotClosed, LotMinted, OrderAccepted, OrderClosed
from thegrid_exchange.engine.records import Lot, Order
from thegrid_exchange.engine.state import State
from thegrid_exchange.journal.protocol import Row

EVENTS_PER_ROW = 1 << 20
"""More than the events of one command ever are; makes one rising number of row and place."""


class Batch:
    """The rows of one commit."""

    def __init__(self, rows: Sequence[Row], state: State) -> None:
        self.rows, self.state = rows, state
        self._orders: dict[str, Order] = {}
        self._lots: dict[str, Lot] = {}
        for row in rows:
            for event in row.events:
                kind = type(event)
                if kind is OrderClosed or kind is OrderAccepted:
                    self._orders[event.order.order_id] = event.order
                elif kind is LotClosed or kind is LotMinted:
                    self._lots[event.lot.lot_id] = event.lot

    def order(self, order_id: str) -> Order:
        """The order as it stands after the batch, or as it was when it closed inside it."""
        order = self.state.orders.get(order_id)
        return order if order is not None else self._orders[order_id]

    def lot(self, lot_id: str) -> Lot:
        """The Lot as it stands after the batch, or as it was when it closed inside it."""
        lot = self.state.lots.get(lot_id)
        return lot if lot is not None else self._lots[lot_id]
