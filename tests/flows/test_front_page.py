"""What the README shows a newcomer is run as it stands, block by block, in a market of its own.
Only addresses and the folder of data are put in their places.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.grid_up import House, grid_up
from tests.support.until import until

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SUPPLYING = re.compile(r"^(\S+/grid supply(?:.*\\\n)*.*)\n", re.MULTILINE)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with grid_up(tmp_path_factory.mktemp("front-page")) as running:
        yield running


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """An OpenAI-compatible server, such as a reader would have."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.upstream", str(port)], cwd=ROOT
    )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=20)


def block_of(heading: str, language: str) -> str:
    """The one block of a language under a heading."""
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    (found,) = [body for kind, body in BLOCK.findall(section) if kind == language]
    return found


def placed(text: str, house: House, upstream: str = "") -> str:
    """The text with this market's addresses and folder."""
    for written, real in (
        ("http://127.0.0.1:8080/v1", house.base_url),
        ("127.0.0.1:50051", house.grpc),
        ("http://127.0.0.1:8000", upstream),
        ("data/", f"{house.data}/"),
        ("verify data ", f"verify {house.data} "),
        ("replay data ", f"replay {house.data} "),
        (".venv/bin/", f"{Path(sys.executable).parent}/"),
        ("my-farm.key", str(house.data / "my-farm.key")),
    ):
        text = text.replace(written, real)
    return text


def run_python(text: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_shell(text: str, house: House) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GRID_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment | {"GRID_GRPC": house.grpc},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def supplying(words: list[str], house: House) -> Iterator[None]:
    """Run a supplier beside the market, and see that it leaves in good order."""
    with subprocess.Popen(words, env=os.environ | {"GRID_GRPC": house.grpc}) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) in (0, 130)


def test_the_first_call_is_answered(house: House) -> None:
    said = run_python(placed(block_of("First call", "python"), house))
    assert "demo model" in said
    usage = run_shell(
        placed(".venv/bin/grid usage --key-file data/keys/demo-consumer.key", house), house
    )
    assert "in_spec" in usage


def test_the_first_trade_is_made(house: House) -> None:
    said = run_shell(placed(block_of("First trade", "sh"), house), house)
    for word in ("ask", "open: 0 of 2", "1 orders cancelled", "closed (filled)", "lot_"):
        assert word in said
    assert "rests at 0.1" in run_python(placed(block_of("First trade", "python"), house))


async def test_the_first_supplier_sells(house: House, upstream: str) -> None:
    block = placed(block_of("First supplier", "sh"), house, upstream)
    serving = SUPPLYING.search(block)
    assert serving
    run_shell(block.replace(serving.group(0), ""), house)
    with supplying(re.sub(r"\\\n\s*", "", serving.group(1)).split(), house):
        book = placed(".venv/bin/grid book text-prime --key-file data/operator.key", house)
        await until(lambda: "$1.10" in run_shell(book, house), timeout_s=30)


def test_the_inside_can_be_looked_at(house: House) -> None:
    said = run_shell(placed(block_of("How it works", "sh"), house), house)
    assert "usd" in said
