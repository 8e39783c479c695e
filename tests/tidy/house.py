"""What the tidy tests share: where the rooms are, and which files belong to the project.

No rule of the house stands here; each rule is a checker beside its own test.
"""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server/thegrid_exchange"
SDK = ROOT / "sdk/python/thegrid"
GATEWAY = ROOT / "gateway/thegrid_gateway"
BIN = ROOT / ".venv/bin"
GENERATORS_PYTHON = ROOT / ".build/generators/bin/python"


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project, committed or about to be; nothing that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file() and not path.is_symlink()))


def generated(path: Path) -> bool:
    """Tell whether a file is made by a program and read by none of us."""
    return (
        "_pb2" in path.name
        or path.suffix in {".binpb", ".lock"}
        or "gen" in path.relative_to(ROOT).parts[:-1]
        or path.name in {"package-lock.json", "Cargo.lock", "go.sum"}
    )


def python_files(*folders: Path) -> Iterator[Path]:
    """The hand-written Python files below the folders."""
    for path in files():
        inside = any(path.is_relative_to(folder) for folder in folders)
        if inside and path.suffix == ".py" and not generated(path):
            yield path


def shown(path: Path) -> str:
    """The path as a reader of a complaint wants it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of every module that is imported anywhere in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
