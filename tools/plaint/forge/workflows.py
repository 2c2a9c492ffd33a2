"""What a forge runs by itself: the workflows as they ship in presets/workflows, made out for one organisation.

They install the version of plaint that wrote them and speak the organisation's first language.
"""

from __future__ import annotations

import re
from importlib import metadata, resources

FORGES = {"github": ".github/workflows/{}", "gitlab": ".{}", "none": ""}
"""Where each forge looks for its workflows."""
_PINNED = re.compile(rb"^([ \t]*PLAINT_SOURCE:[^#\n]*?\bplaint(?:\[[^\]\n]*\])?==)[0-9][\w.+!]*", re.MULTILINE)


def workflow_files(forge: str, language: str) -> dict[str, bytes]:
    """Path -> content of what `forge` runs; nothing for none."""
    if not FORGES[forge]:
        return {}
    folder = resources.files("plaint") / "presets" / "workflows" / forge
    filled = {"plaint==VERSION": f"plaint=={metadata.version('plaint')}", "PLAINT_LANG: en": f"PLAINT_LANG: {language}"}
    found = {}
    for file in folder.iterdir():
        text = file.read_text("utf-8")
        for mark, value in filled.items():
            text = text.replace(mark, value)
        found[FORGES[forge].format(file.name)] = text.encode()
    return found


def repinned(workflow: bytes) -> bytes:
    """A workflow that installs this version of plaint: of the lines that plaint wrote, the setting PLAINT_SOURCE; whatever else stands in it stays.

    >>> repinned(b"PLAINT_SOURCE: plaint[x]==0.0.1") == repinned(b"PLAINT_SOURCE: plaint[x]==0.0.2")
    True
    >>> repinned(b"# mine: plaint==0.0.1 was bad")
    b'# mine: plaint==0.0.1 was bad'
    """
    return _PINNED.sub(rb"\g<1>" + metadata.version("plaint").encode(), workflow)
