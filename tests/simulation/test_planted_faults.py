"""Tests are worth what they notice: wrong changes are planted in a copy of the server, one by one,
and the quick tests of that room must fail. The faults are listed in `mutants`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server" / "thegrid_exchange"
TESTS_FAILED = 1
"""Exit code of pytest when it ran and a test failed; any other means that it did not run."""


def noticed(folder: Path, tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests against the server that lies in a folder."""
    command = [sys.executable, "-m", "pytest", *tests.split()]
    command += ["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "--timeout=25"]
    paths = os.pathsep.join([str(folder), str(ROOT)])
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def planted(folder: Path, mutant: Mutant) -> Path:
    """A copy of the server with one fault in it."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SERVER, folder / "thegrid_exchange", ignore=ignored)
    victim = folder / "thegrid_exchange" / mutant.path
    source = victim.read_text()
    count = source.count(mutant.before)
    assert count == 1, f"{mutant.path} holds {count} times: {mutant.before}; mend the list"
    victim.write_text(source.replace(mutant.before, mutant.after))
    return folder


def test_every_fault_finds_its_place_in_the_source() -> None:
    for mutant in MUTANTS:
        count = (SERVER / mutant.path).read_text().count(mutant.before)
        assert count == 1, f"{mutant.path} holds {count} times: {mutant.before}; mend the list"
    assert len(MUTANTS) >= 20
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_the_fault_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    ran = noticed(planted(tmp_path, mutant), mutant.tests)
    assert ran.returncode == TESTS_FAILED, f"not noticed: {mutant.name}\n{ran.stdout[-1500:]}"


@pytest.mark.slow
def test_the_copy_without_a_fault_passes(tmp_path: Path) -> None:
    shutil.copytree(SERVER, tmp_path / "thegrid_exchange")
    ran = noticed(tmp_path, "tests/engine/test_matching.py tests/journal/test_sequencer.py")
    assert ran.returncode == 0, ran.stdout[-1500:]
