"""What a reader sees of HTML and Markdown, and where in the original it comes from."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tidegate.content.model import TextFormat
from tidegate.signals.fingerprints.seen import Seen, has_markup, itself, seen, seen_surely


@pytest.mark.parametrize("format", [None, "html", "markdown"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p>storm&nbsp;the depot</p>", "storm\xa0the depot"),
        ("storm<br>the<BR />depot", "storm the depot"),
        ("<p>storm the</p><p>depot</p>", "storm the  depot"),
        ("<ul><li>storm<li>the</ul>depot", "storm the depot"),
        ('storm <a href="https://x.example/?a>b" class=u>the</a> depot', "storm the depot"),
        ("st<b>or</b>m t<i>h<u>e</u></i> depot", "storm the depot"),
        ("st&#111;rm &#x74;he d&eacute;pot", "storm the dépot"),
        ("storm <span hidden>not</span>the <s>de</s>pot", "storm the depot"),
        ("storm <i style='display: none'>not</i>the depot", "storm the depot"),
        ("storm <!-- not -->the <script>a < b</script>depot", "storm the depot"),
        ("storm the <style>p{}</STYLE>depot", "storm the depot"),
        ("&lt;b&gt; &amp;lt;", "<b> &lt;"),
        ("a<img src=x alt=y>b", "a\ufffcb"),
        ("st<wbr>orm", "storm"),
        ("<bdo dir='rtl'>abc</bdo>", "\u202eabc\u202c"),
        ("<bdo data-dir='rtl'>abc</bdo>", "\u202aabc\u202c"),
        (
            "<i style='unicode-bidi: bidi-override; direction: rtl'>a<i>b</i>c</i> d",
            "\u202eabc\u202c d",
        ),
        ("<ruby>st<rp>(</rp><rt>not</rt><rp>)</rp>orm</ruby> the depot", "storm the depot"),
        ("<head>storm <title>not</title></head>the depot", "storm the depot"),
        ("storm <br hidden>the</br> depot", "storm the depot"),
        ('storm <b ">the "> depot', 'storm the "> depot'),
        ("storm <!-- not --!>the <!-- not -->depot", "storm the depot"),
        ("storm <script>not</script <b>the</b></script> depot", "storm the depot"),
    ],
)
def test_html_is_read_as_it_is_shown(text: str, shown: str, format: TextFormat | None) -> None:
    def words(one: str) -> list[str]:
        return one.replace("\xa0", "_").split()

    assert words(seen(text, format).text) == words(shown)


SHOWN = [
    "font-size:0.9em",
    "font-size:0.5rem",
    "display:none;display:block",
    "display:none;display:INLINE-BLOCK !important;display:none",
    "display:nonexistent",
    "background:url(display:none)",
    "content:';display:none;'",
    "/*;display:none;*/",
    "visibility:visible",
]
HIDDEN = [
    "display: none",
    "display:block;DISPLAY:None",
    "display:none;display:nonexistent",
    "display:none!important;display:block",
    "visibility:hidden",
    "font-size:0",
    "font-size:0.0em",
    "font-size:.0PX",
]


@pytest.mark.parametrize("style", SHOWN + HIDDEN)
def test_what_a_style_hides_is_left_out_in_a_guess_alone(style: str) -> None:
    text = f'a <span style="{style}">b</span> c'
    surely, guess = seen_surely(text, "html")
    assert surely.text.replace("\ufffc", "").split() == ["a", "b", "c"]
    assert guess == seen(text, "html")
    assert guess.text.split() == (["a", "c"] if style in HIDDEN else ["a", "b", "c"])
    assert ("b" in seen(f'<b hidden style="{style}">b</b>').text) == (
        "display:" in style.lower() and style in SHOWN[2:4]
    )


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("storm <!-- not -->the <script>a < b</script>depot", "html"),
        ("storm <style>p{}</style>the <template>not</template>depot", "html"),
        ("storm <span hidden>not</span>the <p hidden=''>not</p>depot", "html"),
        ("storm <!--->the <!-->depot<!-- --!>", "html"),
        ("storm [the](https://x.example) depot\n\n[not]: https://x.example 'not'", "markdown"),
        ("storm [the][x] depot\n\n[x]: <https://x.example>\n[y]: /z (not)", "markdown"),
    ],
)
def test_what_surely_nobody_sees_is_left_out(text: str, format: TextFormat) -> None:
    surely, guess = seen_surely(text, format)
    assert surely == guess == seen(text, format)
    assert surely.text.split() == ["storm", "the", "depot"]


DOUBTFUL: list[tuple[str, TextFormat]] = [
    *((f"<p style='{one}'>NOT </p>WORDS", "html") for one in HIDDEN),
    ("<p style='visibility:hidden'><b style='visibility:visible'>NOT </b></p>WORDS", "html"),
    ("<p hidden style='display:block'>NOT </p>WORDS", "html"),
    ("<p hidden>a<p>NOT </p>WORDS", "html"),
    ("<p><span hidden>a</p>NOT </span>WORDS", "html"),
    ("<td hidden>NOT </td>WORDS", "html"),
    ("<br hidden>NOT </br>WORDS", "html"),
    ("<b\xa0hidden>NOT </b>WORDS", "html"),
    ("<i hidden='until-found'>NOT </i>WORDS", "html"),
    ("<style>[hidden]{display:block}</style><p hidden>NOT </p>WORDS", "html"),
    ("<style style='display:block'>NOT </style>WORDS", "html"),
    ("<head>NOT </head>WORDS", "html"),
    ("<head><title>NOT </title></head>WORDS", "html"),
    ("<title><script></title>NOT <script></script>WORDS", "html"),
    ("<textarea><!-- NOT --></textarea>WORDS", "html"),
    ("<textarea><script>NOT </script></textarea>WORDS", "html"),
    ("<template shadowrootmode=open>NOT </template>WORDS", "html"),
    ("<template><!--</template><script>--></template>NOT <script></script>WORDS", "html"),
    ("<script><!--<script></script><style>--></script>NOT <style></style>WORDS", "html"),
    ("<script></script <b>NOT </b></script>WORDS", "html"),
    ("<!-- --!>NOT <!-- -->WORDS", "html"),
    ("<!--!><script> -->NOT <script></script>WORDS", "html"),
    ('<b ">NOT ">WORDS', "html"),
    ("<del>WORDS</del>", "html"),
    ("<s>WORDS</s>", "html"),
    ("<strike>WORDS</strike>", "html"),
    ("<i style='text-decoration:line-through'>WORDS</i>", "html"),
    ("<bdo dir=rtl>WORDS</bdo>", "html"),
    ("<i style='unicode-bidi:bidi-override;direction:rtl'>WORDS</i>", "html"),
    ("<ruby>WORDS<rt>NOT</rt></ruby>", "html"),
    ("~~WORDS~~", "markdown"),
    ("WORDS\n\n[^1]: NOT", "markdown"),
    ("WORDS\n\n[never]: this is NOT", "markdown"),
    ("WORDS\n\n[NOT]: this", "markdown"),
    ("WORDS\n[NOT]: https://x.example", "markdown"),
    ("~~~\n\n[NOT]: https://x.example\n~~~\nWORDS", "markdown"),
    ("<pre>\n\n[NOT]: https://x.example\n\n</pre>WORDS", "markdown"),
    ("[WORDS][NOT]", "markdown"),
    ("    [WORDS](NOT)", "markdown"),
    ("<!-- NOT -->WORDS", "markdown"),
    ("<!NOT >WORDS", "markdown"),
    ("<b hidden>NOT </b>WORDS", "markdown"),
    ("<script>NOT </script>WORDS", "markdown"),
    ("<we say NOT >WORDS", "markdown"),
    ("WORDS&#33", "markdown"),
]


@pytest.mark.parametrize(("text", "format"), DOUBTFUL)
def test_what_somebody_may_see_stays_where_that_has_to_be_sure(
    text: str, format: TextFormat
) -> None:
    surely, _ = seen_surely(text, format)
    assert surely.text.strip() != "WORDS"
    assert "NOT" in surely.text or "NOT" not in text or "\ufffc" in surely.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("storm&#160the&#160d&#101pot", "storm\xa0the\xa0depot"),
        ("storm &#116he &#x0070;ot", "storm the pot"),
        ("storm&nbspthe d&eacutepot", "storm\xa0the d\xe9pot"),
        ("storm &#000000000000116he", "storm the"),
    ],
)
def test_a_character_reference_needs_no_semicolon_but_in_markdown(text: str, shown: str) -> None:
    assert seen(text).text == seen(text, "html").text == shown
    assert html.unescape(text) == shown
    assert seen("st&#111rm&nbspthe", "markdown").text == "st&#111rm&nbspthe"
    assert seen("&copy2 &copyleft &#1 &#;") == itself("&copy2 &copyleft &#1 &#;")


@given(
    st.lists(
        st.sampled_from(["&#116", "&#x65;", "&eacute", "&nbsp", "the", ";", " ", "&amp;", "&#0"])
    )
)
@settings(deadline=None, max_examples=200)
def test_character_references_are_read_as_python_reads_them(some: list[str]) -> None:
    text = "".join(some)
    assert seen(text, "html").text == html.unescape(text)


@pytest.mark.parametrize("format", [None, "markdown"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("storm [the](https://x.example/a_(b) 'title') depot", "storm the depot"),
        ("st[o](<https://x.example/>)rm [the][1] depot", "storm the depot"),
        ("**storm** *the* _depot_ ***x***", "storm the depot x"),
        ("**st**orm ~~the~~ ||depot||", "storm the depot"),
        ("**a *b* c** *d **e** f*", "a b c d e f"),
        ("`storm` ``the ` depot``", "storm the ` depot"),
        (r"st\orm \*the\* \_depot\_", r"st\orm *the* _depot_"),
        ("a ![not seen](x.png) b", "a \ufffc b"),
        ("snake_case_name 2 * 3 * 4 a|b", "snake_case_name 2 * 3 * 4 a|b"),
        ("[not] a (link) ] [", "[not] a (link) ] ["),
    ],
)
def test_markdown_is_read_as_it_is_shown(text: str, shown: str, format: TextFormat | None) -> None:
    assert seen(text, format).text == shown


def test_what_is_told_to_be_markdown_has_lines_of_it() -> None:
    text = "# Storm\n> the **depot**\n\n[1]: https://x.example\n<https://x.example/> <me@x.example>"
    shown = "Storm\nthe depot\n\n\nhttps://x.example/ me@x.example"
    assert seen(text, "markdown").text == shown


@pytest.mark.parametrize(
    "text",
    [
        "AT&T R&D, 5 < 6 > 3 <3 a<b",
        "@my_name and #a_b_c",
        "*cough",
        "<john> said",
        "f(x)[i]",
        "3 > 2",
        "caf\xe9 | bar",
        "C:\\temp\\new",
        "&copy2 &x; &",
        "",
    ],
)
def test_what_is_no_markup_stays_as_it_is(text: str) -> None:
    assert seen(text) == itself(text)


def test_plain_text_is_not_looked_into() -> None:
    assert seen("<p>a</p> **b**", "plain") == itself("<p>a</p> **b**")
    assert seen("**b**", "html") == itself("**b**")


@pytest.mark.parametrize(
    ("text", "words", "span"),
    [
        ("<p>x storm&nbsp;the <b>depot</b></p>", "storm\xa0the depot", "storm&nbsp;the <b>depot"),
        ("x &#115;torm!", "storm", "&#115;torm"),
        ("a **st**orm b", "storm", "st**orm"),
        ("a [storm](x) b", "storm", "storm"),
    ],
)
def test_it_is_known_where_what_is_seen_stands(text: str, words: str, span: str) -> None:
    found = seen(text)
    start = found.text.index(words)
    first, last = found.span(start, start + len(words))
    assert text[first:last] == span


class Reference(HTMLParser):
    """What Python's own parser makes of HTML, slowly."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.text += " " if tag in ("p", "br", "li", "div") else ""

    def handle_endtag(self, tag: str) -> None:
        self.text += " " if tag in ("p", "br", "li", "div") else ""


