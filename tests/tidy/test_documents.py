"""What the documents promise holds: commands exist, links lead somewhere, examples are sound.

Examples that need a running exchange are run in tests/sdk and tests/flows.
"""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.tidy.house import BIN, ROOT, files, shown

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4}(\S[^\n]*)$", re.MULTILINE)
SHELL = {"sh", "bash", "shell", "console", ""}
MAKE = re.compile(r"^(?:\$ )?make(?: ([a-z-]+))?")
COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?(grid[a-z-]*)((?: [a-z][a-z-]+)*)")


def documents() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def link_faults(text: str, path: Path) -> list[str]:
    """Links of a document that lead nowhere inside the project."""
    faults = []
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists():
            faults.append(f"{target} does not exist")
        elif anchor and there.suffix == ".md":
            own = text if there == path else there.read_text("utf-8")
            headings = re.findall(r"^#+ (.*)$", own, re.MULTILINE)
            if anchor not in {slug(heading) for heading in headings}:
                faults.append(f"{target} names no heading")
    return faults


def shell_lines(text: str) -> list[str]:
    """Lines that a reader would type into a shell."""
    blocks = [body for language, body in FENCE.findall(text) if language in SHELL]
    fenced = [line.strip() for body in blocks for line in body.splitlines()]
    return fenced + INDENTED.findall(FENCE.sub("", text))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def command_faults(line: str) -> list[str]:
    """A line of shell that calls for a target or a command that does not exist."""
    made = MAKE.match(line)
    if made and made.group(1) and made.group(1) not in targets():
        return [f"make {made.group(1)} does not exist"]
    called = COMMAND.match(line)
    if not called:
        return []
    name, words = called.group(1), called.group(2).split()
    if name not in SCRIPTS:
        return [f"{name} is no command of ours"]
    # Help is answered before arguments are looked at, so whatever follows a subcommand may stay.
    asked = subprocess.run([BIN / name, *words, "--help"], capture_output=True, check=False)
    return [f"{line} is not understood by {name}"] if asked.returncode else []


SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]


def test_links_lead_somewhere() -> None:
    found = []
    for path in documents():
        faults = link_faults(path.read_text("utf-8"), path)
        found += [f"{shown(path)}: {fault}" for fault in faults]
    assert not found, "\n".join(found)


def test_commands_exist() -> None:
    lines = {}
    for path in documents():
        for line in shell_lines(path.read_text("utf-8")):
            lines[line] = shown(path)
    found = [f"{where}: {fault}" for line, where in lines.items() for fault in command_faults(line)]
    assert not found, "\n".join(found)


def test_readme_begins_with_what_runs() -> None:
    lines = shell_lines((ROOT / "README.md").read_text("utf-8"))
    assert any(line.startswith("make up") for line in lines)
    assert any(line.startswith("make test") for line in lines)


def test_python_examples_are_python() -> None:
    for path in documents():
        for language, body in FENCE.findall(path.read_text("utf-8")):
            if language in {"python", "py"}:
                flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
                compile(body, shown(path), "exec", flags=flags | ast.PyCF_ONLY_AST)


@pytest.mark.parametrize("link", ["[a](nowhere.md)", "[b](#no-such-heading)"])
def test_link_checker_catches(link: str) -> None:
    assert link_faults(f"# Title\n{link}\n", ROOT / "README.md")
    assert not link_faults("# Some title\n[c](#some-title) [d](LICENSE)\n", ROOT / "README.md")


@pytest.mark.parametrize("line", ["make nothing", "grid-nothing up", "make up-and-away"])
def test_command_checker_catches(line: str) -> None:
    assert shell_lines(f"Say:\n\n```sh\n{line}\n```\n") == [line]
    assert command_faults(line)
