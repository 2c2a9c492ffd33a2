"""English and Chinese: the one place that knows the language of this process.

Messages are written in English in the code and looked up with `_`; the Chinese stands in `locale/zh/LC_MESSAGES/plaint.po`.
The language is set once, by `--lang`, `PLAINT_LANG` or the locale; data (titles in a policy) picks with `pick`.

>>> set_language("en"); pick({"en": "Phone", "zh": "电话"})
'Phone'
"""

from __future__ import annotations

import gettext as _gettext
import os
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = ("en", "zh")
DOMAIN = "plaint"
LOCALE_DIR = Path(__file__).with_name("locale")


class _Speech:
    """The language of this process and its catalogue."""

    language = "en"
    catalogue = _gettext.NullTranslations()


def set_language(language: str) -> None:
    """Speak `language` ("en" or "zh") from now on; anything else is English."""
    _Speech.language = language if language in LANGUAGES else "en"
    if _Speech.language == "en":
        _Speech.catalogue = _gettext.NullTranslations()
    else:
        _Speech.catalogue = _gettext.translation(DOMAIN, LOCALE_DIR, [_Speech.language], fallback=True)


def language() -> str:
    """The language in force: "en" or "zh"."""
    return _Speech.language


def language_of_environment() -> str:
    """What PLAINT_LANG or the POSIX locale asks for (LC_ALL over LC_MESSAGES over LANG)."""
    for name in ("PLAINT_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def _(message: str) -> str:
    """The message in the language in force."""
    return _Speech.catalogue.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """The message for `n` things, in the language in force."""
    return _Speech.catalogue.ngettext(singular, plural, n)


def pick(text: Mapping[str, str]) -> str:
    """A bilingual text of the policy in the language in force, or in the one it has."""
    return text.get(_Speech.language) or next(iter(text.values()), "")