def by_reference(text: str) -> str:
    parser = Reference()
    parser.feed(text)
    parser.close()
    return " ".join(parser.text.split())


PIECES = (
    "<p> </p> <br> <br/> <b> </b> <i_class='a>b'> <a_href=\"x&amp;y\"> </a> <li> <div> &amp; &#97; &lt;"
    " &eacute; &nbsp; word another > é <!--c--> &zz; 5<6"
)
HTML = st.lists(
    st.sampled_from([" ", *(one.replace("_", " ") for one in PIECES.split())]),
    max_size=12,
).map("".join)


@given(HTML)
@settings(deadline=None, max_examples=300)
def test_html_is_read_as_pythons_parser_reads_it(text: str) -> None:
    for one in (seen(text, "html"), *seen_surely(text, "html")):
        assert " ".join(one.text.split()) == by_reference(text)


WORD = st.sampled_from(["storm", "the", "depot", "\xe9t\xe9"])
INLINE = st.recursive(
    WORD,
    lambda some: st.one_of(
        some.map(lambda one: f"[{one}](https://x.example/a)"),
        WORD.map(lambda one: f"`{one}`"),
        WORD.map(lambda one: f"**{one}**"),
        WORD.map(lambda one: f"*{one}*"),
        WORD.map(lambda one: f"\\*{one}\\_ &amp;"),
    ),
    max_leaves=3,
)


