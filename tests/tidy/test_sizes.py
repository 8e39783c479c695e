"""How large modules, functions and nests of branches may grow, and that a module says what it is.

Line length and style are ruff's; what may be imported stands in test_imports.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.house import GATEWAY, ROOT, SDK, SERVER, python_files, shown

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
NESTING_MAX = 3
# `with` and `try` put brackets round a stretch of work; they are no turn that a reader must take.
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def size_faults(source: str) -> list[str]:
    """Whatever in a module is longer or deeper than the house allows."""
    faults = []
    lines = len(source.splitlines())
    if lines > MODULE_LINES_MAX:
        faults.append(f"1: {lines} lines; make two rooms of it")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, FUNCTIONS):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES_MAX:
            faults.append(f"{node.lineno}: {node.name} has {length} lines")
        depth = nesting(node)
        if depth > NESTING_MAX:
            faults.append(f"{node.lineno}: {node.name} nests {depth} deep")
    return faults


def nesting(node: ast.AST) -> int:
    """How deep branches and loops lie in each other; a function inside begins anew."""
    return max((level(child) for child in inner(node)), default=0)


def level(node: ast.AST) -> int:
    if isinstance(node, FUNCTIONS):
        return 0
    chained = isinstance(node, ast.If) and len(node.orelse) == 1
    if chained and isinstance(node, ast.If) and isinstance(node.orelse[0], ast.If):
        # `elif` reads as the same level, whatever the tree says.
        below = max((level(child) for child in node.body), default=0)
        return max(1 + below, level(node.orelse[0]))
    return nesting(node) + isinstance(node, BRANCHES)


def inner(node: ast.AST) -> Iterator[ast.AST]:
    return ast.iter_child_nodes(node)


def docstring_faults(source: str) -> list[str]:
    """A module opens by saying what lives here and what does not: two sentences."""
    text = ast.get_docstring(ast.parse(source))
    if not text:
        return ["1: no module docstring"]
    sentences = text.replace("\n", " ").count(". ") + text.rstrip().endswith((".", "?", ":"))
    return [] if sentences >= 2 else ["1: the docstring should say what lives here, and what not"]


def test_sizes() -> None:
    found = []
    for path in python_files(SERVER, GATEWAY, ROOT / "tests", ROOT / "sdk"):
        found += [f"{shown(path)}:{fault}" for fault in size_faults(path.read_text("utf-8"))]
    assert not found, "\n".join(found)


def test_modules_say_what_they_are() -> None:
    found = []
    for path in python_files(SERVER, SDK, GATEWAY):
        found += [f"{shown(path)}:{fault}" for fault in docstring_faults(path.read_text("utf-8"))]
    assert not found, "\n".join(found)


DEEP = "def rule():\n" + "".join("    " * n + "if x:\n" for n in range(1, 5)) + "    " * 5 + "pass"


@pytest.mark.parametrize("fault", ["\n" * 401, "def rule():\n" + "    pass\n" * 60, DEEP])
def test_size_checker_catches(fault: str) -> None:
    assert size_faults(fault)


def test_a_chain_of_cases_is_one_level() -> None:
    chain = "".join(f"    elif x == {n}:\n        pass\n" for n in range(9))
    assert not size_faults(f"def rule(x):\n    if not x:\n        pass\n{chain}")


def test_docstring_checker_catches() -> None:
    assert docstring_faults("x = 1")
    assert docstring_faults('"""Only one sentence."""')
    assert not docstring_faults('"""What lives here. What does not."""')
