"""Words that must not stand in the project: paths of one machine, unfinished work, registries.

What the documents promise is checked in test_documents.
"""

import re
from pathlib import Path

import pytest

from tests.tidy.house import ROOT, files, generated, shown

# Put together from pieces, so that this page does not catch itself.
HOMES = re.compile("(?<![A-Za-z0-9.$*])/(" + "home|Users|root|work" + r")/[a-z]")
UNFINISHED = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b"
)
REGISTRY = re.compile(r"https?://[^\s\"']*(?:registry|simple|pythonhosted|packages)[^\s\"']*")
TEXT_BYTES_MAX = 1_000_000
ROOT_ENTRIES = {
    *("proto", "pyproject.toml", "server", "sdk", "gateway", "tests"),
    *("buf.yaml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md", "requirements.lock"),
}


def word_faults(text: str) -> list[str]:
    """Lines that name a path of one machine, or say that work is left."""
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        if HOMES.search(line) or f"{ROOT}/" in line:
            faults.append(f"{number}: names a path of one machine")
        if UNFINISHED.search(line):
            faults.append(f"{number}: says that something is left to do")
    return faults


def registry_faults(text: str) -> list[str]:
    """Lines of a lock file that tie it to the address of a registry."""
    return [
        f"{number}: names the registry {match.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        if (match := REGISTRY.search(line))
    ]


def readable(path: Path) -> str:
    """The text of a file, or nothing when it is no text."""
    content = path.read_bytes()[:TEXT_BYTES_MAX]
    return "" if b"\0" in content else content.decode("utf-8", "replace")


def test_words() -> None:
    found = []
    for path in files():
        if not generated(path):
            found += [f"{shown(path)}:{fault}" for fault in word_faults(readable(path))]
    assert not found, "\n".join(found)


def test_locks_name_no_registry() -> None:
    found = []
    for path in files():
        if path.suffix == ".lock" or path.name == "package-lock.json":
            found += [f"{shown(path)}:{fault}" for fault in registry_faults(readable(path))]
    assert not found, "\n".join(found)


def test_root_holds_only_what_belongs_there() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in files()}
    assert {name for name in top if not name.startswith(".")} <= ROOT_ENTRIES


@pytest.mark.parametrize("fault", ["see /ho" + "me/ann/grid", "# TO" + "DO: later", f"cd {ROOT}/x"])
def test_word_checker_catches(fault: str) -> None:
    assert word_faults(fault)


def test_registry_checker_catches() -> None:
    assert registry_faults('"resolved": "https://reg' + 'istry.example.org/x.tgz"')
    assert not registry_faults('"url": "https://github.com/sponsors/someone"')