@given(st.lists(INLINE, min_size=1, max_size=6).map(" ".join))
@settings(deadline=None, max_examples=200)
def test_markdown_is_read_as_a_renderer_shows_it(text: str) -> None:
    rendered = MarkdownIt("commonmark").render(text)
    shown = html.unescape(re.sub("<[^>]+>", "", rendered)).split()
    for one in (seen(text, "markdown"), *seen_surely(text, "markdown")):
        assert one.text.split() == shown


ANY = st.lists(
    st.sampled_from(
        [*"<>&;*_~|`\\[]()!#/\"'= \nab0\xe9", "<p>", "</p>", "<!--", "-->", "&#1", "]("]
    ),
    max_size=40,
).map("".join)


@given(ANY, st.sampled_from([None, "plain", "html", "markdown"]))
@settings(deadline=None, max_examples=400)
@example("<a '\"><b \"'>", None)
@example("![a![b](c)](d)", "markdown")
def test_each_character_is_known_by_where_it_comes_from(
    text: str, format: TextFormat | None
) -> None:
    found = seen(text, format)
    if format is not None:
        surely, guess = seen_surely(text, format)
        assert guess == found
        assert_placed(text, surely)
    assert_placed(text, found)
    if found.text != text and format is None:
        assert has_markup(text)


def assert_placed(text: str, found: Seen) -> None:
    assert len(found.text) == len(found.starts) == len(found.ends)
    assert list(found.starts) == sorted(found.starts)
    for one, start, end in zip(found.text, found.starts, found.ends, strict=True):
        assert 0 <= start < end <= len(text)
        assert text[start:end] == one or end - start > 1 or one == " "
