"""The Grid's exchange: the server that holds the markets, the accounts and the deliveries.
It imports nothing of the gateway, and of the SDK only the generated messages, in its api.
"""
