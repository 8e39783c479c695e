"""The engine's words: every command has a rule, every event an applier, every reason its line."""

import ast
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import thegrid_exchange.engine as engine
from thegrid_exchange.engine import apply, commands, events, replies, step
from thegrid_exchange.engine.refusals import Reason

ENGINE = Path(engine.__file__).parent
SOURCES = sorted(ENGINE.rglob("*.py"))
ERRORS_PROTO = Path(__file__).parents[2] / "proto/thegrid/v1/errors.proto"
FORBIDDEN = {"time", "random", "asyncio", "os", "uuid", "logging", "datetime", "secrets", "socket"}


def test_every_command_has_a_rule() -> None:
    assert set(step.RULES) == set(get_args(commands.Command))


def test_every_event_has_an_applier() -> None:
    assert set(apply.APPLIERS) == set(get_args(events.Event))


def test_every_reason_is_in_the_contract() -> None:
    named = set(re.findall(r"ERROR_REASON_(\w+) =", ERRORS_PROTO.read_text()))
    assert set(get_args(Reason)) <= named


def test_every_reason_that_a_rule_gives_is_in_the_list() -> None:
    given = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            is_refusal = getattr(getattr(node, "func", None), "id", "") in ("refuse", "Refusal")
            first = node.args[0] if is_refusal and isinstance(node, ast.Call) else None
            if isinstance(first, ast.Constant):
                given.add(first.value)
    assert given
    assert given <= set(get_args(Reason))


@pytest.mark.parametrize("module", [commands, events, replies])
def test_every_public_tuple_is_documented_and_has_typed_fields(module: Any) -> None:
    for name, kind in vars(module).items():
        if isinstance(kind, type) and hasattr(kind, "_fields"):
            assert kind.__doc__
            assert not kind.__doc__.startswith(f"{name}(")
            assert set(get_type_hints(kind)) == set(kind._fields)


def test_names_of_tuples_are_told_apart() -> None:
    seen: dict[str, type] = {}
    for module in (commands, events, replies):
        for name, kind in vars(module).items():
            if isinstance(kind, type) and hasattr(kind, "_fields"):
                assert seen.setdefault(name, kind) is kind, name


def impure_imports(tree: ast.AST) -> set[str]:
    """Top names of imported modules that the engine must not know."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names & FORBIDDEN


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_module_knows_clock_chance_or_world(source: Path) -> None:
    assert impure_imports(ast.parse(source.read_text())) == set()


def test_the_purity_check_catches_a_planted_import() -> None:
    assert impure_imports(ast.parse("from random import choice\nimport os.path")) == {
        "random",
        "os",
    }


def test_only_apply_writes() -> None:
    """Writers of the state are called in `apply` and in the state itself, nowhere else."""
    for source in SOURCES:
        if source.parent.name == "apply" or source.name == "state.py":
            continue
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = getattr(node.func.value, "id", "")
                written = owner == "state" and node.func.attr in ("put", "delete", "post", "count")
                assert not written, f"{source.name}:{node.lineno}"
