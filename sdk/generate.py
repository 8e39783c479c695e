"""`make proto`: the only way from the .proto files to generated code and descriptors.

What is generated, and with what, stands in buf.gen.yaml; here it is run, laid in its place, and
with --check compared with what is committed. A language whose generator is missing is named aloud.
"""

import argparse
import filecmp
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import twins
import yaml

ROOT = Path(__file__).resolve().parent.parent
BUF = ROOT / ".venv/bin/buf"
RECIPE = ROOT / "sdk/buf.gen.yaml"
THIRD_PARTY = ROOT / "proto/third_party"
SERVICE_CONFIG = PurePath("sdk/service_config.json")
PYTHON_SERVICE_CONFIG = PurePath("sdk/python/thegrid/service_config.json")
TYPESCRIPT_SERVICE_CONFIG = PurePath("sdk/typescript/gen/service_config.ts")
DESCRIPTORS = PurePath("server/thegrid_exchange/api/descriptors.binpb")
VALIDATE = "proto/buf/validate/validate.proto"
PINS = ("generators.lock", "protos.lock")
GOOGLE_RPC = ("status.proto", "code.proto", "error_details.proto")


class Folder(NamedTuple):
    """A folder of generated code, and what a machine needs to generate it.

    `with_google_rpc` says that the messages of google.rpc are generated too, because no package of
    the language brings them.
    """

    path: PurePath
    patterns: tuple[str, ...]
    with_google_rpc: bool
    needs: str


FOLDERS = {
    "sdk/python": Folder(
        PurePath("sdk/python/thegrid/v1"), ("*_pb2*.py", "*_pb2*.pyi"), False, "run make proto"
    ),
    "sdk/typescript/gen": Folder(
        PurePath("sdk/typescript/gen"), ("*.ts",), True, "install Node 20 or newer with npm"
    ),
}


