"""Streams of both clients against a scripted exchange: they come back, and tell what they lost.
What single events mean is in test_follow.
"""

import asyncio
import gc

import grpc
import pytest

from tests.sdk.test_follow import MARKET, delta, snapshot, trade
from tests.support.clients import Both
from tests.support.fault_server import Answer, FaultServer, Refusal
from thegrid import Book, Gap, StreamState, errors, policy
from thegrid.v1 import accounts_pb2, market_data_pb2

Frame = market_data_pb2.StreamMarketDataResponse
GONE = Refusal(grpc.StatusCode.UNAVAILABLE, message="gone")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten silence and pauses; nothing else of the rules changes."""
    given = policy.rules()
    stream = policy.StreamRule(1.5, 3, given.stream.codes, policy.Backoff(0.01, 0.05, 2))
    changed = policy.Rules(
        given.services,
        stream,
        given.budget_tokens,
        given.budget_ratio,
        given.keepalive_time_ms,
        given.ping_timeout_ms,
    )
    for module in ("thegrid.aio.streams", "thegrid.sync.streams"):
        monkeypatch.setattr(f"{module}.rules", lambda: changed)


def book_script(server: FaultServer, *answers: Answer) -> None:
    server.script("StreamMarketData", *answers)


def asked(server: FaultServer) -> list[int | None]:
    """The place from which each opening of the stream asked to go on."""
    subscriptions = [seen.request.subscriptions[0] for seen in server.calls("StreamMarketData")]
    return [
        each.after_sequence if each.HasField("after_sequence") else None for each in subscriptions
    ]


async def test_a_broken_stream_goes_on_where_it_was(both: Both, server: FaultServer) -> None:
    book_script(
        server,
        Answer([Frame(events=[snapshot(3)])], GONE),
        Answer([Frame(events=[delta(3, 4, bids=((91, 5),), text="91:5|90:1|110:2")])], "hang"),
    )
    states: list[StreamState] = []
    books = await both.take(
        lambda client: client.market_data.watch_book(MARKET, on_state=states.append), 2
    )
    assert all(isinstance(book, Book) for book in books)
    assert books[-1].best_bid.price_micros == 91
    assert asked(server) == [None, 3]
    assert [state.name for state in states] == ["connected", "reconnecting", "connected"]
    assert await asyncio.to_thread(server.left.acquire, timeout=5), "the call was left open"


async def test_silence_is_noticed_and_mended(both: Both, server: FaultServer) -> None:
    book_script(
        server,
        Answer([Frame(events=[snapshot(3)])], "hang"),
        Answer([Frame(events=[snapshot(3), delta(3, 4, text="90:1|110:2")])], "hang"),
    )
    books = await both.take(lambda client: client.market_data.watch_book(MARKET), 2)
    assert books[-1].sequence == 4
    assert asked(server) == [None, 3]


async def test_the_exchange_goes_away_in_mid_stream_and_comes_back(
    both: Both, server: FaultServer
) -> None:
    book_script(
        server,
        Answer([Frame(events=[snapshot(3)])], "hang"),
        Answer([Frame(events=[delta(3, 4, text="90:1|110:2")])], "hang"),
    )
    books = asyncio.create_task(both.take(lambda client: client.market_data.watch_book(MARKET), 2))
    while not server.calls("StreamMarketData"):  # noqa: ASYNC110 the server is a thread
        await asyncio.sleep(0.01)
    await asyncio.to_thread(server.stop)
    server.start()
    assert (await books)[-1].sequence == 4


async def test_a_gap_is_healed_and_told(both: Both, server: FaultServer) -> None:
    book_script(
        server,
        Answer([Frame(events=[trade(0, 3), trade(7, 8)])], "hang"),
        Answer([Frame(events=[trade(3, 5), trade(5, 7), trade(7, 8)])], "hang"),
    )
    items = await both.take(lambda client: client.market_data.stream([MARKET], ["trades"]), 5)
    assert items[1] == Gap(MARKET, market_data_pb2.CHANNEL_TRADES, 4, 7, True)
    assert [item.sequence for item in items if not isinstance(item, Gap)] == [3, 5, 7, 8]
    assert asked(server) == [None, 3]


async def test_duplicates_are_dropped(both: Both, server: FaultServer) -> None:
    book_script(server, Answer([Frame(events=[trade(0, 3), trade(0, 3), trade(3, 4)])], "hang"))
    items = await both.take(lambda client: client.market_data.stream([MARKET], ["trades"]), 2)
    assert [item.sequence for item in items] == [3, 4]


async def test_an_end_with_draining_is_come_back_from(both: Both, server: FaultServer) -> None:
    end = market_data_pb2.MarketEvent(market_id=MARKET)
    end.stream_end.status.CopyFrom(Refusal(grpc.StatusCode.UNAVAILABLE, "DRAINING").status())
    book_script(
        server,
        Answer([Frame(events=[trade(0, 3), end])]),
        Answer([Frame(events=[trade(3, 4)])], "hang"),
    )
    items = await both.take(lambda client: client.market_data.stream([MARKET], ["trades"]), 2)
    assert [item.sequence for item in items] == [3, 4]


async def test_a_revoked_key_ends_the_stream_for_good(both: Both, server: FaultServer) -> None:
    end = market_data_pb2.MarketEvent(market_id=MARKET)
    end.stream_end.status.CopyFrom(Refusal(grpc.StatusCode.UNAUTHENTICATED, "KEY_REVOKED").status())
    book_script(server, Answer([Frame(events=[trade(0, 3), end])]))
    with pytest.raises(errors.AuthError):
        await both.take(lambda client: client.market_data.stream([MARKET], ["trades"]), 5)


async def test_a_stream_that_never_began_is_given_up(both: Both, server: FaultServer) -> None:
    server.script("StreamMarketData", GONE, GONE, GONE, GONE)
    with pytest.raises(errors.Unavailable):
        await both.take(lambda client: client.market_data.watch_book(MARKET), 1)
    assert len(server.seen) == 3


async def test_an_exchange_that_sends_nothing_but_gaps_is_asked_ever_more_slowly(
    both: Both, server: FaultServer
) -> None:
    wrong = [
        Answer([Frame(events=[snapshot(n), delta(n, n + 1, text="wrong")])], "hang")
        for n in range(3, 60, 2)
    ]
    book_script(server, *wrong)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.6):
            await both.take(lambda client: client.market_data.watch_book(MARKET), 90)
    assert len(server.seen) < 29
    if both.kind == "sync":
        await both.close()


async def test_the_private_stream_resumes_by_token(both: Both, server: FaultServer) -> None:
    def event(sequence: int, kind: str) -> accounts_pb2.AccountEvent:
        made = accounts_pb2.AccountEvent(sequence=sequence, resume_token=f"t{sequence}")
        getattr(made, kind).SetInParent()
        return made

    frame = accounts_pb2.StreamAccountResponse
    server.script(
        "StreamAccount",
        Answer([frame(events=[event(1, "snapshot"), event(2, "order")])], GONE),
        Answer([frame(events=[event(3, "fill")])], "hang"),
    )
    items = await both.take(lambda client: client.accounts.stream(), 3)
    assert [item.sequence for item in items] == [1, 2, 3]
    tokens = [seen.request.resume_token for seen in server.calls("StreamAccount")]
    assert tokens == ["", "t2"]


async def test_a_forgotten_stream_lets_go_of_its_call(both: Both, server: FaultServer) -> None:
    book_script(server, Answer([Frame(events=[snapshot(3)])], "hang"))
    stream = both.client.market_data.watch_book(MARKET)
    if both.kind == "aio":
        await anext(stream)
    else:
        await asyncio.to_thread(next, stream)
    del stream
    gc.collect()
    assert await asyncio.to_thread(server.left.acquire, timeout=5)
