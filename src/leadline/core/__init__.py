"""Frozen values that a run is made of and reports: readable anywhere, without torch."""
