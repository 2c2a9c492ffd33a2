"""The MkDocs plugin: `plugins: [search, plaint]` in an organisation's `site/mkdocs.yml` makes the site of its repository.

Rules:
- Every page stands once for each language, in a folder of its own (`en/`, `zh/`); the site's first page lets the reader choose.
- A page of the organisation's own in `docs/en/` or `docs/zh/` is listed with the others, and takes the place of a generated one of the same name.
- Nothing is loaded from another host, and nothing inline runs: the page itself forbids it (Content-Security-Policy).
- The same repository at the same time gives the same files, byte for byte.
"""

from __future__ import annotations

import json
import os
import posixpath
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.contrib import search
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page as BuiltPage
from mkdocs.utils.templates import TemplateContext

from plaint.errors import PlaintError
from plaint.i18n import _, pick, set_language
from plaint.i18n import language as spoken_language
from plaint.model.diagram import STYLE
from plaint.model.schema import schema_files
from plaint.organisation import Organisation
from plaint.publish import mailboxes, online
from plaint.publish.figures import data_files
from plaint.publish.page import Page, escape
from plaint.publish.site import Audience, Site

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
PREVIEW = POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'; connect-src 'self'")
"""While `mkdocs serve` shows it on this machine: MkDocs writes into each page a script that loads it anew after a change."""
LANGUAGE_NAMES = {"en": ("en", "English"), "zh": ("zh-Hans", "中文")}
ROOT, SEARCH, SEARCH_PAGE = "index.md", "search.md", "search.html"


class PlaintConfig(Config):  # type: ignore[no-untyped-call]  # MkDocs has no type there
    """`audience: internal` makes the pages for members too; `drop` lets reporters hand in sealed files at once."""

    audience = config_options.Choice([a.value for a in Audience], default=Audience.PUBLIC.value)
    drop = config_options.Optional(config_options.URL())
    """Where reporters' browsers may put sealed files (see the handbook on the drop)."""


