"""Which paths steer people and machines, and so are changed by some roles only; and which only look as if they were those paths."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PROTECTED = re.compile(
    r"plaint\.yaml|(policy|members|reviews|releases|schemas|site)/.*"
    r"|\.git[^/]*(/.*)?|\.(forgejo|woodpecker|circleci)/.*|\.(woodpecker|travis)\.ya?ml|Jenkinsfile|(azure|bitbucket)-pipelines\.yml|(docs/)?CODEOWNERS"
)
"""The organisation's own files, and what git and forges obey or run."""
_NAMES = frozenset({"plaint.yaml", "cases", "policy", "members", "reviews", "releases", "schemas", "site", ".github", ".gitlab", ".gitea", ".forgejo"})


def is_protected(path: str) -> bool:
    """Whether it takes a role to change this file."""
    return bool(_PROTECTED.fullmatch(path))


def is_of_house(path: str) -> bool:
    """Whether a file is one that the house is made from: members, policy, configuration."""
    return path == "plaint.yaml" or path.startswith(("members/", "policy/"))


def is_lookalike(path: str) -> bool:
    """Whether the first part of a path is one of the organisation's but for capitals, invisible characters or what some systems drop."""
    return _is_like(path.partition("/")[0])


@lru_cache(maxsize=1000)
def _is_like(first: str) -> bool:
    if first in _NAMES:
        return False
    plain = "".join(c for c in unicodedata.normalize("NFKC", first) if unicodedata.category(c) != "Cf")
    return plain.casefold().rstrip(" .") in _NAMES
