"""Read models: everything that is shown is folded here from durable rows, and can be thrown away.

SQL tables hold what is listed and paged; memory holds what is live. Nothing here decides anything.
"""
