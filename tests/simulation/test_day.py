"""A seeded day of fifty suppliers and five hundred consumers, with faults, kills and six sweeps.

Its totals are printed. Afterwards state, journal, read models and every call are proved, and the
same seed comes to the same bytes again, under any hash seed.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.day import FAULTS, Day
from tests.support.day_proof import Ending, printed, prove
from tests.support.exchange import SYMBOL, Exchange, running_exchange
from tests.support.house import SELLER, TRADER, Scripted, a_house
from tests.support.reads import assert_reads_equal_state, tables
from tests.support.whole import grid_exchange
from thegrid_exchange.delivery import delivery as delivery_module
from thegrid_exchange.delivery import settlement
from thegrid_exchange.engine.refusals import InvariantBroken
from thegrid_exchange.views.projector import Projector

SMALL = {"suppliers": 8, "consumers": 40}


async def lived(seed: int, folder: Path, beats: int | None = None, **people: int) -> Day:
    """A day that is over, its exchange stopped."""
    day = Day(seed, folder, **people)
    await day.run(*([] if beats is None else [beats]))
    await day.end_life()
    return day


async def test_a_day_of_fifty_suppliers_and_five_hundred_consumers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = await lived(2026, tmp_path, suppliers=50, consumers=500)
    ending = await prove(day)
    with capsys.disabled():
        print(f"\n{printed(day)}\n{ending}")
    done = day.totals
    assert min(done[f"supplier {fault}"] for fault in FAULTS) >= 5
    assert done["event SweepFinished"] >= 6
    assert done["event TradeExecuted"] >= 1_000
    assert done["event UsageRecorded"] >= 3_000
    assert (done["kills"], done["late reports"] > 0, done["event OutageRecorded"] > 0) == (6, 1, 1)
    assert min(done["refunded micros"], done["standing suspended"], done["links lost"]) > 0
    async with running_exchange(tmp_path, clock=day.clock) as exchange:
        await prove_reads(exchange, day)
        written = await tables(exchange)
        await call_through_grpc(exchange, day)
    code, said = await grid_exchange("verify", tmp_path)
    assert code == 0, said
    assert all(written[name] for name in ("view_orders", "view_fills", "view_lots", "view_usage"))


async def prove_reads(exchange: Exchange, day: Day) -> None:
    """The exchange that starts on what the day left reads what the state holds."""
    live = exchange.running.services.live
    assert live.state.digest() == exchange.running.services.sequencer.state.digest()
    for member_id in [*day.buyers[:20], *list(day.sellers)[:10]]:
        await assert_reads_equal_state(exchange, member_id)


async def call_through_grpc(exchange: Exchange, day: Day) -> None:
    """Suppliers and consumers of the day go on by the public doors, and the books are proved."""
    async with a_house(exchange.target, exchange.operator_key) as house:
        for member_id in list(day.sellers)[:3]:
            seller = await house.another_key(member_id, SELLER)
            await house.sell(seller, 5, 1_000_000)
            await house.serve(seller, Scripted())
        for member_id in day.buyers[1:20:2]:
            person = await house.another_key(member_id, TRADER)
            assert await person.client.deliver(SYMBOL, "Say hello").text() == "hello there"
            await house.prove_usage(person, day.sellers)
        await house.books()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
async def test_other_days_of_a_smaller_market(seed: int, tmp_path: Path) -> None:
    day = await lived(seed, tmp_path, suppliers=20, consumers=150)
    print(f"{printed(day)}\n{await prove(day)}")


async def test_read_models_made_anew_from_the_journal_of_a_day_are_the_same(tmp_path: Path) -> None:
    day = await lived(5, tmp_path, 60, **SMALL)
    async with running_exchange(tmp_path, clock=day.clock) as exchange:
        written = await tables(exchange)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Projector, "version", 999)
        async with running_exchange(tmp_path, clock=day.clock) as exchange:
            assert await tables(exchange) == written


SCRIPT = """
import asyncio, sys, pathlib
from tests.simulation.test_day import lived_and_proved
print(asyncio.run(lived_and_proved(pathlib.Path(sys.argv[1]))))
"""


async def lived_and_proved(folder: Path) -> Ending:
    """A small day by its two lines."""
    return await prove(await lived(77, folder, 60, **SMALL))


def test_the_same_seed_is_the_same_day_under_every_hash_seed(tmp_path: Path) -> None:
    endings = set()
    for hash_seed in ("1", "4242"):
        folder = tmp_path / hash_seed
        folder.mkdir()
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(folder)],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        endings.add(ran.stdout)
    assert len(endings) == 1, endings
    assert "Ending(state=" in endings.pop()


# ---- the proof notices -------------------------------------------------------------------------


async def test_one_token_too_many_on_a_bill_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = settlement.report_of

    def wrong(*arguments: Any) -> Any:
        report = real(*arguments)
        return report._replace(billed_tokens=report.billed_tokens + 1)

    monkeypatch.setattr(delivery_module, "report_of", wrong)
    day = await lived(9, tmp_path, 12, **SMALL)
    with pytest.raises(AssertionError, match="billed for"):
        await prove(day)


async def test_a_token_that_nobody_issued_is_noticed(tmp_path: Path) -> None:
    day = await lived(9, tmp_path, 12, **SMALL)
    await prove(day)
    key = next(key for key in day.state.balances if key[1] == "consumed")
    day.state.balances[key] += 1
    with pytest.raises(InvariantBroken):
        await prove(day)


async def test_an_answer_that_was_free_is_noticed(tmp_path: Path) -> None:
    day = await lived(9, tmp_path, 12, **SMALL)
    answered = next(caller for caller in day.callers if caller.end is not None)
    answered.text += " and more that nobody billed"
    with pytest.raises(AssertionError, match="billed for"):
        await prove(day)
