"""Tests of the engine: given events, when command, then events."""
