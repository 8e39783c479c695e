"""Usage over HTTP, from the real exchange: filters, pages, sums."""

from pathlib import Path

from tests.support.exchange import SYMBOL
from tests.support.served import house


async def test_usage_is_filtered_and_paged(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        for prompt in ("one", "two", "mode=http:500"):
            body = {"model": SYMBOL, "messages": [{"role": "user", "content": prompt}]}
            await market.http.post("/chat/completions", json=body)
        await market.settled()
        get = market.http.get
        key_id = market.consumer.secret.partition(".")[0]
        everything = (await get("/usage")).json()["data"]
        assert len(everything) == 3
        for query, count in (
            ({"verdict": "in_spec"}, 2),
            ({"verdict": "failed"}, 1),
            ({"model": SYMBOL}, 3),
            ({"instrument": "ins_" + SYMBOL}, 3),
            ({"key_id": key_id}, 3),
            ({"key_id": "key_other"}, 0),
            ({"serving_model": "acme/one", "verdict": "in_spec"}, 2),
            ({"supplier_id": "mem_000000000099"}, 0),
            ({"disputed": "true"}, 0),
            ({"start_time": "2020-01-01T00:00:00Z"}, 3),
            ({"end_time": "1577836800"}, 0),
        ):
            page = (await get("/usage", params=query)).json()
            assert len(page["data"]) == count, query
        seen, after = [], ""
        while True:
            query = {"limit": "2", **({"after": after} if after else {})}
            page = (await get("/usage", params=query)).json()
            seen += page["data"]
            if not page["has_more"]:
                break
            after = page["next"]
        assert seen == everything
        for bad, param in (
            ({"after": "nonsense"}, "after"),
            ({"model": SYMBOL, "instrument": "ins_other"}, "model"),
            ({"model": "nothing-such"}, "model"),
        ):
            answer = await get("/usage", params=bad)
            assert answer.status_code in (400, 404)
            assert answer.json()["error"]["param"] == param


async def test_usage_is_added_up(tmp_path: Path) -> None:
    async with house(tmp_path) as market:
        plain = [await market.create() for _ in range(3)]
        await market.settled()
        key_id = market.consumer.secret.partition(".")[0]
        billed = sum(answer.usage.total_tokens for answer in plain)
        asked = {"group_by": "model,key,instrument", "interval": "day"}
        summary = (await market.http.get("/usage/summary", params=asked)).json()
        assert summary["object"] == "grid.usage.summary"
        assert (summary["interval"], summary["group_by"]) == ("day", ["model", "key", "instrument"])
        assert summary["totals"]["calls"] == 3
        assert summary["totals"]["billed_tokens"] == billed
        rows = summary["data"]
        assert sum(row["calls"] for row in rows) == 3
        for row in rows:
            assert row["start_time"].endswith("T00:00:00Z")
            assert (row["serving_model"], row["key_id"]) == ("acme/one", key_id)
            assert (row["instrument"], row["instrument_id"]) == (SYMBOL, "ins_" + SYMBOL)
            assert "verdict" not in row
        costs = [(await market.record(answer.id))["cost_micros"] for answer in plain]
        assert summary["totals"]["cost_micros"] == sum(costs)
        none = (await market.http.get("/usage/summary", params={"verdict": "failed"})).json()
        assert (none["data"], none["totals"]["calls"]) == ([], 0)
        for bad, param in (
            ({"group_by": "moon"}, "group_by[0]"),
            ({"interval": "week"}, "interval"),
            ({"by": "day"}, "by"),
            (
                {"start_time": "2020-01-01T00:00:00Z", "end_time": "2022-01-01T00:00:00Z"},
                "start_time",
            ),
        ):
            answer = await market.http.get("/usage/summary", params=bad)
            assert answer.status_code == 400
            assert answer.json()["error"]["param"] == param
