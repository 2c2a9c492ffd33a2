"""The site: pages made from an organisation's repository, for MkDocs to build."""
