"""A recorded life of the engine as a journal in a file: how it is made, written, read and proved.
`python -m tests.golden.recording` records it anew; what must hold of it is in `test_golden`.
"""

import base64
import gzip
import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.market import (
    DOLLAR,
    EMBED,
    EMBED_MARKET,
    EMBED_SPEC,
    HOUR,
    INSTRUMENT,
    MARKET,
    SECOND,
    SPEC,
    Exchange,
    embedding_offer,
    place,
)
from tests.support.market import reserve as reserving
from tests.support.world import lived_through
from thegrid_exchange.engine import RULES_VERSION, commands, invariants
from thegrid_exchange.engine.records import MarketPolicy, MarketTerms, TokenCounts
from thegrid_exchange.engine.rules.metering import FIRST_POLICY
from thegrid_exchange.journal import chain
from thegrid_exchange.journal.codec import decode_row
from thegrid_exchange.journal.protocol import Head, JournalBroken, StoredRow
from thegrid_exchange.journal.rules import running_rules

FOLDER = Path(__file__).parent
JOURNAL = FOLDER / "journal.jsonl.gz"
SUMMARY = FOLDER / "journal.json"
OLDER = FOLDER / "older"
"""Journals of older rules, as the programs of their time recorded them; never recorded anew."""
EXCHANGE_ID = "exc_golden"
SEED, LENGTH = 20_260, 900


class Summary(NamedTuple):
    """What a recorded journal must come to."""

    rules_version: int
    rows: int
    digest: str
    chain: str


# ---- the life ----------------------------------------------------------------------------------


def live() -> Exchange:
    """A seeded life of every kind of command, then a day of the rarer ones, and two sweeps."""
    exchange = lived_through(SEED, LENGTH)
    exchange.later(SECOND)
    exchange.policy(outage_gap_us=0, max_events=2_000, max_parcels=1_000, price_band_bps=0)
    for market_id in (MARKET, "mkt_code-max"):
        exchange.ok(commands.SetMarketPolicy(market_id, MarketPolicy()))
        exchange.ok(commands.SetMarketState(market_id, "open"))
    exchange.tick()
    _rarer(exchange)
    for _ in range(2):
        exchange.later(4 * HOUR)
        exchange.tick()
    invariants.check(exchange.state)
    return exchange


