"""Ways to find suppliers, what they sold, and reference indexes; derived as all of `indices` is.

What a supplier may do is decided in `rules.supply` and `rules.collateral`.
"""

from bisect import insort
from collections import Counter, defaultdict

from thegrid_exchange.engine.ordered import SortedKeys
from thegrid_exchange.engine.quantities import value_micros
from thegrid_exchange.engine.records import (
    Admission,
    IndexInput,
    IndexWindow,
    Parcel,
    SupplierLink,
)


class SupplyIndices:
    """Look-ups of suppliers and of reference indexes."""

    def __init__(self) -> None:
        super().__init__()
        self.admissions_of: defaultdict[str, list[str]] = defaultdict(list)
        """Instruments a supplier is admitted to."""
        self.suppliers_of: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Suppliers ever admitted to an instrument."""
        self.links_of: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Relays that a supplier was ever linked to."""
        self.sold_micros: Counter[tuple[str, str]] = Counter()
        """What waits in an issuer's escrow, by issuer and instrument."""
        self.index_deadlines: SortedKeys[tuple[int, str]] = SortedKeys()
        """Windows of reference indexes by their next step (wall clock)."""
        self.index_trades: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Trades that go into an index, by window."""
        self.index_prices: defaultdict[str, Counter[int]] = defaultdict(Counter)
        """Tokens by price that go into an index, by window."""

    def follow_sold(self, parcel: Parcel, ended_tokens: int, sign: int) -> None:
        """Add what waits in escrow for the rest of a parcel, or take it away."""
        price_micros = parcel.issue_price_micros
        left_micros = price_micros * parcel.quantity_units
        left_micros -= value_micros(price_micros, ended_tokens)
        key = (parcel.issuer_id, parcel.instrument_id)
        self.sold_micros[key] += sign * left_micros
        if not self.sold_micros[key]:
            del self.sold_micros[key]

    def follow_admissions(
        self, key: tuple[str, str], old: Admission | None, new: Admission | None
    ) -> None:
        """Instruments by supplier."""
        member_id, instrument_id = key
        if new is not None and old is None:
            insort(self.admissions_of[member_id], instrument_id)
            self.suppliers_of[instrument_id].add(member_id)
        elif new is None:
            self.admissions_of[member_id].remove(instrument_id)
            self.suppliers_of[instrument_id].remove(member_id)

    def follow_supplier_links(
        self, key: tuple[str, str], old: SupplierLink | None, new: SupplierLink | None
    ) -> None:
        """Relays by supplier."""
        member_id, relay_id = key
        _present(self.links_of[member_id], relay_id, old, new)

    # ---- reference indexes ---------------------------------------------------------------------

    def follow_index_windows(
        self, window_id: str, old: IndexWindow | None, new: IndexWindow | None
    ) -> None:
        """When indexes are set."""
        if old is not None:
            self.index_deadlines.remove((old.due_us, window_id))
        if new is not None:
            self.index_deadlines.add((new.due_us, window_id))

    def follow_index_inputs(
        self, key: tuple[str, str], old: IndexInput | None, new: IndexInput | None
    ) -> None:
        """Trades of a window, and its tokens by price."""
        window_id, trade_id = key
        _present(self.index_trades[window_id], trade_id, old, new)
        prices = self.index_prices[window_id]
        for each, sign in ((old, -1), (new, 1)):
            if each is not None:
                prices[each.price_micros] += sign * each.tokens
                if not prices[each.price_micros]:
                    del prices[each.price_micros]
        if not prices:
            del self.index_prices[window_id], self.index_trades[window_id]


def _present(keys: SortedKeys[str], key: str, old: object, new: object) -> None:
    if (old is None) == (new is None):
        return
    if new is not None:
        keys.add(key)
    else:
        keys.remove(key)
