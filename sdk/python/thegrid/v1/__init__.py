"""The generated messages and stubs of the package thegrid.v1, made by `make proto`.

Nothing here is written or edited by hand, and nothing but generated code lives here.
"""
