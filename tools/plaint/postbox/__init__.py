"""The organisation's mailbox: its account (`account`), the server (`imap`), the acknowledgement (`acknowledge`), and one run of it all (`run`)."""
