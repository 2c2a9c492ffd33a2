"""Sealing with age: compartments, keyrings, identities, padding."""
