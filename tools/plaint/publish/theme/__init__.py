"""The MkDocs theme of the site: templates, style and the search script."""
