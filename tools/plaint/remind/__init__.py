"""Reminders by e-mail: a pure plan (`plan`), the mails (`letter`), a ledger of what was sent (`ledger`), and the edge to the mail server (`courier`)."""
