"""Working together through a shared repository: one line of history, everybody's events, the keyrings with them."""
