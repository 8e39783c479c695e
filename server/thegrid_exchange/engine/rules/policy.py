"""The operator's figures: setting them, within their ranges.

What each one means stands in `engine.policy`.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.policy import POLICY_TERMS
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.state import State


def set_policy(state: State, command: commands.SetPolicy) -> Rule[replies.PolicyReply]:
    """Set named figures; one wrong name or value refuses them all."""
    if not command.changes:
        refuse("POLICY_INVALID", "changes", "is empty; name at least one figure")
    for name, figure in command.changes:
        term = POLICY_TERMS.get(name)
        if term is None:
            refuse("POLICY_INVALID", name, f"no such figure; there are {', '.join(POLICY_TERMS)}")
        if not term.least <= figure <= term.greatest:
            refuse(
                "POLICY_INVALID",
                name,
                f"must be {term.least} to {term.greatest}",
                limit=term.least if figure < term.least else term.greatest,
                value=figure,
            )
    yield events.PolicyChanged(command.changes, state.policy_version + 1)
    return replies.PolicyReply(command.changes)
