"""The TypeScript SDK: its own tests against a scripted exchange, then against a real one.

What the SDK does in detail is asserted in sdk/typescript/test.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.grid_up import House, grid_up

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "sdk/typescript"


def node_is_here() -> bool:
    """Tell whether Node 20 or newer and the SDK's packages are there."""
    if shutil.which("node") is None or not (SDK / "node_modules").exists():
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return int(version.stdout.removeprefix("v").split(".")[0]) >= 20


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not node_is_here(),
        reason="SKIPPED: no Node 20 or newer, so the TypeScript SDK was not tested; "
        "install it and run `make check` once",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The SDK and its tests, compiled."""
    compiler = SDK / "node_modules/typescript/bin/tsc"
    node(str(compiler), "-p", "tsconfig.json", environment=dict(os.environ))


def node(*arguments: str, environment: dict[str, str]) -> str:
    """Run Node in the SDK's folder and return what it printed; fail with it when Node fails."""
    run = subprocess.run(
        ["node", *arguments],
        cwd=SDK,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    return run.stdout


def test_against_a_scripted_exchange() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "GRID_GRPC"}
    said = node("--test", "--test-timeout=30000", "dist/test/", environment=environment)
    assert "# fail 0" in said
    assert "# pass 0" not in said


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with grid_up(tmp_path_factory.mktemp("market")) as running:
        yield running


def test_against_a_real_exchange(house: House) -> None:
    """An order, a book and an account resumed after a cut connection, a delivery."""
    environment = house.environment()
    file = "dist/test/real.test.js"
    said = node("--test", "--test-timeout=120000", file, environment=environment)
    assert "# pass 6" in said, said + house.logs()
    assert "# skipped 0" in said


def test_walkthrough(house: House) -> None:
    said = node("dist/examples/walkthrough.js", "text-standard", environment=house.environment())
    assert "tokens for" in said, said
