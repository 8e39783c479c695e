"""Logs, places, checksums and books cut at a depth, without a server around them."""

from zlib import crc32

from thegrid_exchange.engine.book import Book
from thegrid_exchange.engine.records import Order
from thegrid_exchange.views.feed import Log, MarketFeed
from thegrid_exchange.views.pictures import picture_of

TEMPLATE = Order(
    *("ord", "mem", "mkt", "buy", "limit", "gtc", 0, 1, 1, 0, 0, 0, 0, "trading", 0, "", False),
    *(None, None, 0, False, "cancel_newest", "", "", 0, 0, 0),
)  # fmt: skip


class Bids:
    """A book of buys that tells which levels it touched."""

    def __init__(self) -> None:
        self.book, self.rank = Book(), 0
        self.orders: dict[int, Order] = {}

    def put(self, price_micros: int, units: int = 1) -> set[tuple[str, int]]:
        self.rank += 1
        order = TEMPLATE._replace(
            order_id=f"ord_{self.rank}",
            price_micros=price_micros,
            remaining_units=units,
            rank=self.rank,
        )
        self.book.follow(None, order)
        self.orders[price_micros] = order
        return {("buy", price_micros)}

    def drop(self, price_micros: int) -> set[tuple[str, int]]:
        self.book.follow(self.orders.pop(price_micros), None)
        return {("buy", price_micros)}


def test_places_are_found_by_sequence_and_lost_when_the_log_moved_on() -> None:
    log = Log(3, 10)
    assert log.place_after(10) == 0
    for sequence in (12, 13, 17, 20):
        log.append(sequence, 0, None)
    assert [entry.prev_sequence for entry in log.entries] == [12, 13, 17]
    assert log.base == 1
    assert log.place_after(10) is None
    assert log.place_after(11) is None
    assert [log.place_after(each) for each in (12, 13, 16, 17, 20)] == [1, 2, 2, 3, 4]
    assert log.place_after(21) is None
    assert log.at(2).sequence == 17


def test_a_waiting_reader_is_woken_and_a_rendered_entry_is_dropped_with_it() -> None:
    log, woken = Log(2, 0), list[int]()
    log.waiting.add(lambda: woken.append(1))
    for sequence in range(1, 5):
        log.append(sequence, 0, None)
        log.rendered[log.end - 1] = b"x"
    assert len(woken) == 4
    assert set(log.rendered) == {2, 3}


def test_the_checksum_runs_over_ten_levels_of_each_side() -> None:
    bids = Bids()
    for price in range(1, 15):
        bids.put(price)
    text = "|".join(f"{price}:1" for price in range(14, 4, -1))
    assert picture_of(bids.book).checksum == crc32(text.encode())
    assert picture_of(bids.book, 2).checksum == crc32(text.encode())
    assert len(picture_of(bids.book, 2).bids) == 2


def test_logs_chain_by_channel_and_share_one_sequence() -> None:
    bids, feed = Bids(), MarketFeed("mkt", 100, 5)
    book_log, status_log = feed.log("book", 0, bids.book), feed.log("status", 0, bids.book)
    feed.add_book(bids.put(7), bids.book, 1)
    feed.add_status("halted", 2)
    feed.add_book(bids.drop(7), bids.book, 3)
    assert [(each.prev_sequence, each.sequence) for each in book_log.entries] == [(5, 6), (6, 8)]
    assert [(each.prev_sequence, each.sequence) for each in status_log.entries] == [(5, 7)]
    assert book_log.at(1).content.bids[0].quantity_units == 0
    assert feed.place_after(status_log, 8) == status_log.end
    assert feed.place_after(status_log, 9) is None


def test_a_cut_book_tells_nothing_of_what_happens_below_it() -> None:
    bids, feed = Bids(), MarketFeed("mkt", 100, 0)
    for price in (30, 20):
        bids.put(price)
    log = feed.log("book", 2, bids.book)
    feed.add_book(bids.put(10), bids.book, 1)
    assert not log.entries
    feed.add_book(bids.drop(30), bids.book, 2)
    [entry] = log.entries
    assert [(level[0], level[1]) for level in entry.content.bids] == [(30, 0), (10, 1)]
    assert (entry.prev_sequence, entry.sequence) == (0, 2)


def test_nobody_reading_costs_no_log() -> None:
    bids, feed = Bids(), MarketFeed("mkt", 100, 0)
    feed.add_book(bids.put(10), bids.book, 1)
    feed.add_trades([], 1)
    assert feed.sequence == 1
    assert not feed.logs
