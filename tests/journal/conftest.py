"""Journals to test with: SQLite in a folder of the test's own, PostgreSQL where there is one."""

import asyncio
import glob
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


def _find(program: str) -> str | None:
    places = [
        f"/usr/local/bin/{program}",
        *sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{program}")),
    ]
    return next((place for place in places if os.access(place, os.X_OK)), shutil.which(program))


@pytest.fixture(scope="session")
def postgres_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket folder of a PostgreSQL server that lives as long as this test run."""
    postgres, initdb = _find("postgres"), _find("initdb")
    if postgres is None or initdb is None:
        pytest.skip("NOT TESTED: no postgres binary here, so PostgreSQL is not exercised")
    folder = Path("/tmp") / f"grid-pg-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o700)
    as_user = []
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        as_user = ["setpriv", "--reuid=nobody", "--clear-groups", "--"]
    data = folder / "data"
    subprocess.run(
        [*as_user, initdb, "-D", str(data), "-U", "grid", "--auth=trust", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    arguments = ["-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
    server = subprocess.Popen(
        [*as_user, postgres, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        _await_ready(folder, server)
        yield folder
    finally:
        server.send_signal(signal.SIGQUIT)  # nothing here needs a tidy shutdown
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _await_ready(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    async def knock() -> None:
        engine = create_async_engine(_url(folder, "postgres"))
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        await engine.dispose()

    for _ in range(600):
        assert server.poll() is None, "postgres ended at its start"
        try:
            return asyncio.run(knock())
        except (OSError, Exception):
            subprocess.run(["sleep", "0.05"], check=True)
    raise AssertionError("postgres did not become ready")


def _url(folder: Path, database: str) -> str:
    return f"postgresql+asyncpg://grid@/{database}?host={folder}"


@pytest.fixture
async def postgres_url(postgres_socket: Path) -> str:
    """The URL of a fresh database."""
    name = f"grid_{uuid.uuid4().hex[:12]}"
    engine = create_async_engine(_url(postgres_socket, "postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return _url(postgres_socket, name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a journal in a folder of the test's own."""
    return f"sqlite+aiosqlite:///{tmp_path / 'exchange.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def journal_url(request: pytest.FixtureRequest) -> str:
    """A test that takes this runs on both databases."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
