"""Records of the engine to messages of the contract and back, one module per noun.

Nothing is decided here; a value that cannot be converted is refused naming its field.
"""
