"""Proof of the history: who signed what, was it theirs to do, and was nothing changed afterwards."""
