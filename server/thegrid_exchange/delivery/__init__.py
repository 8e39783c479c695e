"""The living pipe of a call: who is connected, what is offered, streamed, counted, judged, reported.
No money rules and no gRPC live here; the engine settles, and the edge moves frames.
"""
