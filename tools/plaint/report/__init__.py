"""The annual report to the leadership: its content as blocks, and what writes them as Markdown, HTML, Word and PDF."""
