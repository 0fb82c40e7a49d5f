"""The templates of the page and of the model card, and what both may call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leadline.core import wording
from leadline.core.catalogue import say

FOLDER = Path(__file__).parent / "templates"


def environment(words: wording.Wording, *, finalize: Callable[[Any], Any] | None = None) -> Environment:
    """Return the environment of the templates: sentences by `say`, numbers by `words` and `wording`.

    Values are escaped as HTML, or where there is `finalize`, as that does it.
    """
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=finalize is None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=finalize is not None,
        finalize=finalize,
    )
    made.globals.update(say=say, wording=wording, words=words)
    return made
