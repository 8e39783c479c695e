"""Builders and doubles that several rooms of tests share."""
