"""The git store: objects, signed commits, keyring refs, the lock."""
