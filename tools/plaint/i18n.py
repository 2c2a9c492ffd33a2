"""English and Chinese: the one place that knows the language of this process.

Messages are written in English in the code and looked up with `_`; the Chinese stands in `locale/zh/LC_MESSAGES/plaint.po`, and that of
click's own words in `messages.po`. `babel.cfg` tells how they are brought up to date. The language is set once, by `--lang`, `PLAINT_LANG`
or the locale, before a command is loaded; data (titles in a policy) picks with `pick`.

>>> set_language("en"); pick({"en": "Phone", "zh": "电话"})
'Phone'
"""

from __future__ import annotations

import errno
import gettext as _gettext
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("en", "zh")
DOMAIN = "plaint"
LOCALE_DIR = Path(__file__).with_name("locale")


class _Speech:
    """The language of this process and its catalogue."""

    language = "en"
    catalogue = _gettext.NullTranslations()


def set_language(language: str) -> None:
    """Speak `language` ("en" or "zh") from now on, and let click do so; anything else is English."""
    _Speech.language = language if language in LANGUAGES else "en"
    _Speech.catalogue = _gettext.NullTranslations() if _Speech.language == "en" else _compiled(_Speech.language, LOCALE_DIR)
    os.environ["LANGUAGE"] = _Speech.language  # gettext reads it at each of click's look-ups, in the domain "messages"
    _gettext.bindtextdomain("messages", str(LOCALE_DIR))


@lru_cache(maxsize=len(LANGUAGES))
def _compiled(language: str, folder: Path) -> _gettext.NullTranslations:
    """The catalogue as it was compiled when plaint was installed; whoever lacks it is told why they read English."""
    try:
        with (folder / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
            return _gettext.GNUTranslations(file)
    except OSError:
        sys.stderr.write(f"plaint: {folder} has no compiled catalogue, so this is in English. Install plaint again, or compile it as babel.cfg says\n")
        return _gettext.NullTranslations()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Another language for a while: a mail is written in its reader's."""
    before = _Speech.language
    set_language(language)
    try:
        yield
    finally:
        set_language(before)


def language() -> str:
    """The language in force: "en" or "zh"."""
    return _Speech.language


def language_of_environment() -> str:
    """What PLAINT_LANG or the POSIX locale asks for (LC_ALL over LC_MESSAGES over LANG)."""
    for name in ("PLAINT_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for wanted in filter(None, os.environ.get(name, "").lower().split(":")):  # LANGUAGE is a list, the best first
            if wanted[:2] in LANGUAGES:
                return wanted[:2]
        if os.environ.get(name):
            return "en"
    return "en"


def _(message: str) -> str:
    """The message in the language in force."""
    return _Speech.catalogue.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """The message for `n` things, in the language in force."""
    return _Speech.catalogue.ngettext(singular, plural, n)


def semicolon() -> str:
    """What stands between sentences that belong together, in the language in force."""
    return "；" if _Speech.language == "zh" else "; "


def comma() -> str:
    """What stands between the words of a list, in the language in force."""
    return "、" if _Speech.language == "zh" else ", "


def listed(words: Iterable[str]) -> str:
    """Words one after another, with the comma of the language in force."""
    return comma().join(words)


def reason(error: OSError) -> str:
    """Why the operating system refused, in the language in force: it speaks English itself, for plaint asks it for no locale."""
    known = {
        errno.EACCES: _("Permission denied"),
        errno.EEXIST: _("File exists"),
        errno.EISDIR: _("Is a directory"),
        errno.ELOOP: _("Too many levels of symbolic links"),
        errno.ENAMETOOLONG: _("File name too long"),
        errno.ENOENT: _("No such file or directory"),
        errno.ENOSPC: _("No space left on device"),
        errno.ENOTDIR: _("Not a directory"),
        errno.EPERM: _("Operation not permitted"),
        errno.EROFS: _("Read-only file system"),
    }
    return known.get(error.errno or 0) or error.strerror or str(error)


def pick(text: Mapping[str, str]) -> str:
    """A bilingual text of the policy in the language in force, or in the one it has."""
    return text.get(_Speech.language) or next(iter(text.values()), "")
