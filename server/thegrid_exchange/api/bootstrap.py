"""The first start: a member `operator` and a key for it, so that somebody can let others in.

The key's secret is written to one private file; nothing else ever writes a secret down.
"""

import logging
from pathlib import Path
from typing import Final

from thegrid_exchange.api.secrets import Vault, write_private
from thegrid_exchange.engine.commands import CreateKey, CreateMember
from thegrid_exchange.sequencer import Sequencer
from thegrid_exchange.views.live import Live

log = logging.getLogger(__name__)

HANDLE: Final = "operator"
KEY_FILE: Final = "operator.key"
SCOPES: Final = ("trade:read", "trade:write", "consume", "supply", "admin")
ROLES: Final = ("trader", "consumer", "supplier", "operator")


async def ensure_operator(data: Path, sequencer: Sequencer, live: Live, vault: Vault) -> None:
    """Make the operator and its key unless some key with the scope `admin` was ever made."""
    state = live.state
    if any("admin" in key.scopes for key in state.keys.values()):
        return
    member_id = state.indices.member_by_handle.get(HANDLE)
    if member_id is None:
        made = await sequencer.submit(CreateMember(HANDLE, ROLES), actor=HANDLE)
        member_id = made.reply.member.member_id
    key = vault.new_key()
    # First the file: a secret without a key is harmless, a key without a secret locks all out.
    path = data / KEY_FILE
    write_private(path, key.secret.encode() + b"\n")
    await sequencer.submit(
        CreateKey(member_id, key.key_id, key.key_hash, "first key", SCOPES), actor=HANDLE
    )
    log.info("the operator's key is in %s", path)
