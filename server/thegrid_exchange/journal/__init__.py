"""The journal: the bytes that survive, how they are written, sealed, stored and read back.
Nothing here decides anything about the market, and nothing here reads a clock.
"""
