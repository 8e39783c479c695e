"""Other gateways to measure beside: how each is installed, pinned, and started with one worker.

They stand in environments of their own under `.build/peers`. What is measured is in
`gateway_peers.py`.
"""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
PINS = Path(__file__).parent / "peers"
BUILD = ROOT / ".build" / "peers"
MODEL = "up-model"
KEY = "sk-bench-5f0b7c1e9a3d4e62b8c7d1f0a9e8b7c6"
"""A key for this machine alone; LiteLLM refuses a short one."""

_LITELLM = """
model_list:
  - model_name: {model}
    litellm_params: {{model: openai/{model}, api_key: none, api_base: "http://127.0.0.1:{up}/v1"}}
litellm_settings: {{callbacks: [], num_retries: 0, request_timeout: 120, telemetry: false}}
general_settings: {{master_key: {key}, disable_spend_logs: true}}
"""

_LOOPBACK = """
const net = require('net'), listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...a) {
  if (a[0] && a[0].port !== undefined) a[0] = {...a[0], host: '127.0.0.1'};
  else if (typeof a[0] === 'number') a.splice(1, typeof a[1] === 'string' ? 1 : 0, '127.0.0.1');
  return listen.apply(this, a);
};
"""
"""This server has no option for its address, so the address is given to Node itself."""


@dataclass(frozen=True)
class Peer:
    """One gateway: its name and version, how to install it, and the command that serves."""

    name: str
    install: Callable[[], None]
    command: Callable[[int, int], list[str]]
    """Takes the port to serve on and the upstream's."""
    variables: dict[str, str]
    headers: Callable[[int], dict[str, str]]
    """Takes the upstream's port."""


def _python(name: str) -> Callable[[], None]:
    def install() -> None:
        BUILD.mkdir(parents=True, exist_ok=True)
        lock = (PINS / f"{name}.lock").relative_to(ROOT)
        folder = (BUILD / name).relative_to(ROOT)
        subprocess.run([".ci/env", str(folder), str(lock)], cwd=ROOT, check=True)

    return install


def _node() -> None:
    folder = BUILD / "portkey"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "loopback.cjs").write_text(_LOOPBACK, encoding="utf-8")
    lock = PINS / "portkey" / "package-lock.json"
    stamp = folder / "fits.json"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINS / "portkey" / name, folder / name)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(["npm", "ci", *options], cwd=folder, check=True)
    shutil.copy(lock, stamp)


def _litellm(port: int, up: int) -> list[str]:
    settings = BUILD / "litellm.yaml"
    settings.write_text(_LITELLM.format(model=MODEL, up=up, key=KEY), encoding="utf-8")
    program = BUILD / "litellm" / "bin" / "litellm"
    options = ["--config", str(settings), "--host", "127.0.0.1", "--port", str(port)]
    return [str(program), *options, "--num_workers", "1"]


def _portkey(port: int, up: int) -> list[str]:
    folder = BUILD / "portkey"
    server = folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
    return ["node", "-r", str(folder / "loopback.cjs"), str(server), f"--port={port}", "--headless"]


def _rust(program: str, metrics_port: int) -> Callable[[int, int], list[str]]:
    def command(port: int, up: int) -> list[str]:
        launch = ["launch"] if program == "smg" else []
        return [
            str(BUILD / "rust" / "bin" / program),
            *launch,
            *("--worker-urls", f"http://127.0.0.1:{up}"),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--prometheus-host", "127.0.0.1", "--prometheus-port", str(metrics_port)),
            *("--log-level", "error"),
        ]

    return command


def _no_headers(up: int) -> dict[str, str]:
    return {}


def _portkey_headers(up: int) -> dict[str, str]:
    return {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{up}/v1",
    }


_QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_MODE": "PRODUCTION",
    "NO_DOCS": "True",
}

PEERS = {
    "litellm": Peer("LiteLLM proxy", _python("litellm"), _litellm, _QUIET, _no_headers),
    "portkey": Peer("Portkey", _node, _portkey, {"NODE_ENV": "production"}, _portkey_headers),
    "smg": Peer("SMG (Rust)", _python("rust"), _rust("smg", 29_102), {}, _no_headers),
    "vllm-router": Peer(
        "vllm-router (Rust)", _python("rust"), _rust("vllm-router", 29_103), {}, _no_headers
    ),
}
"""Each in its lightest set-up: no database, no spend log, no callbacks."""


def versions() -> str:
    """Answer the pinned version of each peer."""
    pins = [line for file in sorted(PINS.glob("*.in")) for line in file.read_text().split()]
    package = json.loads((PINS / "portkey" / "package.json").read_text())
    pins.append(f"portkey=={package['dependencies']['@portkey-ai/gateway']}")
    return ", ".join(pins)


@contextlib.contextmanager
def serving(peer: Peer, port: int, up: int) -> Iterator[psutil.Process]:
    """Run a peer until the block ends; its output goes to a file under `.build/peers`."""
    log_path = BUILD / f"{peer.name.split()[0].lower()}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            peer.command(port, up),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **peer.variables},
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.terminate()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
