"""A case for somebody outside: a document that people read, and a git bundle that proves it, with the parts that are handed over sealed to them."""
