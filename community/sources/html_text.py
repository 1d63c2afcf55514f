"""HTML as a person would read it aloud: plain text with paragraphs, lists and links."""

import re
from html.parser import HTMLParser

_PARAGRAPHS = frozenset("p div h1 h2 h3 h4 h5 h6 ul ol pre blockquote table dl hr".split())
_LINES = frozenset("br tr dt dd".split())
_SILENT = frozenset("script style".split())
_SPACES = re.compile(r"[ \t\r\n\f]+")


def text_of_html(html: str) -> str:
    """
    Return the text of `html`: paragraphs parted by an empty line, list items after a dash.

    A link keeps its address in brackets where that says more than its words; a picture leaves its
    description. Scripts and styles are left out. Broken HTML is read as far as it makes sense.

    Example: `<p>See <a href="https://k.example">this</a>.</p>` is `See this (https://k.example).`
    """
    parser = _Reader()
    parser.feed(html)
    parser.close()
    return parser.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent = 0
        self._preformatted = 0
        self._links: list[tuple[str, int]] = []

    def text(self) -> str:
        lines = [line.rstrip() for line in "".join(self._parts).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "li":
            self._break("\n")
            self._parts.append("- ")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._parts)))
        elif tag == "img":
            self._parts.append(dict(attrs).get("alt") or "")
        else:
            self._block(tag)
        if tag == "pre":
            self._preformatted += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            words = "".join(self._parts[start:]).strip()
            if address.startswith(("http://", "https://")) and address != words:
                self._parts.append(f" ({address})")
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
            self._block(tag)
        else:
            self._block(tag)

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._preformatted:
            self._parts.append(data)
            return
        words = _SPACES.sub(" ", data)
        if not self._parts or self._parts[-1].endswith(("\n", " ")):
            words = words.lstrip(" ")
        if words:
            self._parts.append(words)

    def _block(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._break("\n\n")
        elif tag in _LINES:
            self._break("\n")

    def _break(self, ends: str) -> None:
        if self._parts:
            self._parts.append(ends)
