"""The TypeScript SDK: its own tests against a scripted exchange, then against a real one.

What the SDK does in detail is asserted in sdk/typescript/test.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

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
    run = subprocess.run(
        ["node", compiler, "-p", "tsconfig.json"],
        cwd=SDK,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_against_a_scripted_exchange() -> None:
    run = subprocess.run(
        ["node", "--test", "--test-timeout=30000", "dist/test/"],
        cwd=SDK,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-8000:]
    assert "# pass 0" not in run.stdout
