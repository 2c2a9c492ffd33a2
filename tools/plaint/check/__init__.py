"""Rules over one commit, findings and their formats."""