class PlaintPlugin(BasePlugin[PlaintConfig]):  # type: ignore[no-untyped-call]
    """Generates the pages and hands the theme what it shows around them."""

    site: Site
    made: dict[str, list[Page]]
    spoken: str
    """The language of whoever builds it: the pages take turns with theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.preview = False

    def on_startup(self, *, command: str, **_rest: Any) -> None:
        """Remembers whether this is `mkdocs serve`."""
        self.preview = command == "serve"

    def on_serve(self, server: LiveReloadServer, **_rest: Any) -> LiveReloadServer:
        """Builds it anew when something was committed: what it shows is in git, not in the folder."""
        log = self.site.organisation.repository.git_folder / "logs"
        if log.is_dir():
            server.watch(str(log))
        return server

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Reads the repository that the configuration lies in."""
        try:
            organisation = Organisation.open(Path(config.config_file_path or ".").resolve().parent)
            self.site = Site(organisation, present(), Audience(self.config.audience), self._drop())
            self.spoken = spoken_language()
            set_language(self.site.languages[0])
        except PlaintError as error:
            raise PluginError(f"plaint: {error}") from error
        config.site_name = pick(self.site.organisation.config.name)
        config.use_directory_urls = False  # so that it works from a folder, too
        return config

    def on_files(self, files: Files, config: MkDocsConfig) -> Files:
        """Adds every generated page that the organisation has not written itself."""
        config.extra_javascript[:] = [path for path in config.extra_javascript if str(path) != "search/main.js"]
        try:
            self.made = self.site.pages()
        except PlaintError as error:
            raise PluginError(f"plaint: {error}") from error
        for language, pages in self.made.items():
            set_language(language)
            for page in (*pages, _search_page()):
                _add(files, config, f"{language}/{page.path}.md", page.markdown())
        _add(files, config, ROOT, _choice(self.site))
        for path, content in data_files(self.site.organisation, schema_files()["release.schema.json"]):
            _add(files, config, path, content)
        if self.site.online:
            _add(files, config, "js/mailboxes.js", mailboxes.bundle(self.site.organisation))
        elif not online.built():
            click.echo(
                _("plaint: the site has no page to report on: its scripts were not made when plaint was installed. Install it again where npm is at hand"),
                err=True,
            )
        _add(files, config, "css/diagram.css", STYLE)
        config.extra_css.append("css/diagram.css")
        return files

    def on_page_context(self, context: TemplateContext, *, page: BuiltPage, **_rest: Any) -> TemplateContext:
        """What the theme shows around a page: navigation, languages, words."""
        context["plaint"] = self._around(page.file.src_uri, page.url)  # type: ignore[typeddict-unknown-key]
        return context

    def on_template_context(self, context: TemplateContext, **_rest: Any) -> TemplateContext:
        """The same for a page that is no page (404)."""
        context["plaint"] = self._around(ROOT, "404.html")  # type: ignore[typeddict-unknown-key]
        return context

    def _around(self, source: str, url: str) -> dict[str, Any]:
        language, _slash, rest = source.partition("/")
        inside = language in self.site.languages
        set_language(language if inside else self.site.languages[0])
        here = posixpath.dirname(url)

        def to(target: str) -> str:
            return posixpath.relpath(target, here or ".")

        others = [each for each in self.site.languages if each != language]
        other = others[0] if inside and others else ""
        return {
            "lang": LANGUAGE_NAMES[language][0] if inside else LANGUAGE_NAMES[self.site.languages[0]][0],
            "name": pick(self.site.organisation.config.name),
            "policy": PREVIEW if self.preview else POLICY + (self._of_reporters if rest.removesuffix(".md") in online.SCRIPTS else ""),
            "home": to(f"{language}/index.html" if inside else "index.html"),
            "search": to(f"{language}/search.html") if inside else "",
            "other": to(f"{other}/{rest.removesuffix('.md')}.html") if other and self._there(other, rest) else "",
            "other_lang": LANGUAGE_NAMES[other][0] if other else "",
            "internal": self.site.audience is Audience.INTERNAL,
            "nav": self._navigation(language, url, to) if inside else [],
            "scripts": [to(path) for path in ("search/lunr.js", f"search/{language}.js", "js/search.js")]
            if rest == SEARCH
            else [to(path) for path in online.SCRIPTS.get(rest.removesuffix(".md"), ()) if self.site.online],
            "text": {
                "skip": _("Skip to the content"),
                "internal": _("Internal"),
                "search": _("Search"),
                "pages": _("Pages"),
                "other": LANGUAGE_NAMES[other][1] if other else "",
                "footer": _("Made from the organisation's repository with plaint. This page loads nothing from anywhere else and keeps nothing."),
            },
        }

    @property
    def _of_reporters(self) -> str:
        """What the reporters' pages may do besides: stretch a receipt in a worker of their own making, and hand in where the site says."""
        return "; worker-src blob:" + (f"; connect-src {self.site.drop}" if self.site.drop else "")

    def _drop(self) -> str:
        drop = self.config.drop or ""
        return drop if not drop or drop.endswith("/") else f"{drop}/"

    def _there(self, language: str, source: str) -> bool:
        return source == SEARCH or f"{language}/{source}" in self._sources

    def on_nav(self, nav: Any, *, files: Files, **_rest: Any) -> Any:
        """Remembers which pages there are, those of the organisation's own too."""
        self._sources = {file.src_uri: file for file in files.documentation_pages()}
        return nav

    def _navigation(self, language: str, url: str, to: Any) -> list[dict[str, Any]]:
        sections: dict[str, list[dict[str, Any]]] = {}
        generated = {page.path for page in self.made[language]}
        for page in self.made[language]:
            if page.listed:
                sections.setdefault(page.section, []).append(_link(page.title, f"{language}/{page.path}.html", url, to))
        for source, file in self._sources.items():
            path = source.removeprefix(f"{language}/").removesuffix(".md")
            if source.startswith(f"{language}/") and path not in generated and source != f"{language}/{SEARCH}":
                title = file.page.title if file.page else path
                sections.setdefault("", []).append(_link(str(title or path), f"{language}/{path}.html", url, to))
        return [{"title": title, "links": links} for title, links in sections.items()]

    @event_priority(-100)  # after the search plugin has written its index
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Turns the search index into a script for each language: a script loads from a folder too, where JSON would not."""
        set_language(self.spoken)
        folder = Path(config.site_dir) / "search"
        index = folder / "search_index.json"
        if not index.is_file():
            return
        docs = json.loads(index.read_text(encoding="utf-8"))["docs"]
        index.unlink()
        for language in self.site.languages:
            pages = [
                {"href": doc["location"].removeprefix(f"{language}/"), "title": doc["title"], "text": doc["text"]}
                for doc in docs
                if doc["location"].startswith(f"{language}/") and "#" not in doc["location"] and doc["location"] != f"{language}/{SEARCH_PAGE}"
            ]
            (folder / f"{language}.js").write_text(f"window.plaintPages = {json.dumps(pages, ensure_ascii=False)};\n", encoding="utf-8")
        lunr = Path(search.__file__).parent / "templates" / "search" / "lunr.js"
        (folder / "lunr.js").write_bytes(lunr.read_bytes())


def present() -> datetime:
    """The present time; PLAINT_NOW sets it for demos and tests."""
    given = os.environ.get("PLAINT_NOW")
    return datetime.fromisoformat(given) if given else datetime.now(UTC)


def _add(files: Files, config: MkDocsConfig, path: str, content: str) -> None:
    """One generated file, if the organisation has none of this name."""
    if files.get_file_from_path(path) is None:
        files.append(File.generated(config, path, content=content, inclusion=InclusionLevel.INCLUDED))


def _link(title: str, target: str, url: str, to: Any) -> dict[str, Any]:
    return {"title": title, "url": to(target), "here": target == url}


def _search_page() -> Page:
    """The search; its script does the rest."""
    label, found = escape(_("Search the pages of this site"), quote=True), escape(_("{n} found"), quote=True)
    none = escape(_("The search needs JavaScript. Every page is in the list of pages."))
    body = (
        f'<p><label for="query">{label}</label></p>\n\n<p><input type="search" id="query" autocomplete="off"></p>\n\n'
        f'<p id="count" aria-live="polite" data-found="{found}"></p>\n\n<ul id="found"></ul>\n\n<noscript><p>{none}</p></noscript>\n'
    )
    return Page("search", _("Search"), body, listed=False)


def _choice(site: Site) -> str:
    """The first page: the languages."""
    name = site.organisation.config.name
    links = "".join(
        f'<li><a href="{language}/index.html" lang="{LANGUAGE_NAMES[language][0]}" hreflang="{LANGUAGE_NAMES[language][0]}">'
        f"{LANGUAGE_NAMES[language][1]} · {escape(name.get(language) or pick(name))}</a></li>"
        for language in site.languages
    )
    return f'# {escape(" · ".join(dict.fromkeys(name.values())))}\n\n<ul class="languages">{links}</ul>\n'
