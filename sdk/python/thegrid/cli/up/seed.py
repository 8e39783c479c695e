"""What `grid up` puts into the market over its public doors: instruments, members, keys, money.
All of it is looked for first, so that seeding again changes nothing but tops up what ran low.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from thegrid.cli.catalogue import Entry, define_missing
from thegrid.cli.secrets import read_secret, write_secret
from thegrid.cli.up.plan import Plan
from thegrid.errors import AuthError, PermissionDenied
from thegrid.money import micros
from thegrid.sync.client import Client

CONSUMER, GATEWAY = "demo-consumer", "gateway"
SUPPLIERS = ("demo-supplier-1", "demo-supplier-2")
# What a demo supplier may issue rests on this; one window of it is far more than it asks to sell.
SUPPLIER_TOKENS_PER_SECOND = 100_000
CONSUMER_CASH_MICROS = micros("100.00")
CONSUMER_LOW_MICROS = micros("20.00")
CONSUMER_CEILING_MICROS = micros("10.00")
GUARANTEE_MICROS = micros("100.00")


@dataclass(frozen=True)
class Role:
    """One of our own members: what it is admitted for and what its key may do."""

    handle: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]


ROLES = (
    Role(CONSUMER, ("trader", "consumer"), ("trade_read", "trade_write", "consume")),
    Role(GATEWAY, ("consumer",), ("gateway",)),
    *(
        Role(handle, ("trader", "supplier"), ("trade_read", "trade_write", "supply"))
        for handle in SUPPLIERS
    ),
)


@dataclass(frozen=True)
class Seeded:
    """What seeding left: member ids and secrets, by handle."""

    member_ids: dict[str, str]
    secrets: dict[str, str]


def seed(plan: Plan, client: Client, catalogue: Sequence[Entry]) -> Seeded:
    """Bring the market to where a consumer can call it; `client` is the operator's."""
    define_missing(client, list(catalogue))
    known = {member.handle: member.member_id for member in client.admin.members()}
    if not known.keys() & {role.handle for role in ROLES}:
        client.admin.fund_guarantee(GUARANTEE_MICROS, "grid up")
    member_ids = {role.handle: _member(client, role, known) for role in ROLES}
    for handle in SUPPLIERS:
        for entry in catalogue:
            client.admin.admit_supplier(
                member_ids[handle], entry.symbol, SUPPLIER_TOKENS_PER_SECOND, "demo supplier"
            )
    secrets = {role.handle: _secret(plan, client, role, member_ids) for role in ROLES}
    return Seeded(member_ids, secrets)


def top_up(operator: Client, consumer: Client, member_id: str) -> None:
    """Give the demo consumer fresh money when little is left."""
    available_micros = consumer.accounts.balances().cash.available_micros
    if available_micros < CONSUMER_LOW_MICROS:
        operator.admin.deposit(member_id, CONSUMER_CASH_MICROS - available_micros, "grid up")


def _member(client: Client, role: Role, known: dict[str, str]) -> str:
    """Return the id of one of our members, admitting it when it is not there yet."""
    if role.handle in known:
        return known[role.handle]
    member_id = client.admin.create_member(role.handle, role.roles).member_id
    if role.handle == CONSUMER:
        # Only at the beginning: what its owner chooses later is his.
        client.members.update_settings(
            member_id=member_id,
            account_mode="auto",
            auto_buy_ceiling_micros=CONSUMER_CEILING_MICROS,
        )
    return member_id


def _secret(plan: Plan, client: Client, role: Role, member_ids: dict[str, str]) -> str:
    """Return a secret that works: the one kept in its file, else a fresh one, kept there."""
    path = plan.key_file(role.handle)
    kept = read_secret(path)
    if kept and _works(plan, kept):
        return kept
    answer = client.members.create_key(role.scopes, "grid up", member_id=member_ids[role.handle])
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(path, answer.secret)
    return answer.secret


def _works(plan: Plan, secret: str) -> bool:
    with Client(plan.grpc, secret, tls=False) as client:
        try:
            client.members.get()
        except PermissionDenied:  # known, though it may not read: the gateway's own key
            return True
        except AuthError:
            return False
    return True
