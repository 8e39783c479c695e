"""Makes the blocking client from the asyncio client, so that each call is written once.
What waits differently in threads (`channel`, `order_session`) is written by hand and left alone.
"""

import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sdk/python/thegrid"
BY_HAND = frozenset({"__init__.py", "channel.py", "order_session.py"})
DROPPED = frozenset({"async", "await"})
RENAMED = {
    "aio": "sync",
    "AsyncClient": "Client",
    "AsyncIterator": "Iterator",
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}
WORDS = re.compile(r"\b(AsyncClient|AsyncIterator)\b")
HEADER = "# Made by `make proto` from thegrid/aio/{name}; edit that file instead.\n"


def twin(source: str, name: str) -> str:
    """Return the blocking form of a module's source, unformatted."""
    tokens, dropped_width = [], 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and token.string in DROPPED:
            dropped_width = len(token.string) + 1
            continue
        text = token.string
        if token.type == tokenize.NAME:
            text = RENAMED.get(text, text)
        elif token.type == tokenize.STRING:
            text = WORDS.sub(lambda found: RENAMED[found.group()], text)
        tokens.append((token, text, dropped_width))
        dropped_width = 0
    return HEADER.format(name=name) + _join(tokens)


def made() -> dict[Path, str]:
    """Return every twin's path and formatted source."""
    sources = [path for path in sorted((PACKAGE / "aio").glob("*.py")) if path.name not in BY_HAND]
    return {
        PACKAGE / "sync" / path.name: formatted(twin(path.read_text("utf-8"), path.name))
        for path in sources
    }


def formatted(source: str) -> str:
    """Return source sorted and laid out as the rest of the house."""
    for arguments in (["check", "--fix-only", "--unsafe-fixes", "--select", "I,UP028"], ["format"]):
        source = subprocess.run(
            [ROOT / ".venv/bin/ruff", *arguments, "--quiet", "--stdin-filename", "twin.py", "-"],
            input=source,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
    return source


def stale(check: bool) -> list[str]:
    """Return the paths of twins that differ, laid in place unless `check`."""
    different = []
    wanted = made()
    for path in (PACKAGE / "sync").glob("*.py"):
        if path.name not in BY_HAND and path not in wanted:
            different.append(str(path.relative_to(ROOT)))
            if not check:
                path.unlink()
    for path, source in wanted.items():
        if path.exists() and path.read_text("utf-8") == source:
            continue
        different.append(str(path.relative_to(ROOT)))
        if not check:
            path.write_text(source, "utf-8")
    return different


def _join(tokens: list[tuple[tokenize.TokenInfo, str, int]]) -> str:
    """Lay tokens out with the spaces they had, less those behind what was dropped."""
    out: list[str] = []
    row, column = 1, 0
    for token, text, dropped_width in tokens:
        if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
            continue
        start_row, start_column = token.start
        if start_row > row:
            row, column = start_row, 0
        out.append(" " * (start_column - column - dropped_width))
        out.append(text)
        row, column = token.end
    return "".join(out)


if __name__ == "__main__":
    changed = stale("--check" in sys.argv)
    print(*changed, sep="\n")
    sys.exit(1 if changed and "--check" in sys.argv else 0)
