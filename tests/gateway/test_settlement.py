"""The order at the end of an answer, also when settling takes long or the supplier is lost."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.exchange import SYMBOL, Participant
from tests.support.gateway import stream_text
from tests.support.held import Held, held_reports
from tests.support.served import House, house, running_supplier, supplier_settings
from tests.support.until import until
from tests.support.upstream import CHUNKS, WORD
from thegrid.receipts import read, verify
from thegrid.v1 import usage_pb2

HELLO: list[Any] = [{"role": "user", "content": "hi"}]
CHAT = "/chat/completions"
SURFACES: dict[str, dict[str, Any]] = {
    CHAT: {"messages": HELLO},
    "/responses": {"input": "hi"},
    "/messages": {"messages": HELLO, "max_tokens": 99},
}


@contextlib.asynccontextmanager
async def _held(market: House) -> AsyncIterator[Held]:
    with held_reports(market.exchange.running.services.relay) as door:
        yield door


def receipt_in(text: str) -> dict[str, Any]:
    (line,) = [line for line in text.splitlines() if line.startswith(": receipt ")]
    told: dict[str, Any] = json.loads(line.removeprefix(": receipt "))
    return told


def asking(path: str, prompt: str = "hi", **more: Any) -> dict[str, Any]:
    text = json.dumps({"model": SYMBOL, **SURFACES[path]}).replace('"hi"', json.dumps(prompt))
    return {**json.loads(text), **more}


async def test_the_end_waits_for_the_report_and_comes_in_order(tmp_path: Path) -> None:
    async with house(tmp_path) as market, _held(market) as door:
        options = {"stream": True, "stream_options": {"include_usage": True}}
        begun = asyncio.ensure_future(
            stream_text(market.http, CHAT, asking(CHAT, "mode=gap:1", **options))
        )
        await until(lambda: door.waiting)
        await asyncio.sleep(0.2)
        assert not begun.done()
        door.through.set()
        text, broken = await begun
        assert broken is None
        blocks = text.strip().split("\n\n")
        finish, usage, receipt, done = blocks[-4:]
        assert '"finish_reason":"stop"' in finish
        assert not [block for block in blocks[:-4] if '"finish_reason":"' in block]
        assert json.loads(usage.removeprefix("data: "))["usage"]["completion_tokens"] == CHUNKS
        assert receipt.startswith(": receipt ")
        assert receipt_in(text)["status"] == "final"
        assert done == "data: [DONE]"
        await market.settled()


@pytest.mark.parametrize("path", SURFACES)
async def test_a_settlement_that_takes_long_is_pending_and_read_later(
    tmp_path: Path, path: str
) -> None:
    async with house(tmp_path) as market, _held(market) as door:
        text, broken = await stream_text(market.http, path, asking(path, stream=True))
        assert broken is None
        told = receipt_in(text)
        assert (told["status"], told["verdict"], told["signed"]) == ("pending", None, None)
        assert (told["billed_tokens"], told["cost_micros"]) == (None, None)
        assert WORD.strip() in text
        assert market.exchange.running.services.relay.open_calls == 1
        waiting = (await market.http.get(f"/usage/{told['request_id']}")).json()
        assert waiting["status"] == "pending"
        door.through.set()
        record = await market.record(told["request_id"])
        assert record["verdict"] == "in_spec"
        assert record["billed_tokens"] == record["counted"]["prompt_tokens"] + CHUNKS
        keys = await market.consumer.usage.ListReceiptKeys(usage_pb2.ListReceiptKeysRequest())
        later = (await market.http.get(f"/usage/{told['request_id']}")).json()
        signed = verify(read(later["signed"]), keys.keys).usage
        assert signed.billed_tokens == record["billed_tokens"]
        await market.settled()


async def test_a_plain_answer_says_that_it_is_not_settled(tmp_path: Path) -> None:
    async with house(tmp_path) as market, _held(market) as door:
        answer = await market.http.post(CHAT, json=asking(CHAT))
        assert answer.json()["choices"][0]["finish_reason"] == "stop"
        assert answer.json()["usage"]["completion_tokens"] == CHUNKS
        assert answer.headers["x-grid-verdict"] == "pending"
        assert "x-grid-cost-micros" not in answer.headers
        assert "x-grid-receipt" not in answer.headers
        door.through.set()
        record = await market.record(answer.headers["x-grid-request-id"])
        assert record["billed_tokens"] == answer.json()["usage"]["total_tokens"]
        await market.settled()


@pytest.mark.parametrize("path", SURFACES)
async def test_a_supplier_lost_in_mid_stream(tmp_path: Path, path: str) -> None:
    async with house(tmp_path) as market:
        asked = asking(path, "mode=hang:3", stream=True)
        begun = asyncio.ensure_future(stream_text(market.http, path, asked))
        relay = market.exchange.running.services.relay
        await until(lambda: market.upstream.requests and relay.open_calls)
        await asyncio.sleep(0.2)
        for link in list(relay.suppliers.links()):
            link.wire.close("lost in a test")
        text, broken = await begun
        assert isinstance(broken, httpx.RemoteProtocolError)
        assert "[DONE]" not in text
        assert '"finish_reason":"' not in text
        assert "message_stop" not in text
        assert "response.completed" not in text
        last = text.strip().split("\n\n")[-1]
        told = json.loads(last.rpartition("data: ")[2])
        if path == CHAT:
            assert set(told["error"]) == {"message", "type", "param", "code"}
            assert told["error"]["code"] == "supplier_lost"
        else:
            assert told["type"] in ("error", "response.failed")
        record = await market.record(receipt_in(text)["request_id"])
        assert (record["verdict"], record["billed_tokens"]) == ("failed", 0)
        # Whoever comes next is served as soon as the supplier is back.
        async with asyncio.timeout(5):
            while (await market.http.post(CHAT, json=asking(CHAT))).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await market.settled()


async def test_errors_of_one_tenant_cool_nobody_down(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        poor = await market.exchange.create_member("poor")
        other = {"authorization": f"Bearer {poor.secret}"}

        async def good() -> httpx.Response:
            return await market.http.post(CHAT, json=asking(CHAT))

        async def bad(prompt: str, **headers: str) -> int:
            asked = asking(CHAT, prompt)
            return (await market.http.post(CHAT, json=asked, headers=headers)).status_code

        # The first call of an instrument reads its tokenizer.
        assert (await good()).status_code == 200
        storm = [bad("mode=http:400") for _ in range(25)]
        storm += [bad("hi", **other) for _ in range(25)]
        storm += [bad("hi", authorization="Bearer key_none.x") for _ in range(25)]
        answers, codes = await asyncio.gather(
            asyncio.gather(*(good() for _ in range(25))), asyncio.gather(*storm)
        )
        assert {answer.status_code for answer in answers} == {200}
        assert codes == [400] * 25 + [402] * 25 + [401] * 25
        assert (await good()).status_code == 200
        await market.settled()


async def test_errors_of_one_supplier_cool_no_other_down(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        second = await market.exchange.create_supplier("zeta")
        settings = supplier_settings(
            market.exchange, second, model="zeta/one", upstream_url=market.upstream.base_url
        )

        async def at(supplier: Participant, prompt: str) -> int:
            asked = asking(CHAT, prompt, grid={"only_suppliers": [supplier.member_id]})
            return (await market.http.post(CHAT, json=asked)).status_code

        async with running_supplier(settings, []):
            assert await at(second, "hi") == 200
            storm = asyncio.gather(*(at(market.supplier, "mode=die:0") for _ in range(20)))
            codes = await asyncio.gather(*(at(second, "hi") for _ in range(20)))
            assert set(await storm) <= {502, 503}
            assert set(codes) == {200}
            assert await at(second, "hi") == 200
        await market.settled()
