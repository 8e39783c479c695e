"""The contract explains itself: every call says how it is refused and what a repeat does.

Style and compatibility are buf's, in `make contract`; here is what buf cannot know.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from google.protobuf import descriptor_pb2

from tests.tidy.house import BIN, ROOT

SERVICE, METHOD, ENUM, ENUM_VALUE = 6, 2, 5, 2
REASON = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
NO_SIDE_EFFECTS = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS


class Call(NamedTuple):
    """One rpc and what its comment says."""

    service: str
    name: str
    comment: str
    writes: bool
    streams: bool


def image(tree: Path) -> descriptor_pb2.FileDescriptorSet:
    built = subprocess.run(
        [BIN / "buf", "build", "--path", "proto/thegrid", "-o", "-#format=binpb"],
        cwd=tree,
        capture_output=True,
        check=True,
    )
    return descriptor_pb2.FileDescriptorSet.FromString(built.stdout)


def calls(files: descriptor_pb2.FileDescriptorSet) -> Iterator[Call]:
    for file in files.file:
        comments = {tuple(at.path): at.leading_comments for at in file.source_code_info.location}
        for number, service in enumerate(file.service):
            for place, method in enumerate(service.method):
                comment = comments.get((SERVICE, number, METHOD, place), "")
                writes = method.options.idempotency_level != NO_SIDE_EFFECTS
                streams = method.client_streaming or method.server_streaming
                yield Call(service.name, method.name, comment, writes, streams)


def known_words(files: descriptor_pb2.FileDescriptorSet) -> set[str]:
    """Every enum value, with and without its prefix."""
    words = set()
    for file in files.file:
        for enum in file.enum_type:
            prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper() + "_"
            words |= {value.name for value in enum.value}
            words |= {value.name.removeprefix(prefix) for value in enum.value}
    return words


def comment_faults(call: Call, known: set[str]) -> list[str]:
    """What the comment of a call leaves out, or names wrongly."""
    name = f"{call.service}.{call.name}"
    if not call.comment.strip():
        return [f"{name}: no comment"]
    unknown = sorted(set(REASON.findall(call.comment)) - known)
    faults = [f"{name}: names {word}, which the contract does not know" for word in unknown]
    if call.writes and not call.streams and "repeat" not in call.comment.lower():
        faults.append(f"{name}: does not say what a repeat does")
    return faults


def test_every_call_explains_itself() -> None:
    files = image(ROOT)
    known = known_words(files)
    every = list(calls(files))
    assert len(every) > 20
    found = [fault for call in every for fault in comment_faults(call, known)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "comment",
    ["", "Places. A repeat is safe. Refused with NO_SUCH_REASON.", "Places an order."],
)
def test_comment_checker_catches(comment: str) -> None:
    assert comment_faults(Call("Trading", "Place", comment, True, False), {"ORDER_CLOSED"})


def test_every_write_carries_a_request_id() -> None:
    files = image(ROOT)
    messages = {message.name: message for file in files.file for message in file.message_type}
    lacking = [
        f"{call.service}.{call.name}"
        for call in calls(files)
        if call.writes and not call.streams
        if "request_id" not in {field.name for field in messages[f"{call.name}Request"].field}
    ]
    assert not lacking, lacking


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    return tmp_path


def test_lint_catches_a_missing_comment(tree: Path) -> None:
    proto = tree / "proto/thegrid/v1/common.proto"
    proto.write_text(proto.read_text("utf-8") + "\nmessage Planted {}\n", "utf-8")
    run = subprocess.run([BIN / "buf", "lint"], cwd=tree, capture_output=True, check=False)
    assert b"Planted" in run.stdout
    assert run.returncode


def test_breaking_catches_a_removed_field(tree: Path) -> None:
    old, new = (str(tree / name) for name in ("old.binpb", "new.binpb"))
    build = [str(BIN / "buf"), "build", "-o"]
    subprocess.run([*build, old], cwd=tree, check=True)
    proto = tree / "proto/thegrid/v1/common.proto"
    text = proto.read_text("utf-8")
    proto.write_text(text.replace("int64 seq = 2;", "int32 seq = 2;"), "utf-8")
    subprocess.run([*build, new], cwd=tree, check=True)
    against = [str(BIN / "buf"), "breaking", new, "--against", old, "--exclude-imports"]
    run = subprocess.run(against, cwd=tree, capture_output=True, check=False)
    assert run.returncode
    assert b"common.proto" in run.stdout
