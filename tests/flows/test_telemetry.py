"""One trace across a market's processes, figures of its calls, and no word of what was said."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.collector import Collector, Seen, collecting
from tests.support.grid_up import House, grid_up

MARK = "xyzzy-plugh-marked"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ABOVE = "00f067aa0ba902b7"
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_METRIC_EXPORT_INTERVAL": "500"}
GATEWAY, EXCHANGE, SUPPLIER = "thegrid-gateway", "thegrid-exchange", "thegrid-supplier"


def ask(house: House, path: str, trace_id: str = TRACE, **more: Any) -> httpx.Response:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": f"{MARK} hello"}]}
    headers = {
        "authorization": f"Bearer {house.api_key}",
        "traceparent": f"00-{trace_id}-{ABOVE}-01",
        "x-request-id": f"req-{trace_id[:6]}",
    }
    return httpx.post(house.base_url + path, json={**body, **more}, headers=headers, timeout=30)


def assert_joined(spans: dict[str, Seen], above: str) -> None:
    """Gateway, exchange and supplier stand below each other, in this order."""
    assert set(spans) == {GATEWAY, EXCHANGE, SUPPLIER}
    for service in (GATEWAY, EXCHANGE, SUPPLIER):
        assert spans[service].parent_id == above
        above = spans[service].span_id


def model_of(house: House) -> str:
    headers = {"authorization": f"Bearer {house.api_key}"}
    listed = httpx.get(f"{house.base_url}/models", headers=headers, timeout=30).json()
    return str(listed["data"][0]["id"])


def test_one_trace_across_three_processes(tmp_path: Path) -> None:
    with collecting() as collector:
        options = ("--otlp-endpoint", collector.endpoint)
        with grid_up(tmp_path / "data", *options, **QUICK) as house:
            model = model_of(house)
            _check_a_plain_call(house, collector, model)
            _check_a_stream(house, collector, model)
            _check_a_refusal(house, collector)
            _check_figures(collector, model)
            _check_embeddings(house, collector)
        # What was left when they ended has come as well, and none of it holds a word.
        for word in (MARK, house.api_key, "demo model"):
            assert word.encode() not in collector.raw


def _check_a_plain_call(house: House, collector: Collector, model: str) -> None:
    answer = ask(house, "/chat/completions", model=model, temperature=0.5, stop=[MARK])
    assert answer.status_code == 200, answer.text + house.logs()
    collector.until(lambda: len(collector.trace(TRACE)) == 3)
    spans = collector.trace(TRACE)
    assert_joined(spans, ABOVE)
    gateway, usage = spans[GATEWAY], answer.json()["usage"]
    assert gateway.name == f"chat {model}"
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "thegrid",
        "gen_ai.request.model": model,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": answer.headers["x-grid-model"],
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": usage["prompt_tokens"],
        "gen_ai.usage.output_tokens": usage["completion_tokens"],
        "http.response.status_code": 200,
        "thegrid.request_id": f"req-{TRACE[:6]}",
        "thegrid.usage_id": answer.headers["x-grid-request-id"],
        "thegrid.verdict": "in_spec",
    }
    assert {name: gateway.values.get(name) for name in expected} == expected
    assert spans[EXCHANGE].values["thegrid.usage_id"] == answer.headers["x-grid-request-id"]
    assert spans[SUPPLIER].values["gen_ai.usage.output_tokens"] > 0
    assert not any(span.is_error for span in spans.values())


def _check_a_stream(house: House, collector: Collector, model: str) -> None:
    trace_id = "a" * 32
    body = {"model": model, "stream": True, "max_tokens": 64}
    assert ask(house, "/messages", trace_id, **body).text.count("message_stop")
    collector.until(lambda: len(collector.trace(trace_id)) == 3)
    assert_joined(collector.trace(trace_id), ABOVE)


def _check_a_refusal(house: House, collector: Collector) -> None:
    trace_id = "b" * 32
    assert ask(house, "/chat/completions", trace_id, model="no-such-model").status_code == 404
    collector.until(lambda: GATEWAY in collector.trace(trace_id))
    span = collector.trace(trace_id)[GATEWAY]
    assert span.is_error
    assert span.values["error.type"] == "model_not_found"
    assert span.values["http.response.status_code"] == 404


def _check_embeddings(house: House, collector: Collector) -> None:
    trace_id = "c" * 32
    body = {"model": "embedding-ngrams", "input": [MARK, "b"], "dimensions": 64, "messages": None}
    answer = ask(house, "/embeddings", trace_id, **body)
    assert answer.status_code == 200, answer.text + house.logs()
    collector.until(lambda: len(collector.trace(trace_id)) == 3)
    spans = collector.trace(trace_id)
    assert_joined(spans, ABOVE)
    assert {span.values["gen_ai.operation.name"] for span in spans.values()} == {"embeddings"}
    values = spans[GATEWAY].values
    assert values["gen_ai.embeddings.dimension.count"] == 64
    assert values["gen_ai.usage.input_tokens"] == answer.json()["usage"]["prompt_tokens"]
    assert values["gen_ai.usage.output_tokens"] == 0


def _check_figures(collector: Collector, model: str) -> None:
    for name in (
        "gen_ai.server.request.duration",
        "gen_ai.server.time_to_first_token",
        "gen_ai.server.time_per_output_token",
        "gen_ai.client.token.usage",
    ):
        collector.until(
            lambda name=name: any(
                (each.service, each.name) == (GATEWAY, name) and each.count >= 2
                for each in collector.figures
            )
        )
    figures = [each for each in collector.figures if each.service == GATEWAY]
    assert {each.values["gen_ai.request.model"] for each in figures} == {model}
    kinds = {each.values.get("gen_ai.token.type") for each in figures}
    assert kinds == {None, "input", "output"}
    # The supplier's own figures come when the supplier sends them.
    collector.until(
        lambda: any(each.name == "gen_ai.client.operation.duration" for each in collector.figures)
    )


PROBE = """
import json, sys
from thegrid_gateway import app, command
from thegrid_exchange import app as exchange
from thegrid.supplier import run
print(json.dumps([name for name in sys.modules if name.startswith("opentelemetry")]))
"""


def test_who_traces_nothing_loads_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, env=os.environ
    )
    assert json.loads(ran.stdout) == []


@pytest.mark.parametrize(
    ("module", "arguments", "variable"),
    [
        ("thegrid_gateway", ["--key", "key_a.b", "--port", "0"], "GRID_GATEWAY_OTLP_ENDPOINT"),
        ("thegrid_exchange", ["serve"], "GRID_OTLP_ENDPOINT"),
    ],
)
def test_without_the_libraries_it_is_said_what_to_install(
    tmp_path: Path, module: str, arguments: list[str], variable: str
) -> None:
    (tmp_path / "opentelemetry.py").write_text("raise ModuleNotFoundError(name='opentelemetry')\n")
    ports = {"GRID_GRPC_PORT": "0", "GRID_OPERATOR_PORT": "0", "GRID_DATA": str(tmp_path / "data")}
    ran = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **ports, "PYTHONPATH": str(tmp_path), variable: "http://127.0.0.1:1"},
    )
    assert ran.returncode == 2
    assert "thegrid[telemetry]" in ran.stderr
    assert variable in ran.stderr
    assert "Traceback" not in ran.stderr
