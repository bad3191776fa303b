"""The page for browsers, if it was made (`adain-jax export --to web -o build/try`), in the site."""

from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "build" / "try"
MARK = "<!-- try -->"  # where a page leads to it
_BUTTON = "[Try it in this browser]({}try/index.html){{ .md-button .md-button--primary }}"


def on_files(files: Any, *, config: Any) -> Any:
    """Add its files (an event of MkDocs)."""
    from mkdocs.structure.files import File, InclusionLevel

    for path in sorted(PAGE.rglob("*")):
        if path.is_file():
            made = File.generated(config, f"try/{path.relative_to(PAGE)}", abs_src_path=str(path))
            made.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(made)
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put a button in place of the mark, or nothing if the page was not made."""
    up = "../" * page.file.src_uri.count("/")
    return markdown.replace(MARK, _BUTTON.format(up) if (PAGE / "index.html").is_file() else "")
