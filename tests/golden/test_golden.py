"""A recorded journal still folds to the state it had, and its commands still do what they did.

When the rules change on purpose, raise `engine.RULES_VERSION`, keep the journal in `older`, where
it is folded only, as every journal in the field is, and record a new one with
`python -m tests.golden.recording`.
"""

import os
import subprocess
import sys

import pytest

from tests.golden import recording
from thegrid_exchange.engine import RULES_VERSION
from thegrid_exchange.journal.protocol import JournalBroken

WHAT_TO_DO = (
    "the rules have changed: raise engine.RULES_VERSION if any journal was written under them, "
    "then record anew with python -m tests.golden.recording"
)

PROVE = """
from tests.golden import recording
rows = recording.read()
print(recording.folded(rows).digest, recording.executed(rows))
"""
PROVE_OLDER = """
from tests.golden import recording
rows = recording.read(recording.OLDER / "{}.jsonl.gz")
folded = recording.folded(rows)
print(folded.rules_version, folded.rows, folded.chain, recording.folded_states(rows))
"""

HASH_SEEDS = pytest.mark.parametrize("hash_seed", ["0", "2026"])


def told_by(script: str, hash_seed: str) -> list[str]:
    """The words that a script prints under a hash seed."""
    paths = os.pathsep.join(path for path in sys.path if path)
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{WHAT_TO_DO}\n{ran.stderr[-600:]}"
    return ran.stdout.split()


def test_the_recorded_journal_folds_to_its_digest() -> None:
    assert recording.folded(recording.read()) == recording.read_summary(), WHAT_TO_DO


@HASH_SEEDS
def test_its_commands_do_again_what_they_did_under_any_hash_seed(hash_seed: str) -> None:
    summary = recording.read_summary()
    assert summary.rules_version == RULES_VERSION, "record anew, and keep this one in `older`"
    assert told_by(PROVE, hash_seed) == [summary.digest, summary.digest], WHAT_TO_DO


OLDER = {
    "rules_1": (
        959,
        "2c3bbe804d46bf813aeb7cbd503d8b3ba269cee638ff4426ca7671a304a5c1c2",
        "291f38899982299a7e1930556dcc3b77c59762cc10ca3c6772c511a648651e91",
    ),
    "rules_3": (
        980,
        "bc6f25275d0024feb36e949694c13e1c0119cfbd2a8129752e531f7f6d725650",
        "1d7707dbdd9907b88512cb5b6428e6bd3a384b704fffd5ee4493675f99b8de7d",
    ),
}
"""Rows, head of the chain, and the digest of the states on the way that the programs of their
time gave, to which these journals must fold for ever."""


@HASH_SEEDS
@pytest.mark.parametrize("name", OLDER)
def test_a_journal_of_older_rules_folds_to_the_states_it_had(name: str, hash_seed: str) -> None:
    version = name.removeprefix("rules_")
    assert int(version) < RULES_VERSION
    assert told_by(PROVE_OLDER.format(name), hash_seed) == [version, *map(str, OLDER[name])]


def test_nearly_every_kind_of_command_is_in_it() -> None:
    kinds = {row.kind for row in recording.read()}
    assert len(kinds) >= 32, sorted(kinds)


@pytest.mark.parametrize("field", ["events", "reply", "command"])
def test_a_changed_row_is_seen(field: str) -> None:
    rows = recording.read()
    victim = next(row for row in rows[50:] if row.kind == "Deposit")
    bytes_before = getattr(victim, field)
    planted = bytes_before[:-1] + bytes([bytes_before[-1] ^ 1])
    rows[victim.seq - 1] = victim._replace(**{field: planted})
    with pytest.raises(JournalBroken, match=f"row {victim.seq}"):
        recording.folded(rows)
