"""`grid positions`, `statistics`, `statement`, `sweeps` and the filters of lists, as shown."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from tests.support.exchange import SLOT_US, Exchange, Participant, running_exchange
from tests.support.random_day import trade_at_random
from thegrid.cli.app import grid


async def run(exchange: Exchange, member: Participant, line: str, code: int = 0) -> str:
    environment = {"GRID_GRPC": exchange.target, "GRID_API_KEY": member.secret}
    done = await asyncio.to_thread(CliRunner().invoke, grid, line.split(), env=environment)
    assert done.exit_code == code, done.output
    return str(done.output)


async def test_history_is_shown_in_dollars_and_units(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        member, *_ = await trade_at_random(exchange, 7, 60)
        await exchange.advance(SLOT_US)
        await exchange.advance(SLOT_US)

        async def shown(line: str) -> str:
            return await run(exchange, member, line)

        async def listed(line: str) -> Any:
            return json.loads(await shown(f"{line} --json"))

        [position] = await listed("positions")
        assert re.search(r"text-prime +\d+ ", await shown("positions"))
        assert f"${int(position['fees_micros']) / 1e6:.2f}" in await shown("positions")
        [sums] = (await listed("statistics"))["instruments"]
        assert re.search(rf"text-prime +{sums['fills']} ", await shown("statistics"))
        said = await shown("statement --asset usd")
        assert re.search(r"usd +available +opening balance +\$0", said)
        assert re.search(r"deposit +1 +\$1000\b|deposit +1 +\$1000.00", said)
        assert "closing balance" in said
        sweeps = await listed("sweeps --own --state finished")
        assert sweeps
        assert all("share" in each for each in sweeps)
        assert sweeps[0]["sweep_id"] in await shown("sweeps --own")
        orders = await listed("orders --limit 1000")
        first = orders[-1]["create_time"]
        assert await listed(f"orders --to {first}") == []
        assert await listed(f"orders --from {first} --limit 1000") == orders
        causes = {each["cause"] for each in await listed("transfers --cause sweep")}
        assert causes == {"TRANSFER_CAUSE_SWEEP"}
        states = {each["state"] for each in await listed("lots --state expired")}
        assert states == {"LOT_STATE_EXPIRED"}
        reasons = {each["reason"] for each in await listed("postings --reason deposit")}
        assert reasons == {"deposit"}
        assert "disarmed" in await shown("cancel-after")
        assert "all orders are cancelled at" in await shown("cancel-after 60")
        assert "all orders are cancelled at" in await shown("cancel-after")
        assert "write 2026-01-31" in await run(exchange, member, "orders --from soon", code=2)
