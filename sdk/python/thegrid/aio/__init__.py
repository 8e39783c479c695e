"""The clients for asyncio, from which the blocking twins in `thegrid.sync` are made.
`channel` and `order_session` have twins written by hand.
"""
