"""Runs the benchmarks one after another and prints what they were run on.

What is measured, and how, stands in the modules beside this one.
"""

import argparse
import importlib.metadata
import os
import pathlib
import platform
import sqlite3
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
LIBRARIES = ("grpcio", "protobuf", "sqlalchemy", "aiosqlite", "msgspec", "uvloop", "uvicorn")


def benches() -> dict[str, str]:
    """Name of each benchmark and the first line of what it says of itself."""
    found = {}
    for path in sorted(HERE.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not path.stem.startswith("_") and '__name__ == "__main__"' in text:
            found[path.stem] = text.removeprefix('"""').split("\n", 1)[0]
    return found


def processor() -> str:
    """Model of the processor, as the kernel names it."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), "unknown"
    )


def machine() -> str:
    """What the figures were taken on, and how busy it was."""
    versions = " ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return (
        f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"{platform.system()} {platform.release()}; Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}\n{versions}"
    )


def main() -> int:
    """Run the benchmarks named, or all; the exit code counts those that failed."""
    known = benches()
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=...",
        description="Benchmarks of The Grid.",
        epilog="\n".join(f"  {name:<14} {text}" for name, text in known.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", help="which to run; none means all but `soak`")
    names = parser.parse_args().names or [name for name in known if name != "soak"]
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are {', '.join(known)}")
    print(machine(), flush=True)
    failed = 0
    for name in names:
        command = [sys.executable, "-m", f"tests.bench.{name}"]
        print(f"\n== {name}: {known[name]}\n$ python {' '.join(command[1:])}", flush=True)
        began = time.perf_counter()
        failed += subprocess.run(command, check=False).returncode != 0
        print(f"({time.perf_counter() - began:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
