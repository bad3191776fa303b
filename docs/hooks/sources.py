"""Links from the pages to the rest of the repository: each such file is a page of the site, too.

On GitHub `[text](../adain_jax/augment.py)` leads to the file. In the site it leads to a page that
shows the file, so that every link works without a network, and a link to nothing ends the build.
Files of Markdown (the changelog, model cards) become pages as they are.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Pages that the menu has, and the files that they show.
PAGES = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "models/vgg16.md": "adain_jax/weights/vgg16.MODEL_CARD.md",
    "models/fast.md": "adain_jax/weights/fast.MODEL_CARD.md",
}
_LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]*)(#[^)\s]*)?(\))")
_LANGUAGES = {".py": "python", ".toml": "toml", ".cff": "yaml", ".js": "js"}


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages of files outside the folder of the documentation (an event of MkDocs)."""
    from mkdocs.exceptions import BuildError
    from mkdocs.structure.files import File, InclusionLevel

    shown = {source: page for page, source in PAGES.items()}
    todo = [(f"docs/{x.src_uri}", x.content_string) for x in files.documentation_pages()]
    todo += [(source, (ROOT / source).read_text()) for source in shown]
    while todo:
        place, text = todo.pop()
        try:
            found = targets(place, text)
        except FileNotFoundError as problem:
            raise BuildError(str(problem)) from None
        for target in found:
            if not target.startswith("docs/") and target not in shown:
                shown[target] = f"source/{_page_name(target)}"
                if target.endswith(".md"):
                    todo.append((target, (ROOT / target).read_text()))
    for source, page in shown.items():
        text = moved(source, page, (ROOT / source).read_text(), shown)
        if not source.endswith(".md"):
            text = _listing(source, text)
        made = File.generated(config, page, content=text)
        if page not in PAGES:
            made.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(made)
    config.extra["shown"] = shown
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Let the links of a page lead to those pages (an event of MkDocs)."""
    if page.file.generated_by:
        return markdown
    place = page.file.src_uri
    return moved(f"docs/{place}", place, markdown, config.extra["shown"])


def targets(place: str, text: str) -> list[str]:
    """The files of the repository that a text at this place in it links to.

    Raises:
        FileNotFoundError: if one of them is not there.

    >>> targets("docs/paper.md", "see [AdaIN](../adain_jax/ops/statistics.py#L1)")
    ['adain_jax/ops/statistics.py']
    """
    found = []
    for match in _LINK.finditer(_without_code(text)):
        target = _target(place, match[2])
        if target is None:
            continue
        if not (ROOT / target).is_file():
            raise FileNotFoundError(f"{place} links to {match[2]}, which is no file")
        found.append(target)
    return found


def moved(source: str, page: str, text: str, shown: dict[str, str]) -> str:
    """A text of the repository as the text of a page of the site: its links lead to pages."""

    def link(match: re.Match[str]) -> str:
        target = _target(source, match[2])
        if target is None:
            return match[0]
        uri = target.removeprefix("docs/") if target.startswith("docs/") else shown.get(target)
        if uri is None:
            return match[0]
        way = posixpath.relpath(uri, posixpath.dirname(page) or ".")
        anchor = "" if uri.startswith("source/") and not target.endswith(".md") else match[3]
        return f"{match[1]}{way}{anchor or ''}{match[4]}"

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(x if i % 2 else _LINK.sub(link, x) for i, x in enumerate(parts))


def _target(place: str, link: str) -> str | None:
    """A link's file, from the root of the repository."""
    if not link or re.match(r"[a-z]+:", link):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), link))


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _page_name(source: str) -> str:
    return source if source.endswith(".md") else f"{source}.md"


def _listing(source: str, text: str) -> str:
    language = _LANGUAGES.get(Path(source).suffix, "text")
    head = f"---\nsearch:\n  exclude: true\n---\n\n# {source}\n\n"
    return f"{head}````{language}\n{text.rstrip()}\n````\n"
