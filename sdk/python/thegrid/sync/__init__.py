"""The blocking clients: twins of those in `thegrid.aio`, made from them by `make proto`.
Only `channel` and `order_session` are written by hand.
"""