def _rarer(exchange: Exchange) -> None:
    maker = exchange.supplier("maker", 40)
    reader = exchange.member("reader", 500)
    scopes = ("trade:read", "consume")
    exchange.ok(commands.CreateKey(reader, "key_golden", "0f" * 32, "first", scopes))
    exchange.ok(commands.RevokeKey(reader, "key_golden"))
    exchange.ok(commands.PublishSpec(INSTRUMENT, SPEC._replace(tokens_per_second_min=30), 0))
    for member_id in tuple(exchange.state.members):
        exchange.ok(commands.CancelOrders(member_id))
    exchange.issue_and_sell(maker, 20, DOLLAR // 100)
    exchange.order(reader, "buy", 12, DOLLAR // 100)
    # Own Units bought back end where they began.
    exchange.order(reader, "sell", 2, DOLLAR // 200)
    exchange.order(maker, "buy", 2, DOLLAR // 200)
    exchange.ok(commands.TransferUnits(reader, INSTRUMENT, 3))
    for number, verdict in enumerate(("in_spec", "failed", "cancelled_by_client")):
        delivery_id = f"dlv_golden{number}"
        exchange.ok(reserving(delivery_id, reader, 1_000, 20_000, key_id="key_reader"))
        exchange.ok(commands.Mark(delivery_id, 2_500))
        billed = 0 if verdict == "failed" else 3_400
        counts = TokenCounts(1_000, 2_400)
        exchange.ok(
            commands.Report(delivery_id, verdict, billed, maker, canonical=counts)  # type: ignore[arg-type]
        )
    exchange.refused(place(reader, "buy", 10**9, 10**9))
    _makers_and_auctions(exchange, maker, reader)
    _embeddings(exchange, maker, reader)
    exchange.ok(commands.WithdrawOffer(maker, INSTRUMENT))


def _makers_and_auctions(exchange: Exchange, maker: str, reader: str) -> None:
    """Quotes, switches, tiers, groups, caps, and a halt with its auction."""
    tenth = DOLLAR // 10
    exchange.ok(commands.SetMarketPolicy(MARKET, MarketPolicy(500, 60 * SECOND, 30 * SECOND)))
    exchange.ok(commands.SetFeeTier("golden", "discount", 5_000, 2_500))
    exchange.ok(commands.UpdateMember(reader, "", "golden"))
    exchange.ok(commands.CancelAllAfter(reader, 3_600 * SECOND))
    quotes = tuple(
        place(maker, "sell", 2, price * tenth, source="issuance", tag="mm") for price in (20, 40)
    )
    exchange.ok(commands.ReplaceQuotes(maker, MARKET, "mm", quotes))
    exchange.order(reader, "buy", 3, None, max_spend_micros=9 * DOLLAR)
    exchange.order(reader, "buy", 3, 4 * DOLLAR, time_in_force="gts")
    exchange.later(30 * SECOND)
    exchange.tick()
    exchange.ok(commands.StartAuction(MARKET, exchange.at_us + SECOND, "golden"))
    exchange.later(SECOND)
    exchange.tick()


def _embeddings(exchange: Exchange, maker: str, reader: str) -> None:
    """An instrument for embeddings: supplied, called, and billed by its input."""
    spec = EMBED_SPEC._replace(metering_policy_version=exchange.ok(_input_policy()).policy.version)
    exchange.ok(commands.DefineInstrument("embed-small", "Embed Small", spec, MarketTerms()))
    exchange.ok(commands.AdmitSupplier(maker, EMBED, 10_000_000))
    exchange.ok(embedding_offer(maker))
    exchange.connect(maker, EMBED)
    exchange.ok(commands.PostCollateral(maker, DOLLAR))
    exchange.ok(commands.IssueUnits(maker, EMBED, 5))
    exchange.bought(maker, reader, 2, DOLLAR, market_id=EMBED_MARKET, auto_transfer=True)
    call: dict[str, Any] = {"instrument_id": EMBED, "key_id": "key_reader"}
    exchange.refused(reserving("dlv_vectors", reader, 1_000, 1, **call))
    exchange.ok(reserving("dlv_vectors", reader, 250_000, 0, **call))
    counts = TokenCounts(250_000, 0)
    exchange.ok(commands.Report("dlv_vectors", "in_spec", 250_000, maker, canonical=counts))


def _input_policy() -> commands.DefineMeteringPolicy:
    return commands.DefineMeteringPolicy(FIRST_POLICY._replace(input_tokens=2))


# ---- the journal -------------------------------------------------------------------------------


def sealed(exchange: Exchange) -> list[StoredRow]:
    """The life as rows of a journal, each sealed to the one before."""
    codec, rows = running_rules().codec, list[StoredRow]()
    last = chain.genesis(EXCHANGE_ID, 1)
    for seq, (command, at_us, outcome) in enumerate(exchange.rows, 1):
        content = StoredRow(
            partition=1,
            seq=seq,
            epoch=1,
            at_us=max(at_us, rows[-1].at_us if rows else 0),
            rules_version=RULES_VERSION,
            actor="golden",
            request_id=f"golden-{seq}",
            request_hash=seq.to_bytes(16),
            kind=type(command).__name__,
            command=codec.encode(command),
            events=codec.encode_all(outcome.events),
            reply=codec.encode(outcome.reply),
            prev_hash=b"",
            hash=b"",
        )
        rows.append(chain.seal(content, last))
        last = rows[-1].hash
    return rows


def write(rows: Sequence[StoredRow], summary: Summary) -> None:
    """Write journal and summary; the same rows give the same bytes."""
    lines = "".join(json.dumps([_to_text(field) for field in row]) + "\n" for row in rows)
    JOURNAL.write_bytes(gzip.compress(lines.encode(), mtime=0))
    SUMMARY.write_text(json.dumps(summary._asdict(), indent=2) + "\n")


def read(journal: Path = JOURNAL) -> list[StoredRow]:
    """The rows of a recorded journal."""
    lines = gzip.decompress(journal.read_bytes()).decode().splitlines()
    return [StoredRow(*[_from_text(field) for field in json.loads(line)]) for line in lines]


def read_summary() -> Summary:
    """What the recorded journal came to when it was recorded."""
    return Summary(**json.loads(SUMMARY.read_text()))


def _to_text(field: Any) -> Any:
    return {"b": base64.b64encode(field).decode()} if isinstance(field, bytes) else field


def _from_text(field: Any) -> Any:
    return base64.b64decode(field["b"]) if isinstance(field, dict) else field


# ---- proving -----------------------------------------------------------------------------------


def folded(rows: Iterable[StoredRow]) -> Summary:
    """Follow the chain, fold every row's events, and answer what that comes to."""
    rules, head = running_rules(), Head(0, chain.genesis(EXCHANGE_ID, 1), 0)
    state, version = rules.empty(), 0
    for stored in rows:
        head = chain.check([stored], head)
        rules.fold(state, stored.at_us, decode_row(rules.codec, stored).events)
        version = stored.rules_version
    rules.check(state)
    return Summary(version, head.seq, state.digest(), head.hash.hex())


def executed(rows: Iterable[StoredRow]) -> str:
    """Carry every command out again, compare bytes, and answer the digest of the state."""
    rules = running_rules()
    state = rules.empty()
    for stored in rows:
        outcome = rules.step(state, rules.codec.decode(stored.command), stored.at_us)
        for part, again, then in (
            ("events", rules.codec.encode_all(outcome.events), stored.events),
            ("reply", rules.codec.encode(outcome.reply), stored.reply),
        ):
            if again != then:
                raise JournalBroken(stored.seq, f"its {part} differ now ({stored.kind})")
    return str(state.digest())


def folded_states(rows: Sequence[StoredRow]) -> str:
    """A digest of the states on the way, a hundred rows apart, that outlives records that grow.

    Fields at the end of a record that hold their default are left out of it.
    """
    rules, sha256 = running_rules(), hashlib.sha256()
    state = rules.empty()
    for stored in rows:
        rules.fold(state, stored.at_us, decode_row(rules.codec, stored).events)
        if stored.seq % 100 and stored.seq != len(rows):
            continue
        for name, table in sorted(state.tables.items()):
            for key in sorted(table):
                sha256.update(f"{name}|{key!r}|{_as_it_was(table[key])!r}\n".encode())
    return sha256.hexdigest()


def _as_it_was(record: Any) -> Any:
    """A record without the fields that were added since, as far as those say nothing."""
    if not isinstance(record, tuple):
        return record
    fields = [_as_it_was(field) for field in record]
    names, defaults = list(getattr(record, "_fields", ())), getattr(record, "_field_defaults", {})
    while names and names[-1] in defaults and record[len(names) - 1] == defaults[names[-1]]:
        names.pop()
        fields.pop()
    return (type(record).__name__, *fields) if hasattr(record, "_fields") else tuple(fields)


if __name__ == "__main__":
    recorded = sealed(live())
    outcome = folded(recorded)
    if "--print" not in sys.argv:
        write(recorded, outcome)
    print(json.dumps(outcome._asdict(), indent=2))
