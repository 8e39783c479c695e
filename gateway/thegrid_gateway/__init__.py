"""The gateway: OpenAI's HTTP API in front of the exchange.

It keeps no state of its own and speaks only HTTP and the SDK `thegrid`.
"""
