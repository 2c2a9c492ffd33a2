"""What comes from outside and becomes cases: spreadsheets."""
