"""The built site needs no network: if a browser would fetch anything, the build fails."""

import re
from pathlib import Path
from typing import Any

_FROM_ELSEWHERE = re.compile(
    r"<(?:script|img|iframe|source|video)\b[^>]*\bsrc=[\"']?(?:https?:)?//[^>]*>"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preconnect|preload|icon))"
    r"[^>]*\bhref=[\"']?(?:https?:)?//[^>]*>"
)


def on_post_build(*, config: Any) -> None:
    """Look at every page (an event of MkDocs)."""
    from mkdocs.exceptions import BuildError

    for path in Path(config.site_dir).rglob("*.html"):
        if found := from_elsewhere(path.read_text()):
            raise BuildError(f"{path}: {found[0]} needs a network")


def from_elsewhere(page: str) -> list[str]:
    """The elements of a page that a browser would fetch from elsewhere.

    >>> from_elsewhere('<script src="https://cdn.example/x.js"></script><img src="x.png">')
    ['<script src="https://cdn.example/x.js">']
    """
    return _FROM_ELSEWHERE.findall(page)
