import pytest

from community.sources.html_text import text_of_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p>\n\n<p>Two<br>lines</p>\n", "One\n\nTwo\nlines"),
        ("<ul>\n<li>first</li>\n<li>second</li>\n</ul>", "- first\n- second"),
        (
            '<p>See <a href="https://k.example/a">this page</a>, not that.</p>',
            "See this page (https://k.example/a), not that.",
        ),
        ('<a href="https://k.example">https://k.example</a>', "https://k.example"),
        ('<a href="/questions/1">that question</a>', "that question"),
        ("<pre><code>if a:\n    b()\n</code></pre><p>after</p>", "if a:\n    b()\n\nafter"),
        ("<p>5 &lt; 6 &amp; <em>so</em>   on</p>", "5 < 6 & so on"),
        ("<script>alert(1)</script><style>p {}</style>kept", "kept"),
        ('<p>Look: <img src="x.png" alt="a map"></p>', "Look: a map"),
        ("<blockquote><p>quoted</p></blockquote><p>answer</p>", "quoted\n\nanswer"),
        ("plain & simple: 1 < 2", "plain & simple: 1 < 2"),
        ("<p>never <b>closed", "never closed"),
        ("", ""),
    ],
)
def test_readable_text(html, text):
    assert text_of_html(html) == text
