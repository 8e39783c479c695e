"""The command itself: settings, one worker and several, draining on a signal."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway import gateway_process, until_ready
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, Call, StandIn
from tests.support.until import until
from thegrid_gateway.config import Config, ConfigError, load_config

AUTHORIZATION = {"authorization": f"Bearer {CALLER_KEY}"}
BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


async def test_a_signal_drains_and_ends_well(exchange: StandIn) -> None:
    release = asyncio.Event()

    async def patient(call: Call) -> None:
        call.start()
        await call.say("a")
        await release.wait()
        call.end()

    exchange.script = patient
    variables = {"GRID_GATEWAY_KEY": GATEWAY_KEY, "GRID_GATEWAY_DRAIN_DELAY_S": "0.5"}
    async with (
        gateway_process("--port", "0", "--grpc", exchange.target, **variables) as (
            running,
            base_url,
        ),
        httpx.AsyncClient(headers=AUTHORIZATION) as http,
    ):
        origin = base_url.removesuffix("/v1")
        await until_ready(http, origin)
        asked = asyncio.ensure_future(http.post(base_url + "/chat/completions", json=BODY))
        await until(lambda: exchange.calls)
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(2):
            while (await http.get(origin + "/readyz")).status_code != 503:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        release.set()
        assert (await asked).status_code == 200
        async with asyncio.timeout(10):
            assert await running.wait() == 0


async def test_several_workers_share_a_port_and_their_counts(exchange: StandIn) -> None:
    variables = {"GRID_GATEWAY_KEY": GATEWAY_KEY, "GRID_GRPC": exchange.target}
    async with gateway_process("--port=0", "--workers=2", **variables) as (running, base_url):
        origin = base_url.removesuffix("/v1")
        await until(lambda: exchange.sessions == 2, timeout_s=15)
        for _ in range(20):
            async with httpx.AsyncClient(headers=AUTHORIZATION) as http:
                answer = await http.post(base_url + "/chat/completions", json=BODY)
                assert answer.status_code == 200
        async with httpx.AsyncClient() as http:
            counts = (await http.get(origin + "/metrics")).text
        assert 'grid_gateway_requests_total{endpoint="chat",status="200"} 20.0' in counts
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await running.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "variables", "names"),
    [
        (["--port", "x"], {}, "GRID_GATEWAY_PORT"),
        (["--port", "70000"], {}, "GRID_GATEWAY_PORT"),
        (["--workers", "0"], {}, "GRID_GATEWAY_WORKERS"),
        ([], {"GRID_GATEWAY_GRACE_S": "-1"}, "GRID_GATEWAY_GRACE_S"),
        ([], {"GRID_GATEWAY_NONSENSE": "1"}, "GRID_GATEWAY_NONSENSE"),
        ([], {"GRID_GATEWAY_ALLOW_PLAINTEXT": "maybe"}, "GRID_GATEWAY_ALLOW_PLAINTEXT"),
        (["--host", "0.0.0.0"], {}, "GRID_GATEWAY_HOST"),
        (["--tls-certificate", "x"], {}, "GRID_GATEWAY_TLS_PRIVATE_KEY"),
        (["--log-level", "loud"], {}, "GRID_GATEWAY_LOG_LEVEL"),
    ],
)
def test_a_bad_setting_is_named(
    arguments: list[str], variables: dict[str, str], names: str
) -> None:
    with pytest.raises(ConfigError, match=names):
        load_config(arguments, variables)


def test_flags_win_over_variables() -> None:
    config = load_config(["--port", "1"], {"GRID_GATEWAY_PORT": "2", "GRID_GATEWAY_WORKERS": "3"})
    assert (config.port, config.workers) == (1, 3)
    assert load_config([], {}) == Config()


def test_the_key_comes_from_a_file_or_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "gateway.key"
    file.write_text("key_a.b\n")
    assert Config(key_file=str(file)).secret() == "key_a.b"
    with pytest.raises(ConfigError, match="GRID_GATEWAY_KEY_FILE"):
        Config().secret()
    with pytest.raises(ConfigError, match="GRID_GATEWAY_KEY_FILE"):
        Config(key_file=str(tmp_path / "none")).secret()


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--key-file", "/nowhere/key"], []])
def test_the_command_refuses_bad_settings_with_2(arguments: list[str]) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRID_")}
    done = subprocess.run(
        [sys.executable, "-m", "thegrid_gateway", *arguments],
        capture_output=True,
        text=True,
        env=kept,
        timeout=30,
    )
    assert done.returncode == 2
    assert "GRID_GATEWAY_" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_taken_port_is_named(exchange: StandIn) -> None:
    variables = {"GRID_GATEWAY_KEY": GATEWAY_KEY, "GRID_GRPC": exchange.target}
    async with gateway_process("--port", "0", **variables) as (_, base_url):
        port = base_url.rsplit(":", 1)[1].removesuffix("/v1")
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "thegrid_gateway",
            "--port",
            port,
            "--key",
            GATEWAY_KEY,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await second.communicate()
    assert second.returncode == 2
    assert b"GRID_GATEWAY_PORT" in said
