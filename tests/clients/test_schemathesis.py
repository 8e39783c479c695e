"""Schemathesis, as it comes, against the document that the gateway serves, over real HTTP.

Exchange, gateway and each run of Schemathesis are processes of their own. Any status from 500 up,
any answer that the document does not describe, anything served that it forbids, and any call that
hangs is a failure.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients import environments
from tests.support.deployed import Deployed, deployed
from tests.support.exchange import SYMBOL
from tests.support.gateway import running_gateway
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, StandIn
from thegrid.supplier.demo import DemoModel
from thegrid_gateway.usage import UsageReads

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CASES_MIN = 20_000
SERVED_MIN = 30
DEEP_S = 60
"""An idle machine sends enough in that time; a busy one goes on for as long as it takes."""
RUN_MAX_S = 500
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
)
ANSWER_WITHIN_S = 20
SETTINGS = """
[phases.coverage]
operation-ordering = "none"

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429]
"""
DEEP = "^/v1/messages"
"""Messages hold blocks that hold blocks: the edges of their schema alone are some 50,000 cases."""


@dataclass
class Run:
    """One run of Schemathesis: what it covers, and how."""

    name: str
    arguments: tuple[str, ...]

    async def play(self, origin: str, secret: str, folder: Path) -> int:
        """Run to the end; answers the number of cases, and fails with what was printed."""
        (folder / "schemathesis.toml").write_text(SETTINGS, "utf-8")
        program = await asyncio.to_thread(environments.python, "schemathesis")
        report = folder / f"{self.name}.json"
        code, said = await environments.run(
            program.with_name("schemathesis"),
            "run",
            f"{origin}/openapi.json",
            f"--header=authorization: Bearer {secret}",
            "--workers=1",
            "--checks=" + ",".join(CHECKS),
            f"--request-timeout={ANSWER_WITHIN_S}",
            "--continue-on-failure",
            "--suppress-health-check=all",
            "--warnings=off",
            "--report=json",
            f"--report-json-path={report}",
            *self.arguments,
            folder=folder,
            within_s=RUN_MAX_S,
        )
        assert code == 0, f"{self.name}:\n{said[-12_000:]}"
        found = json.loads(report.read_text("utf-8"))
        assert not found["failures"] + found["errors"], found
        return int(found["test_cases"]["generated"])


WHOLE = (
    Run("edges", ("--phases=coverage", f"--exclude-path-regex={DEEP}")),
    Run("random", ("--phases=fuzzing", "--max-examples=60", "--seed=1")),
)
"""Runs that end by themselves: the edges of every field, and random calls."""


def deep(path: str, span_s: int) -> Run:
    """The edges of a deep schema, as many as a span of time allows.

    What is running when all time is up is not counted, so a light operation comes last.
    """
    only = f"--include-path-regex=^({path}|/healthz)$"
    return Run(path.rpartition("/")[2], ("--phases=coverage", only, f"--max-time={2 * span_s}"))


async def test_whatever_the_document_allows_or_forbids_is_answered(tmp_path: Path) -> None:
    backend = DemoModel(tokens_per_second=1_000_000)
    # Every model's name stands for the one instrument, so that made-up calls are served.
    aliases = {"GRID_GATEWAY_MODEL_ALIASES": f"*={SYMBOL}"}
    async with deployed(tmp_path, backend, **aliases) as market:
        where = (market.origin, market.consumer.secret, tmp_path)
        first = (*WHOLE, deep("/v1/messages", DEEP_S))
        *_, deepest = counts = await asyncio.gather(*(run.play(*where) for run in first))
        cases = sum(counts)
        if cases < CASES_MIN:
            # A busy machine takes longer for the same number.
            span_s = int(1.3 * DEEP_S * (CASES_MIN - cases) / max(deepest, 1)) + 10
            cases += await deep("/v1/messages/count_tokens", span_s).play(*where)
        assert cases >= CASES_MIN
        await prove(market)
    assert "Traceback" not in market.exchange.log()


async def prove(market: Deployed) -> None:
    """Many calls were served, the gateway lives, and nothing was left or lost."""
    records = await market.house.prove_usage(market.consumer, [market.seller.member_id])
    assert sum(1 for record in records if record.billed_tokens) > SERVED_MIN
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{market.origin}/readyz")).status_code == 200
        counts = (await http.get(f"{market.origin}/metrics")).text
    assert not [line for line in counts.splitlines() if 'status="5' in line]
    log = market.gateway_log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[-4_000:]
    assert "unexpected fault" not in log, log[-4_000:]
    await market.settled()


async def test_a_planted_fault_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stumble(reads: UsageReads, asked: Any) -> dict[str, Any]:
        raise RuntimeError("planted")

    monkeypatch.setattr(UsageReads, "list", stumble)
    planted = Run("planted", ("--phases=coverage", "--include-path=/v1/usage"))
    async with (
        StandIn() as exchange,
        running_gateway(exchange.target, GATEWAY_KEY) as gateway,
    ):
        with pytest.raises(AssertionError, match="Server error"):
            await planted.play(gateway.origin, CALLER_KEY, tmp_path)
