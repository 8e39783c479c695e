"""Workers that are killed, drained and cut off from their exchange, under load.

Nobody is billed for what he was not given, and the gateway comes back by itself.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil

from tests.support.exchange import SYMBOL, running_exchange
from tests.support.gateway import gateway_process, until_ready
from tests.support.served import House, house
from tests.support.stand_in import GATEWAY_KEY, StandIn
from tests.support.until import until
from tests.support.upstream import CHUNKS, WORD
from thegrid.v1 import accounts_pb2, usage_pb2
from thegrid_exchange.clock import SystemClock

STREAMS = 24
CHAT = "/chat/completions"


class Heard(NamedTuple):
    """What a client heard of one stream."""

    usage_id: str
    words: int
    is_whole: bool


def asking(prompt: str) -> dict[str, Any]:
    return {"model": SYMBOL, "messages": [{"role": "user", "content": prompt}], "stream": True}


async def hear(base_url: str, secret: str, prompt: str) -> Heard:
    """One stream over a connection of its own, as far as it goes."""
    usage_id, text = "", ""
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        try:
            async with http.stream("POST", base_url + CHAT, json=asking(prompt)) as answer:
                usage_id = answer.headers.get("x-grid-request-id", "")
                async for piece in answer.aiter_text():
                    text += piece
        except httpx.TransportError:
            pass
    return Heard(usage_id, text.count(WORD), text.endswith("data: [DONE]\n\n"))


@contextlib.asynccontextmanager
async def two_workers(
    tmp_path: Path,
) -> AsyncIterator[tuple[House, asyncio.subprocess.Process, str]]:
    """A market behind a gateway of two processes, which has served once."""
    async with house(tmp_path) as market:
        given = {
            "GRID_GATEWAY_KEY": market.gateway.config.key,
            "GRID_GATEWAY_GRPC": market.exchange.target,
        }
        async with gateway_process("--port=0", "--workers=2", **given) as (running, base_url):
            await until_workers(base_url, 2)
            assert (await hear(base_url, market.consumer.secret, "hi")).is_whole
            yield market, running, base_url


async def until_workers(base_url: str, count: int) -> None:
    """Wait until so many workers say that their session is open."""
    async with httpx.AsyncClient() as http, asyncio.timeout(20):
        while True:
            page = (await http.get(base_url.removesuffix("/v1") + "/metrics")).text
            if f"grid_gateway_exchange_ready {count}.0" in page:
                return
            await asyncio.sleep(0.1)


async def prove_tokens(market: House, heard: list[Heard]) -> Counter[str]:
    """Every record is final and bills what was delivered, once; the balance says the same."""
    page = await market.consumer.usage.ListUsage(usage_pb2.ListUsageRequest(page_size=1_000))
    records = {record.usage_id: record for record in page.usage}
    assert len(records) == len(page.usage)
    for one in heard:
        if not one.usage_id:
            continue
        record = records[one.usage_id]
        assert record.status == usage_pb2.USAGE_STATUS_FINAL
        assert record.billed_tokens >= record.counted.prompt_tokens + one.words
        if one.is_whole:
            assert record.verdict == usage_pb2.VERDICT_IN_SPEC
            assert record.billed_tokens == record.counted.prompt_tokens + CHUNKS
        else:
            assert record.verdict == usage_pb2.VERDICT_CANCELLED_BY_CLIENT
            assert record.billed_tokens < record.counted.prompt_tokens + CHUNKS
    balances = await market.consumer.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
    (units,) = [each for each in balances.units if each.consumed_tokens]
    assert units.consumed_tokens == sum(record.billed_tokens for record in page.usage)
    assert not units.reserved_tokens
    return Counter(usage_pb2.Verdict.Name(record.verdict) for record in page.usage)


async def until_no_call_runs(base_url: str) -> None:
    """Wait until the metrics of all workers together show no running call."""
    page = ""
    async with httpx.AsyncClient() as http:
        for _ in range(100):
            page = (await http.get(base_url.removesuffix("/v1") + "/metrics")).text
            if "grid_gateway_calls_running 0.0\n" in page:
                return
            await asyncio.sleep(0.05)
    raise AssertionError([line for line in page.splitlines() if "_running" in line])


async def test_a_worker_that_is_killed_under_load(tmp_path: Path) -> None:
    async with two_workers(tmp_path) as (market, running, base_url):
        relay, secret = market.exchange.running.services.relay, market.consumer.secret
        heard = [
            asyncio.ensure_future(hear(base_url, secret, "mode=gap:60")) for _ in range(STREAMS)
        ]
        await until(lambda: relay.open_calls == STREAMS, timeout_s=15)
        await asyncio.sleep(0.5)
        victim, other = psutil.Process(running.pid).children()
        victim.send_signal(signal.SIGKILL)
        told = await asyncio.gather(*heard)
        assert 0 < sum(one.is_whole for one in told) < STREAMS
        await market.settled()
        verdicts = await prove_tokens(market, list(told))
        assert verdicts["VERDICT_CANCELLED_BY_CLIENT"] == sum(not one.is_whole for one in told)
        # Another takes its place, and its gauges are gone with it.
        await until_workers(base_url, 2)
        assert victim.pid not in {child.pid for child in psutil.Process(running.pid).children()}
        assert other.is_running()
        await until_no_call_runs(base_url)
        assert (await hear(base_url, secret, "hi")).is_whole
        await market.settled()


async def test_workers_that_drain_let_running_streams_finish(tmp_path: Path) -> None:
    async with two_workers(tmp_path) as (market, running, base_url):
        relay, secret = market.exchange.running.services.relay, market.consumer.secret
        heard = [asyncio.ensure_future(hear(base_url, secret, "mode=gap:30")) for _ in range(8)]
        await until(lambda: relay.open_calls == 8, timeout_s=15)
        running.send_signal(signal.SIGTERM)
        told = await asyncio.gather(*heard)
        assert all(one.is_whole for one in told)
        async with asyncio.timeout(15):
            assert await running.wait() == 0
        await market.settled()
        await prove_tokens(market, list(told))


async def test_workers_whose_parent_is_killed_end_by_themselves(exchange: StandIn) -> None:
    given = {"GRID_GATEWAY_KEY": GATEWAY_KEY, "GRID_GRPC": exchange.target}
    async with gateway_process("--port=0", "--workers=2", **given) as (running, _):
        await until(lambda: exchange.sessions == 2, timeout_s=15)
        workers = psutil.Process(running.pid).children()
        running.kill()
        await running.wait()
        await until(lambda: not [one for one in workers if _runs(one)], timeout_s=15)


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


async def test_a_signal_while_a_worker_is_to_be_started_again(exchange: StandIn) -> None:
    given = {"GRID_GATEWAY_KEY": GATEWAY_KEY, "GRID_GRPC": exchange.target}
    async with gateway_process("--port=0", "--workers=2", **given) as (running, _):
        await until(lambda: exchange.sessions == 2, timeout_s=15)
        workers = psutil.Process(running.pid).children()
        workers[0].kill()
        await until(lambda: len(psutil.Process(running.pid).children()) == 1)
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            assert await running.wait() == 0
        assert not [one for one in workers if _runs(one)]


async def test_a_worker_that_cannot_start_ends_the_gateway(exchange: StandIn) -> None:
    given = {"GRID_GATEWAY_KEY": GATEWAY_KEY, "GRID_GRPC": exchange.target}
    aliases = ["--model-aliases-file", os.devnull + "/none"]
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "thegrid_gateway", "--port=0", "--workers=2", *aliases),
        env={**os.environ, **given},
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        _, said = await running.communicate()
    assert running.returncode == 2
    assert b"GRID_GATEWAY_MODEL_ALIASES_FILE" in said
    assert b"Traceback" not in said


async def test_an_exchange_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    async with running_exchange(folder, clock=SystemClock()) as first:
        operator = await first.create_member("house", scopes=("GATEWAY",))
        target = first.target
        given = {"GRID_GATEWAY_KEY": operator.secret, "GRID_GATEWAY_GRPC": target}
        async with gateway_process("--port", "0", **given) as (_, base_url):
            origin = base_url.removesuffix("/v1")
            async with httpx.AsyncClient() as http:
                await until_ready(http, origin)
                await first.running.stop(0.2)
                await until_status(http, origin, 503)
                said = (await http.get(origin + "/readyz")).json()
                assert said["status"] == "not ready"
                assert said["reason"]
                assert (await http.get(origin + "/healthz")).status_code == 200
                headers = {"authorization": f"Bearer {operator.secret}"}
                asked = await http.post(base_url + CHAT, json=asking("hi"), headers=headers)
                assert asked.status_code == 503
                assert int(asked.headers["retry-after"]) >= 1
                port = int(target.rpartition(":")[2])
                async with running_exchange(folder, clock=SystemClock(), grpc_port=port):
                    await until_ready(http, origin)


async def until_status(http: httpx.AsyncClient, origin: str, code: int) -> None:
    async with asyncio.timeout(10):
        while (await http.get(origin + "/readyz")).status_code != code:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
