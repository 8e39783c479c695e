"""Usage records by id and page, health and counts."""

import asyncio

import httpx

from tests.support.gateway import RunningGateway
from tests.support.stand_in import StandIn

BODY = {"model": "text-prime", "messages": [{"role": "user", "content": "hi"}]}


async def test_usage_by_any_id_that_was_seen(http: httpx.AsyncClient, exchange: StandIn) -> None:
    answer = await http.post("/chat/completions", json=BODY, headers={"x-request-id": "mine"})
    for seen in (answer.headers["x-grid-request-id"], "mine", answer.json()["id"]):
        record = (await http.get(f"/usage/{seen}")).json()
        assert record["request_id"] == exchange.calls[0].usage_id
        assert (record["billed_tokens"], record["cost_micros"]) == (13, 26)
        assert (record["verdict"], record["status"]) == ("in_spec", "final")
        assert record["counted"]["completion_tokens"] == 4
    missing = await http.get("/usage/usg_other")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "usage_not_found"


async def test_usage_page_by_page(http: httpx.AsyncClient) -> None:
    for _ in range(3):
        await http.post("/chat/completions", json=BODY)
    page = (await http.get("/usage", params={"limit": 2})).json()
    assert len(page["data"]) == 2
    assert (page["has_more"], page["next"]) == (True, "next")
    for bad in (
        {"limit": "0"},
        {"limit": "many"},
        {"start_time": "yesterday"},
        {"start_time": "9" * 12},
        {"verdict": "good"},
        {"disputed": "perhaps"},
        {"modle": "text-prime"},
    ):
        answer = await http.get("/usage", params=bad)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == next(iter(bad))
    fine = {"start_time": "2026-11-23T00:00:00Z", "end_time": "1795478400"}
    assert (await http.get("/usage", params=fine)).status_code == 200


async def test_health_and_counts(gateway: RunningGateway, http: httpx.AsyncClient) -> None:
    await http.post("/chat/completions", json=BODY)
    await http.post("/chat/completions", json={**BODY, "stream": True})
    assert (await http.get(gateway.origin + "/healthz")).status_code == 200
    assert (await http.get(gateway.origin + "/readyz")).json() == {"status": "ready"}
    async with asyncio.timeout(5):
        while "exchange_ready 1.0" not in (  # noqa: ASYNC110
            counts := (await http.get(gateway.origin + "/metrics")).text
        ):
            await asyncio.sleep(0.05)
    assert 'grid_gateway_requests_total{endpoint="chat",status="200"} 2.0' in counts
    assert "grid_gateway_first_token_seconds_count 1.0" in counts