def main() -> int:
    """Generate, or compare; return the exit status."""
    parser = argparse.ArgumentParser(prog="make proto", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, change nothing")
    check = parser.parse_args().check
    unpack_third_party()
    with tempfile.TemporaryDirectory(prefix="generated-", dir=ROOT / ".build") as made:
        stale = generate(Path(made), check) + twins.stale(check)
    if stale and check:
        print("generated code is out of date:", *stale, sep="\n  ", file=sys.stderr)
        print("what to do: run `make proto` and commit the result", file=sys.stderr)
        return 1
    print(f"generated code is up to date ({len(stale)} files changed)")
    return 0


def generate(made: Path, check: bool) -> list[str]:
    """Generate everything below `made`; return what differed, laid in place unless `check`."""
    recipe = yaml.safe_load(RECIPE.read_text("utf-8"))
    missing = {plugin["out"] for plugin in recipe["plugins"] if not available(plugin)}
    for out in sorted(missing):
        print(f"SKIPPED: {out} was not generated, for its generator is missing", file=sys.stderr)
        print(f"what to do: {FOLDERS[out].needs}, then run again", file=sys.stderr)
    for out, folder in FOLDERS.items():
        plugins = [plugin for plugin in recipe["plugins"] if plugin["out"] == out]
        if out not in missing:
            run_buf(recipe | {"plugins": plugins}, folder, made)
    for stubs in made.rglob("*_pb2_grpc.pyi"):
        # Types are made for every file, code only for files with a service.
        if not stubs.with_suffix(".py").exists():
            stubs.unlink()
    image = made / DESCRIPTORS
    image.parent.mkdir(parents=True)
    buf("build", "--path", "proto/thegrid", "--exclude-source-info", "-o", str(image))
    copy_service_config(made)
    stale = [name for name in (DESCRIPTORS, PYTHON_SERVICE_CONFIG) if differs(made, name)]
    for out in FOLDERS.keys() - missing:
        stale += lay_changes(made, FOLDERS[out])
    for name in stale if not check else []:
        lay(made / name, ROOT / name)
    return sorted(map(str, stale))


def copy_service_config(made: Path) -> None:
    """Give each SDK the shared retries and timeouts in the shape that its language reads."""
    text = (ROOT / SERVICE_CONFIG).read_text("utf-8")
    source = f"// Copied from {SERVICE_CONFIG} by `make proto`.\n"
    shapes = {
        PYTHON_SERVICE_CONFIG: text,
        TYPESCRIPT_SERVICE_CONFIG: f"{source}export const serviceConfig = {text.rstrip()};\n",
    }
    for name, content in shapes.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(content, "utf-8")


def available(plugin: dict[str, Any]) -> bool:
    """Tell whether the program that a plugin of the recipe starts is there."""
    program: str = (plugin.get("local") or plugin["protoc_path"])[0]
    return (ROOT / program).exists() or shutil.which(program) is not None


def run_buf(recipe: dict[str, Any], folder: Folder, made: Path) -> None:
    """Run one language's plugins, for our own protos and, where needed, those of google.rpc."""
    paths = ["proto/thegrid"]
    if folder.with_google_rpc:
        paths += [f"proto/third_party/google/rpc/{name}" for name in GOOGLE_RPC]
    selected = [argument for path in paths for argument in ("--path", path)]
    buf("generate", "--template", json.dumps(recipe), "-o", str(made), *selected)


def buf(*arguments: str) -> None:
    """Run buf at the root; end the program with its status when it fails, for it has said why."""
    # The generators are old on purpose, and say so of each other at every start.
    quiet = os.environ | {"PYTHONWARNINGS": "ignore"}
    status = subprocess.run([BUF, *arguments], cwd=ROOT, env=quiet, check=False).returncode
    if status:
        sys.exit(status)


def lay_changes(made: Path, folder: Folder) -> list[PurePath]:
    """Return the files of one folder that are not as generated, or should not be there."""
    fresh, standing = (listing(base / folder.path, folder.patterns) for base in (made, ROOT))
    return [folder.path / name for name in fresh | standing if differs(made, folder.path / name)]


def lay(source: Path, target: Path) -> None:
    """Bring one file into the generated state: as generated, or gone."""
    if source.exists():
        put(source, target)
    else:
        target.unlink()


def listing(base: Path, patterns: tuple[str, ...]) -> set[PurePath]:
    """Return the generated files below a folder, relative to it."""
    return {path.relative_to(base) for pattern in patterns for path in base.rglob(pattern)}


def differs(made: Path, name: PurePath) -> bool:
    """Tell whether a file is missing on one side, or holds other bytes."""
    one, other = made / name, ROOT / name
    return not (one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False))


def put(source: Path, target: Path) -> None:
    """Copy a file into place whole, so that a reader never sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(target.name + ".new")
    shutil.copyfile(source, beside)
    beside.replace(target)


def unpack_third_party() -> None:
    """Unpack the imported protos from their pinned packages, unless these very ones stand there."""
    stamp = THIRD_PARTY / ".from"
    pins = "".join((ROOT / "sdk" / name).read_text("utf-8") for name in PINS)
    if stamp.exists() and stamp.read_text("utf-8") == pins:
        return
    shutil.rmtree(THIRD_PARTY, ignore_errors=True)
    common = Path(sysconfig.get_paths()["purelib"], "google/rpc")
    for name in GOOGLE_RPC:
        put(common / name, THIRD_PARTY / "google/rpc" / name)
    unpack_validate(THIRD_PARTY / "buf/validate/validate.proto")
    stamp.write_text(pins, "utf-8")


def unpack_validate(target: Path) -> None:
    """Fetch the source package of protovalidate by hash and take validate.proto out of it."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"]
        only_source = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
        lock = ["--require-hashes", "-r", str(ROOT / "sdk/protos.lock"), "-d", folder]
        if subprocess.run([*pip, *only_source, *lock], check=False).returncode:
            sys.exit("validate.proto could not be fetched; check the network and run again")
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as package:
            wanted = next(name for name in package.getnames() if name.endswith("/" + VALIDATE))
            content = package.extractfile(wanted)
            assert content is not None, wanted
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


if __name__ == "__main__":
    sys.exit(main())
