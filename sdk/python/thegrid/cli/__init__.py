"""The command `grid`: the market from a terminal, and `grid up`, a whole exchange on one machine.
It speaks only through the clients of this package.
"""
