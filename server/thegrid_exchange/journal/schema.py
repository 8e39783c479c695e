"""The journal's own tables, the same on SQLite and PostgreSQL, and the words that guard them.
Read models bring their own tables; nothing here knows them.
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

SCHEMA_VERSION = 1
"""Grows when these tables change; an older program refuses a newer file."""

SQLITE_APPLICATION_ID = 0x54475244
"""Marks a SQLite file as ours, so that a foreign file is never written to."""

metadata = MetaData()

meta = Table(
    "journal_meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

lease = Table(
    "journal_lease",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("head_seq", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("rules_version", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("command", LargeBinary, nullable=False),
    Column("events", LargeBinary, nullable=False),
    Column("reply", LargeBinary, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

snapshot = Table(
    "journal_snapshot",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("rules_version", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

snapshot_chunk = Table(
    "journal_snapshot_chunk",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("chunk", LargeBinary, nullable=False),
)

quarantine = Table(
    "journal_quarantine",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("actor", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("after_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("command", LargeBinary, nullable=False),
    Column("message", Text, nullable=False),
)

COLUMNS = ", ".join(f'"{column.name}"' for column in journal.columns)

SQLITE_GUARDS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS journal_no_{verb.lower()} BEFORE {verb} ON journal "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)

POSTGRES_GUARDS = (
    "CREATE OR REPLACE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$",
    "CREATE OR REPLACE TRIGGER journal_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal "
    "FOR EACH STATEMENT EXECUTE FUNCTION journal_append_only()",
)
