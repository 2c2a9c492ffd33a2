"""Evidence: the sealed files of a case, their metadata, and what becomes of them."""
