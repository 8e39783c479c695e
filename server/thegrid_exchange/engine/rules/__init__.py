"""The rules: generators that read state, yield events and return a reply.

They never write; `step` applies each event before the rule goes on.
"""
