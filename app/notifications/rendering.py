"""A letter on paper: HTML and text, from one template each.

The MJML template is compiled to HTML once per process, with its Jinja expressions in place; what
is left per letter is filling them in.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from mjml import mjml2html

from app.notifications.letters import Letter

FOLDER = Path(__file__).parent / "templates"


def render(letter: Letter) -> tuple[str, str]:
    """The HTML part, every value escaped, and the text part."""
    html, text = _templates()
    return html.render(letter=letter), text.render(letter=letter)


@cache
def _templates() -> tuple[Template, Template]:
    source = (FOLDER / "letter.mjml").read_text(encoding="utf-8")
    # No fonts: MJML would have them fetched from Google whenever a letter is opened.
    compiled = mjml2html(source, fonts={})
    html = Environment(autoescape=True, undefined=StrictUndefined).from_string(compiled)
    # Plain text has nothing to escape.
    text = Environment(
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    ).from_string((FOLDER / "letter.txt").read_text(encoding="utf-8"))
    return html, text
