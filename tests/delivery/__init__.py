"""Tests of the delivery pipe."""
