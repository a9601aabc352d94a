"""What a tag of HTML says of the words that it is around: that nobody sees them, that they are struck out or
turned about. For `seen`.

A tag is read as HTML's tokenizer reads it, since what is taken for a part of one vanishes. What `style` says
is a guess of ours: who shows the text may not heed it.
"""

import html
import re
from typing import NamedTuple


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BLOCKS = _names(
    "address article aside blockquote br caption center dd details dialog div dl dt fieldset figcaption"
    " figure footer form frame h1 h2 h3 h4 h5 h6 head header hgroup hr legend li main menu nav ol option"
    " p pre section select summary table tbody td tfoot th thead tr ul"
)
_INLINE = _names(
    "a abbr acronym b bdi bdo big body button cite code data del dfn em font html i ins kbd label"
    " mark q rp rt ruby s samp small span strike strong sub sup time tt u var wbr"
)
UNSEEN = _names("noembed noframes script style template title")
WITHOUT_END = _names("area base br col embed frame hr img input link meta source track wbr")
# Surely not seen: what is text to the parser until it ends, and what is hidden and has words alone in it
# (a tag within may end it early), of elements that stand wherever they are written.
RAW = _names("noembed noframes script style")
WHOLE = _names(
    "a abbr address article aside b bdi big blockquote cite code data del dfn div em font footer h1 h2 h3 h4 h5"
    " h6 header i ins kbd label main mark nav p pre q s samp section small span strike strong sub sup template"
    " time tt u var"
)
FOREIGN = _names("math noscript plaintext select svg textarea xmp")  # other rules hold in there
_PICTURES = _names("audio canvas embed iframe img input object picture svg video")
KNOWN = _BLOCKS | _INLINE | UNSEEN | _PICTURES
PICTURE = "\ufffc"  # stands where something is seen that is no text


_SPACE = r" \t\n\f\r"
_ATTRIBUTE = (
    rf"([^{_SPACE}/>][^{_SPACE}/>=]*+)"
    rf"(?:[{_SPACE}]*+=[{_SPACE}]*+(?:\"([^\"]{{0,4000}}+)\"|'([^']{{0,4000}}+)'|(?![\"'])([^{_SPACE}>]*+))"
    rf"|(?![{_SPACE}]*+=))"
)
_UNNAMED = re.sub(r"\((?!\?)", "(?:", _ATTRIBUTE)
# The bounds keep the time for a hostile text in proportion to its length.
_TAG = re.compile(
    rf"<(/?)([a-zA-Z][^{_SPACE}/>]{{0,60}}+)(?=[{_SPACE}/>])"
    rf"((?:[{_SPACE}/]++|{_UNNAMED}){{0,200}}+)>"
)
_EACH = re.compile(_ATTRIBUTE)


class Tag(NamedTuple):
    """A tag that ends before text[end]. Of attributes of one name the first counts."""

    name: str
    closing: bool
    attributes: dict[str, str]
    end: int


def tag_at(text: str, place: int) -> Tag | None:
    """The tag that begins there; None where there is none."""
    found = _TAG.match(text, place)
    if found is None:
        return None
    attributes: dict[str, str] = {}
    for name, *values in _EACH.findall(found[3]) if found[3].strip() else ():
        attributes.setdefault(name.lower(), html.unescape("".join(values)))
    return Tag(found[2].lower(), bool(found[1]), attributes, found.end())


def is_hidden(tag: Tag) -> bool:
    """Whether it seems that nobody sees what stands in the element, or reads it within the line."""
    if tag.name in ("rp", "rt"):  # how a word is said, above it
        return True
    if "hidden" not in tag.attributes and "style" not in tag.attributes:
        return False
    style = _declared(tag.attributes.get("style", ""))
    display = style.get("display", "none" if "hidden" in tag.attributes else "")
    return (
        display == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or _ZERO.fullmatch(style.get("font-size", "")) is not None
    )


def is_surely_hidden(tag: Tag) -> bool:
    """Whether nobody sees what stands in the element, whatever the page around it."""
    told = tag.attributes
    return "hidden" in told and "style" not in told and told["hidden"].lower() != "until-found"


def is_struck(tag: Tag) -> bool:
    """Whether the words are shown as no longer said."""
    return tag.name in ("del", "s", "strike") or "line-through" in tag.attributes.get("style", "")


def turned(tag: Tag) -> str:
    """The control of direction that the element begins with, as Unicode has it; "" where it has none."""
    style = _declared(tag.attributes.get("style", ""))
    if tag.name != "bdo" and style.get("unicode-bidi") not in ("bidi-override", "isolate-override"):
        return ""
    direction = style.get("direction") or tag.attributes.get("dir", "").lower()
    return {"rtl": "\u202e", "ltr": "\u202d"}.get(direction, "\u202a")


_ALWAYS = "inherit|initial|unset|revert|revert-layer"
_VALID = {
    "display": re.compile(
        rf"{_ALWAYS}|none|contents|(?:(?:block|inline|run-in|flow|flow-root|table|flex|grid|ruby|list-item)\b\s*)+"
        r"|inline-(?:block|table|flex|grid)|math|ruby-[a-z-]+|table-[a-z-]+"
    ),
    "visibility": re.compile(rf"{_ALWAYS}|visible|hidden|collapse"),
    "font-size": re.compile(
        rf"{_ALWAYS}|\+?(?:[0-9]*\.)?[0-9]+(?:[a-z]+|%)|[+-]?(?:0+(?:\.0+)?|\.0+)|(?:x{{1,3}}-|xx-)?(?:small|large)"
        r"|medium|math|smaller|larger|calc|min|max|clamp"
    ),
    "direction": re.compile(rf"{_ALWAYS}|ltr|rtl"),
    "unicode-bidi": re.compile(
        rf"{_ALWAYS}|normal|embed|isolate|bidi-override|isolate-override|plaintext"
    ),
}
_ZERO = re.compile(r"[+-]?(?:0+(?:\.0+)?|\.0+)(?:[a-z]+|%)?")
_WITHIN = re.compile(r"/\*.*?(?:\*/|$)|\"[^\"]*\"|'[^']*'|\([^()]*\)", re.S)


def _declared(style: str) -> dict[str, str]:
    """What counts of a style's declarations: the last valid one of a property, or the last important one."""
    found: dict[str, str] = {}
    important: dict[str, str] = {}
    for one in _WITHIN.sub("", style).lower().split(";"):
        name, _, value = (part.strip() for part in one.partition(":"))
        value, urgent, _ = value.partition("!")
        value = value.strip()
        if name in _VALID and _VALID[name].fullmatch(value):
            (important if urgent else found)[name] = value
    return found | important


def in_place_of(tag: Tag) -> str:
    """What a reader sees where a tag stands."""
    if tag.name in _PICTURES:
        return "" if tag.closing else PICTURE
    return " " if tag.name in _BLOCKS else ""
