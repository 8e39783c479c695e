"""The exchange as a process when what is around it fails: disk, files, neighbours, settings."""

import asyncio
import resource
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import SYMBOL
from tests.support.house import DOLLAR, House, Scripted, a_house
from tests.support.load import verify
from tests.support.whole import Whole, grid_exchange
from thegrid.errors import GridError
from thegrid.orders import order_terms

NO_START = 2
FAULT = 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def told(folder: Path, **settings: Any) -> str:
    """Start an exchange that cannot start; answers its last words, which are no traceback."""
    whole = await Whole.spawn(folder, **settings)
    code = await whole.exited(15)
    said = whole.log()
    assert code == NO_START, said
    assert "Traceback" not in said
    return said


def largest_file_bytes(folder: Path) -> int:
    return max(path.stat().st_size for path in folder.iterdir())


async def refused_from_now_on(ask: Callable[[], Awaitable[Any]]) -> None:
    """Ask until it is refused."""
    async with asyncio.timeout(10):
        while True:
            try:
                await ask()
            except GridError:
                return


async def market_of(house: House) -> Any:
    await house.instrument()
    return await house.supplier("seller", units=50, backend=Scripted())


async def test_a_full_disk_stops_the_process_and_nothing_answered_is_lost(folder: Path) -> None:
    whole = await Whole.start(folder, snapshot_rows=50)
    answered: dict[str, str] = {}
    async with a_house(whole.target, whole.operator_key) as house:
        await market_of(house)
        trader = await house.member("trader", 1_000_000)
        limit_bytes = largest_file_bytes(folder) + 1_500_000
        assert whole.process.pid is not None
        resource.prlimit(whole.process.pid, resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
        last: GridError | None = None
        for number in range(3_000):
            tag = f"t{number}"
            order = order_terms(SYMBOL, "buy", 1, DOLLAR // 2, tag=tag)
            try:
                placed = await trader.client.orders.place(order, request_id=tag, timeout_s=5)
            except GridError as error:
                last = error
                break
            answered[tag] = placed.order.order_id
        assert await whole.exited(15) == FAULT
    assert len(answered) > 20
    assert last is not None
    assert "Traceback" not in last.message
    assert whole.log().count("stopped: the journal could not be written") == 1
    assert "Traceback" not in whole.log()

    again = await Whole.start(folder)  # with room again
    async with a_house(again.target, again.operator_key) as house:
        await house.books()
        person = await house.another_key(trader.member_id, ("trade_read",))
        tags = {order.tag: order.order_id async for order in person.client.orders.list()}
        assert answered.items() <= tags.items()
        assert len(tags) - len(answered) <= 1
    await verify(again)
    assert await again.stop() == 0


async def test_a_second_process_on_the_folder_is_told_who_holds_it(folder: Path) -> None:
    whole = await Whole.start(folder)
    said = await told(folder)
    assert str(whole.process.pid) in said
    assert str(folder) in said
    async with a_house(whole.target, whole.operator_key) as house:
        await house.books()
    assert await whole.stop() == 0


async def test_a_taken_port_is_named_before_anything_else_happens(folder: Path) -> None:
    whole = await Whole.start(folder)
    said = await told(folder.parent / "other", port=whole.port)
    assert str(whole.port) in said
    assert "grpc" in said.lower()
    await whole.stop()


@pytest.mark.parametrize("damage", ["garbage", "foreign", "directory", "truncated"])
async def test_an_unreadable_journal_is_named_and_left_alone(folder: Path, damage: str) -> None:
    whole = await Whole.start(folder)
    assert await whole.stop() == 0
    database = folder / "exchange.db"
    if damage == "garbage":
        database.write_bytes(b"this is no database\n" * 4_096)
    elif damage == "truncated":
        database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])
    else:
        database.unlink()
        if damage == "directory":
            database.mkdir()
        else:
            with sqlite3.connect(database) as other:
                other.execute("CREATE TABLE holiday_pictures (name TEXT)")
            other.close()
    before = None if damage == "directory" else database.read_bytes()
    said = await told(folder)
    assert "exchange.db" in said
    if before is not None:
        assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("grpc_port", "seventy"),
        ("grpc_host", "0.0.0.0"),
        ("hash_secret_file", "/nowhere"),
        ("database_url", "mysql://somewhere"),
    ],
)
async def test_a_bad_setting_stops_the_start_and_is_named(
    folder: Path, setting: str, value: object
) -> None:
    said = await told(folder, **{setting: value})
    assert f"GRID_{setting.upper()}" in said
    assert not (folder / "exchange.db").exists()


async def test_a_lost_hash_secret_is_not_made_anew_beside_keys_that_need_it(folder: Path) -> None:
    whole = await Whole.start(folder)
    assert await whole.stop() == 0
    (folder / "hash.secret").unlink()
    said = await told(folder)
    assert "hash.secret" in said


async def test_a_clock_far_ahead_needs_the_operator(folder: Path) -> None:
    whole = await Whole.start(folder)
    assert await whole.stop() == 0
    said = await told(folder, clock_offset_s=10_000_000)
    assert "--accept-clock-jump" in said


async def test_sigterm_lets_a_running_delivery_end_and_then_exits(folder: Path) -> None:
    whole = await Whole.start(folder, drain_s=10)
    async with a_house(whole.target, whole.operator_key) as house:
        seller = await market_of(house)
        consumer = await house.member("consumer", 10, auto_ceiling_micros=2 * DOLLAR)
        seller.backend.hold = asyncio.Event()
        delivery = consumer.client.deliver(SYMBOL, "Say hello")
        await delivery.__anext__()
        whole.process.send_signal(signal.SIGTERM)
        await refused_from_now_on(lambda: consumer.client.accounts.transfer(SYMBOL, 10**6))
        seller.backend.hold.set()
        assert await delivery.text() == "hello there"
        assert await whole.exited(15) == 0
    code, said = await grid_exchange("verify", folder)
    assert code == 0, said
