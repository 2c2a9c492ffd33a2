"""Complaints and whistleblowing reports with nothing but a git repository."""
