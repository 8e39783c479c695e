"""The list of models: public, live, and with a key what its member holds."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import openai

from tests.api.test_reference_index import HOUR_US, deliver
from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from tests.support.gateway import running_gateway
from tests.support.served import auto_mode, house
from thegrid.v1 import accounts_pb2
from thegrid_exchange.engine.commands import SetPolicy

UNIT = 1_000_000


@contextlib.asynccontextmanager
async def market(
    folder: Path,
) -> AsyncIterator[tuple[Exchange, Participant, httpx.AsyncClient, str]]:
    """Run an exchange whose clock the test moves, and a gateway; no key is sent unless given."""
    async with running_exchange(folder) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier("acme", issue_units=20)
        operator = await exchange.create_member("house", scopes=("GATEWAY",))
        async with (
            running_gateway(exchange.target, operator.secret, catalogue_s=0.0) as gateway,
            httpx.AsyncClient(base_url=gateway.base_url) as http,
        ):
            yield exchange, supplier, http, gateway.base_url


async def test_anybody_sees_what_is_promised_and_asked(tmp_path: Path) -> None:
    async with market(tmp_path) as (exchange, supplier, http, _):
        listed = (await http.get("/models")).json()
        (model,) = listed["data"]
        assert (listed["object"], listed["balance"], model["funds"]) == ("list", None, None)
        assert (model["id"], model["object"], model["owned_by"]) == (SYMBOL, "model", "thegrid")
        assert model["pricing"]["best_ask_micros"] is None
        promised = model["specification"]
        assert promised["context_min_tokens"] == model["context_window"] > 0
        assert promised["output_min_tokens"] == model["max_output_tokens"] > 0
        assert promised["first_token_bands"][0]["first_token_max_us"] > 0
        assert promised["metering"]["tokenizer"]

        await exchange.sell_issuance(supplier, 2, 1_500_000)
        one = (await http.get(f"/models/{SYMBOL}")).json()
        assert one["pricing"]["best_ask_micros"] == 1_500_000
        assert one == (await http.get(f"/models/{model['instrument_id']}")).json()
        missing = await http.get("/models/gpt-4")
        assert missing.status_code == 404
        assert missing.json()["error"]["code"] == "model_not_found"


async def test_the_reference_index_is_shown(tmp_path: Path) -> None:
    async with market(tmp_path) as (exchange, supplier, http, _):
        await exchange.running.services.sequencer.submit(
            SetPolicy((("index_trades_min", 1),)), actor="test", request_id="policy"
        )
        await deliver(exchange, supplier, 2_000_000, 500)
        await exchange.advance(HOUR_US // 2)
        index = (await http.get(f"/models/{SYMBOL}")).json()["pricing"]["reference_index"]
        assert (index["price_micros"], index["volume_tokens"]) == (2_000_000, 500)
        assert (index["trade_count"], index["status"]) == (1, "provisional")


async def test_a_key_shows_what_its_member_holds(tmp_path: Path) -> None:
    async with market(tmp_path) as (exchange, supplier, http, base_url):
        buyer = await exchange.create_member("buyer", deposit_micros=10 * UNIT)
        headers = {"authorization": f"Bearer {buyer.secret}"}
        before = (await http.get("/models", headers=headers)).json()
        assert before["balance"] == {"available_micros": 10 * UNIT, "held_micros": 0}
        assert before["data"][0]["funds"]["is_funded"] is False  # neither Units nor auto mode

        await exchange.sell_issuance(supplier, 3, UNIT)
        await exchange.place(buyer, side="buy", quantity_units=3, price_micros=UNIT)
        await buyer.accounts.CreateTransfer(
            accounts_pb2.CreateTransferRequest(
                request_id=exchange.request_id(), instrument=SYMBOL, quantity_units=2
            )
        )
        after = (await http.get("/models", headers=headers)).json()
        funds = after["data"][0]["funds"]
        assert after["balance"]["available_micros"] == 7 * UNIT
        assert (funds["is_funded"], funds["lot_tokens"]) == (True, 2 * UNIT)
        assert funds["trading_tokens"] == UNIT
        assert [lot["free_tokens"] for lot in funds["lots"]] == [2 * UNIT]

        other = await exchange.create_member("other", deposit_micros=UNIT)
        await auto_mode(other, exchange)
        theirs = {"x-api-key": other.secret}
        shown = (await http.get(f"/models/{SYMBOL}", headers=theirs)).json()["funds"]
        assert (shown["is_funded"], shown["lot_tokens"], shown["lots"]) == (True, 0, [])

        # A key without a say over accounts sees the list, an unknown key is told so.
        gateway = await exchange.create_member("second", scopes=("GATEWAY",))
        silent = await http.get("/models", headers={"x-api-key": gateway.secret})
        assert (silent.status_code, silent.json()["balance"]) == (200, None)
        assert (await http.get("/models", headers={"x-api-key": "key_x.y"})).status_code == 401
        assert (await http.get("/models", headers={"authorization": "Basic x"})).status_code == 401
        async with openai.AsyncOpenAI(base_url=base_url, api_key=buyer.secret) as client:
            (parsed,) = [model async for model in client.models.list()]
            assert (parsed.id, parsed.owned_by) == (SYMBOL, "thegrid")
            assert (await client.models.retrieve(SYMBOL)).created == parsed.created


async def test_the_list_is_asked_for_once_in_a_while(tmp_path: Path) -> None:
    async with house(tmp_path, catalogue_s=60.0) as served:
        first = (await served.http.get("/models")).json()
        await served.exchange.define_instrument("code-prime")
        assert (await served.http.get("/models")).json() == first


async def test_a_refused_gateway_key_is_no_callers_fault(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        buyer = await exchange.create_member("buyer")
        async with (
            running_gateway(exchange.target, "key_x.y") as gateway,
            httpx.AsyncClient(base_url=gateway.base_url) as http,
        ):
            for headers in ({}, {"x-api-key": buyer.secret}):
                answer = await http.get("/models", headers=headers)
                assert answer.status_code == 503
                assert answer.json()["error"]["code"] == "exchange_unavailable"
                assert answer.headers["x-should-retry"] == "true"
