"""The way out for notices: addresses of members' own, to which signed events are posted.

What a notice is, and when it is given, the engine decides.
"""
