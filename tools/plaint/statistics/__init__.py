"""Statistics: what the cases say together, and what of it may be published."""
