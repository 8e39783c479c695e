"""The public reads of reference indexes: anyone can recompute an index from its inputs."""

from google.protobuf.timestamp_pb2 import Timestamp

from tests.support.exchange import SYMBOL, Exchange, Participant
from tests.support.followed import Followed, subscribe
from tests.support.refusals import refused
from thegrid.v1 import market_data_pb2
from thegrid_exchange.engine.commands import Report, Reserve, SetPolicy, TransferUnits

HOUR_US = 3_600_000_000
INSTRUMENT = f"ins_{SYMBOL}"
DELIVERED = ((1_000_000, 400), (2_000_000, 500), (7_000_000, 350), (3_000_000, 90))


async def deliver(exchange: Exchange, supplier: Participant, price: int, tokens: int) -> None:
    """A new member buys one Unit at a price, and so many tokens of it are delivered."""
    submit = exchange.running.services.sequencer.submit
    buyer = await exchange.create_member(f"buyer-{price}", deposit_micros=10_000_000)
    await exchange.sell_issuance(supplier, 1, price)
    await exchange.place(buyer, side="buy", quantity_units=1, price_micros=price)
    delivery_id = f"dlv_{price}"
    for command in (
        TransferUnits(buyer.member_id, INSTRUMENT, 1),
        Reserve(delivery_id, buyer.member_id, "key", INSTRUMENT, tokens, 0),
        Report(delivery_id, "in_spec", tokens, supplier.member_id),
    ):
        await submit(command, actor="test", request_id=exchange.request_id())


def recomputed(inputs: list[market_data_pb2.ReferenceIndexInput]) -> int:
    """The index by the words of the contract: every token in a row by price, and the middle."""
    row = sorted(each.price_micros for each in inputs for _ in range(each.tokens))
    return row[(len(row) - 1) // 2]


async def test_an_index_is_read_and_recomputed_from_its_inputs(
    exchange: Exchange, supplier: Participant
) -> None:
    await exchange.running.services.sequencer.submit(
        SetPolicy((("index_trades_min", 3),)), actor="test", request_id="policy"
    )
    for price, tokens in DELIVERED:
        await deliver(exchange, supplier, price, tokens)
    request = market_data_pb2.GetReferenceIndexRequest(instrument=SYMBOL)
    reader = supplier.market_data
    assert (await refused(reader.GetReferenceIndex(request))).reason == "INDEX_NOT_FOUND"

    await exchange.advance(HOUR_US // 2)
    index = (await reader.GetReferenceIndex(request)).index
    assert index.status == market_data_pb2.REFERENCE_INDEX_STATUS_PROVISIONAL
    assert (index.trade_count, index.volume_tokens, index.method_version) == (4, 1_340, 1)

    inputs: list[market_data_pb2.ReferenceIndexInput] = []
    page = market_data_pb2.ListReferenceIndexInputsResponse(next_page_token="")
    while page.next_page_token or not inputs:
        page = await reader.ListReferenceIndexInputs(
            market_data_pb2.ListReferenceIndexInputsRequest(
                instrument=SYMBOL, page_size=3, page_token=page.next_page_token
            )
        )
        inputs += page.inputs
    assert sorted((each.price_micros, each.tokens) for each in inputs) == sorted(DELIVERED)
    assert index.price_micros == recomputed(inputs) == 2_000_000
    # Trades are named as the public tape names them, members nowhere.
    tape = await reader.ListTrades(market_data_pb2.ListTradesRequest(market=SYMBOL))
    assert {each.trade_id for each in inputs} == {trade.trade_id for trade in tape.trades}
    assert "mem_" not in str(page)

    await exchange.advance(HOUR_US)
    final = (await reader.GetReferenceIndex(request)).index
    assert final.status == market_data_pb2.REFERENCE_INDEX_STATUS_FINAL
    assert final.price_micros == index.price_micros
    # The inputs of a final index stay readable, though the rules have forgotten them.
    again = await reader.ListReferenceIndexInputs(
        market_data_pb2.ListReferenceIndexInputsRequest(
            instrument=SYMBOL, window_start_time=final.window_start_time
        )
    )
    assert [*again.inputs] == inputs


async def test_an_index_is_followed_to_its_end_and_a_later_reader_begins_with_the_latest(
    exchange: Exchange, supplier: Participant
) -> None:
    await exchange.running.services.sequencer.submit(
        SetPolicy((("index_trades_min", 3),)), actor="test", request_id="policy"
    )
    channel = market_data_pb2.CHANNEL_INDEX
    stream = Followed(supplier, subscribe(channel))
    [nothing_yet] = await stream.next()
    assert nothing_yet.HasField("heartbeat")
    for price, tokens in DELIVERED:
        await deliver(exchange, supplier, price, tokens)
    await exchange.advance(HOUR_US // 2)
    told = await stream.until(lambda event: event.HasField("reference_index"))
    assert told.reference_index.price_micros == 2_000_000
    assert told.reference_index.status == market_data_pb2.REFERENCE_INDEX_STATUS_PROVISIONAL
    await exchange.advance(HOUR_US)
    final = market_data_pb2.REFERENCE_INDEX_STATUS_FINAL
    told = await stream.until(lambda event: event.reference_index.status == final)
    request = market_data_pb2.GetReferenceIndexRequest(instrument=SYMBOL)
    read = (await supplier.market_data.GetReferenceIndex(request)).index
    assert told.reference_index == read
    [first] = await Followed(supplier, subscribe(channel)).next()
    assert first.reference_index == read


async def test_indexes_are_listed_by_window_newest_first(
    exchange: Exchange, supplier: Participant
) -> None:
    reader = supplier.market_data
    for price in (1_000_000, 2_000_000, 3_000_000):
        await deliver(exchange, supplier, price, 10)
        await exchange.advance(HOUR_US)
    request = market_data_pb2.ListReferenceIndexesRequest(instrument=SYMBOL, page_size=2)
    first = await reader.ListReferenceIndexes(request)
    request.page_token = first.next_page_token
    rest = await reader.ListReferenceIndexes(request)
    starts = [each.window_start_time.seconds for each in (*first.indexes, *rest.indexes)]
    assert len(starts) == 3
    assert starts == sorted(starts, reverse=True)
    # One trade is too few for an index, and the answer says so by leaving the price out.
    assert not any(each.HasField("price_micros") for each in (*first.indexes, *rest.indexes))
    request = market_data_pb2.ListReferenceIndexesRequest(
        instrument=SYMBOL, start_time=Timestamp(seconds=starts[0])
    )
    assert [*(await reader.ListReferenceIndexes(request)).indexes] == [first.indexes[0]]
