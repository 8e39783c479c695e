"""Generated code is what the contract says, and what it needs is what users may have.

The contract's own rules stand in test_contract.
"""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.tidy.house import GENERATORS_PYTHON, ROOT, SDK

pytestmark = pytest.mark.skipif(
    not GENERATORS_PYTHON.exists(), reason="no generators here; run these by `make check`"
)


def check(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GENERATORS_PYTHON, tree / "sdk/generate.py", "--check"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of all that generation reads and writes, with the tools linked in."""
    folders = [f"sdk/python/thegrid/{name}" for name in ("v1", "aio", "sync")]
    for name in ("proto", "sdk/typescript/gen", *folders):
        shutil.copytree(ROOT / name, tmp_path / name)
    names = ["buf.yaml", "pyproject.toml", "server/thegrid_exchange/api/descriptors.binpb"]
    names.append("sdk/python/thegrid/service_config.json")
    names += [f"sdk/{path.name}" for path in (ROOT / "sdk").iterdir() if path.is_file()]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / ".build").mkdir()
    (tmp_path / ".build/generators").symlink_to(ROOT / ".build/generators")
    modules = ROOT / "sdk/typescript/node_modules"
    if modules.exists():
        (tmp_path / "sdk/typescript/node_modules").symlink_to(modules)
    return tmp_path


def test_fresh() -> None:
    run = check(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_edited_file_is_caught(tree: Path) -> None:
    names = (
        "sdk/python/thegrid/v1/trading_pb2.py",
        "sdk/python/thegrid/v1/trading_pb2_grpc.pyi",
        "server/thegrid_exchange/api/descriptors.binpb",
    )
    for name in names:
        with (tree / name).open("ab") as file:
            file.write(b"\n# edited\n")
    run = check(tree)
    assert run.returncode == 1
    for name in names:
        assert name in run.stderr


def test_a_changed_contract_is_caught(tree: Path) -> None:
    proto = tree / "proto/thegrid/v1/common.proto"
    proto.write_text(proto.read_text("utf-8") + "\n// Left.\nmessage Left {}\n", "utf-8")
    run = check(tree)
    assert run.returncode == 1
    assert "common_pb2.py" in run.stderr


IMPORT_ALL = """
import importlib, pkgutil, thegrid
for module in pkgutil.walk_packages(thegrid.__path__, "thegrid."):
    if not module.name.startswith(("thegrid.cli", "thegrid.supplier", "thegrid.telemetry")):
        importlib.import_module(module.name)
"""


def test_sdk_runs_on_its_floors() -> None:
    """The generators' environment holds the oldest runtimes that pyproject.toml permits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    floors = dict(re.findall(r"([\w-]+)>=([\d.]+)", " ".join(project["dependencies"])))
    program = f"from importlib import metadata\nfor name, floor in {floors}.items():\n"
    program += "    assert metadata.version(name).startswith(floor), name\n" + IMPORT_ALL
    run = subprocess.run(
        [GENERATORS_PYTHON, "-W", "error", "-c", program],
        env=os.environ | {"PYTHONPATH": str(SDK.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_sdks_carry_no_validation_rules() -> None:
    generated = [*SDK.glob("v1/*_pb2.py"), *(ROOT / "sdk/typescript/gen").rglob("*.ts")]
    assert generated
    assert not [path.name for path in generated if b"buf/validate" in path.read_bytes()]
