"""The reference index: what was delivered in a window, and the price in the middle of it.

Every input is kept; the middle is found by laying the tokens out in order of their price.
"""

from tests.oracle.books import Books
from tests.oracle.orders import affiliated

Window = tuple[str, int]
"""Instrument and beginning."""


def index_price(books: Books, instrument: str) -> int:
    """The latest price there was; 0 before the first."""
    return books.indexes.get(instrument, (0, 0))[1]


def note_delivered(
    books: Books,
    owner: str,
    instrument: str,
    opened: int,
    server: str,
    used: list[tuple[object, ...]],
) -> None:
    """Count the tokens of a call in spec for the trades that its owner bought them by."""
    counted = [
        (trade, cost, tokens)
        for issuer, trade, cost, kin, tokens in used
        if not kin
        and not affiliated(books, owner, str(issuer))
        and not affiliated(books, owner, server or str(issuer))
    ]
    if not counted:
        return
    window = window_of(books, instrument, opened)
    inputs = dict(books.inputs.get(window, {}))
    for trade, cost, tokens in counted:
        before = inputs.get(str(trade), (0, 0))[1]
        inputs[str(trade)] = (cost, before + tokens)  # type: ignore[assignment,operator]
    books.inputs[window] = inputs
    end = window[1] + books.figure("index_window_us")
    books.windows.setdefault(window, ("provisional", end))


def window_of(books: Books, instrument: str, opened: int) -> Window:
    """The window in which a call was opened; the present one once that is final."""
    length = books.figure("index_window_us")
    window = (instrument, opened // length * length)
    if window in books.windows:
        is_open = books.windows[window][0] != "forgotten"
    else:
        latest = books.indexes.get(instrument, (-1, 0))[0]
        final = window[1] + length + books.figure("index_final_after_us")
        is_open = latest < window[1] and final > books.now
    return window if is_open else (instrument, books.now // length * length)


def set_due(books: Books) -> None:
    """Set the indexes whose time has come: provisional first, final later."""
    while due := sorted(
        (at, f"{window[0]}/{window[1]}", window)
        for window, (_, at) in books.windows.items()
        if at <= books.now
    ):
        window = due[0][2]
        status = books.windows[window][0]
        set_index(books, window, status)
        if status == "final":
            del books.windows[window], books.inputs[window]
            continue
        end = window[1] + books.figure("index_window_us")
        books.windows[window] = ("final", end + books.figure("index_final_after_us"))


def set_index(books: Books, window: Window, status: str) -> None:
    inputs = books.inputs[window]
    start, carried = books.indexes.get(window[0], (-1, 0))
    price = middle(list(inputs.values()))
    if len(inputs) < books.figure("index_trades_min"):
        price = 0
    volume = sum(tokens for _, tokens in inputs.values())
    books.indexed.append((*window, price or None, len(inputs), volume, status))
    if start <= window[1]:
        books.indexes[window[0]] = (window[1], price or carried)


def middle(weights: list[tuple[int, int]]) -> int:
    """The least price at which, from below, half of all tokens are reached."""
    volume = sum(tokens for _, tokens in weights)
    return min(
        price
        for price, _ in weights
        if 2 * sum(tokens for other, tokens in weights if other <= price) >= volume
    )
