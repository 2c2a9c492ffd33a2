"""What the organisation's forge (GitHub, GitLab) does for it: workflows that tell what is late, and the one issue that says so."""
