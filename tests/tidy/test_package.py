"""The distribution: what the wheel holds, and that the SDK needs its three dependencies alone.

Which room may import what is checked in test_imports.
"""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests.tidy.house import GATEWAY, ROOT, SDK, SERVER

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NAME = re.compile(r"[A-Za-z0-9._-]+")
# Parts of the SDK with an extra of their own.
WITH_EXTRAS = ("thegrid.cli", "thegrid.supplier", "thegrid.telemetry")
IMPORT_ALL = """
import importlib, pkgutil, sys, thegrid
skip = tuple(sys.argv[1:])
for module in pkgutil.walk_packages(thegrid.__path__, "thegrid.", onerror=lambda name: None):
    if not module.name.startswith(skip):
        importlib.import_module(module.name)
"""


def closure(names: list[str]) -> set[str]:
    """The distributions and all that they need, without extras."""
    found: set[str] = set()
    while names:
        name = names.pop().lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        needed = (line for line in metadata.requires(name) or [] if ";" not in line)
        names += [match.group() for line in needed if (match := NAME.match(line))]
    return found


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of packages that holds the SDK and its own dependencies, nothing else."""
    for name in closure([NAME.match(line).group() for line in PROJECT["dependencies"]]):  # type: ignore[union-attr]
        for path in metadata.files(name) or []:
            source = Path(str(path.locate()))
            target = tmp_path / path
            if ".." in path.parts or "__pycache__" in path.parts or not source.is_file():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)
    (tmp_path / "thegrid").symlink_to(SDK)
    return tmp_path


def run_bare(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path.insert(0, {str(folder)!r})\n{program}"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_sdk_imports_bare(bare: Path) -> None:
    run = run_bare(bare, IMPORT_ALL, *WITH_EXTRAS)
    assert run.returncode == 0, run.stderr


def test_bare_means_bare(bare: Path) -> None:
    run = run_bare(bare, "import click")
    assert "No module named 'click'" in run.stderr


@pytest.mark.parametrize(
    ("module", "extra"),
    [("thegrid.cli", "cli"), ("thegrid_exchange", "exchange"), ("thegrid_gateway", "gateway")],
)
def test_a_command_without_its_extra_says_what_to_install(
    bare: Path, module: str, extra: str
) -> None:
    for room in (SERVER, GATEWAY):
        (bare / room.name).symlink_to(room)
    run = run_bare(bare, f"import runpy\nrunpy.run_module({module!r}, run_name='__main__')")
    assert run.returncode == 2
    assert f"pip install 'thegrid[{extra}]'" in run.stderr


def test_base_dependencies_are_three() -> None:
    names = {NAME.match(line).group() for line in PROJECT["dependencies"]}  # type: ignore[union-attr]
    assert names == {"grpcio", "protobuf", "googleapis-common-protos"}


def test_wheel_holds_the_three_packages(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        names = set(package.namelist())
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"thegrid", "thegrid_exchange", "thegrid_gateway"}
    assert "thegrid_exchange/api/descriptors.binpb" in names
    for top in tops:
        assert f"{top}/py.typed" in names


def test_commands_lead_somewhere() -> None:
    for target in PROJECT["scripts"].values():
        module, _, name = target.partition(":")
        path = next(
            ROOT / room / (module.replace(".", "/") + ".py")
            for room in ("sdk/python", "server", "gateway")
            if (ROOT / room / module.partition(".")[0]).exists()
        )
        assert f"def {name}(" in path.read_text("utf-8") or f"{name} =" in path.read_text("utf-8")
