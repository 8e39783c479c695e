"""The gRPC edge: check, convert, ask, answer; one file per service and the parts they share.

No rule of the market is decided here.
"""
