"""The living pipe of a call: who is connected, and what is offered, streamed, counted and reported.
No money rules and no gRPC live here; the engine settles, and the edge moves frames.
"""
