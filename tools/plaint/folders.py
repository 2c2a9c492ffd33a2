"""Where this user's own files lie: outside every repository."""

from __future__ import annotations

import os
from pathlib import Path


def config_folder() -> Path:
    """Where this user's identities lie: `PLAINT_HOME`, or plaint/ in the XDG configuration folder."""
    if home := os.environ.get("PLAINT_HOME"):
        return Path(home)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "plaint"


def state_folder() -> Path:
    """Where plaint keeps what this machine has done: `PLAINT_STATE`, or plaint/ in the XDG folder for state."""
    if home := os.environ.get("PLAINT_STATE"):
        return Path(home)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "plaint"
