"""What others call what is one of ours: the words of header lines, and of columns that name a kind.

Compared are letters and digits alone, of either case: `SHA-256`, `sha_256` and `Sha256` are one word.
A list's own words for its severities and topics are none of these: they are kept as provenance.
"""

import re

from tidegate.signals.fingerprints import KINDS

# The hash lists of Tech Against Terrorism, the GIFCT and Project VIC, the tables of
# python-threatexchange and HMA, `hashdeep` and `sha256sum`, MISP's and URLhaus' CSV, and the block
# lists that Mastodon, Akkoma and Pleroma export: their headers as of November 2026.
_OTHERS = {
    "pdq": "pdqhash hashpdq pdqhashes pdqcode pdqcodes pdqhex pdqvalue phashpdq",
    "sha256": "sha256hash hashsha256 sha256hex sha256sum sha256digest sha256hashes filesha256 sha2256",
    "md5": "md5hash hashmd5 md5hex md5sum md5digest md5hashes filemd5 videomd5",
    "url": "urls link links uri uris pageurl fullurl weburl webaddress",
    "domain": "domains domainname domainnames instance instances fqdn",
    "host": "hostname hostnames hosts",
    "address": "email emailaddress emailsrc emaildst telephone phone phonenumber",
    "phrase": "phrases keyword keywords",
}
_KINDS = {re.sub(r"[^a-z0-9]", "", name): name for name in KINDS} | {
    word: kind for kind, words in _OTHERS.items() for word in words.split()
}

_VALUES = "value hash hashes hashvalue digest code signal indicator ioc"
_TYPES = "kind type hashtype algorithm algo hashalgorithm signaltype indicatortype ioctype"
_FOREIGN = """
    sha1 sha224 sha384 sha512 sha3256 sha3512 blake2b blake2s blake3 crc32 crc32c ssdeep tlsh imphash
    authentihash photodna dhash phash ahash whash vpdq tmk tmkpdqf ipv4 ipv6 ip ipsrc ipdst ipport
    filename username
"""
_VALUE_WORDS, _TYPE_WORDS, _FOREIGN_WORDS = (
    frozenset(words.split()) for words in (_VALUES, _TYPES, _FOREIGN)
)


def word(text: str) -> str:
    """The letters and digits of a word, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def kind_of(text: str) -> str | None:
    """The kind of fingerprint that somebody calls so; None where it is none of ours."""
    return _KINDS.get(word(text))


def is_foreign(text: str) -> bool:
    """Whether this is known, and nothing that a bank holds."""
    return word(text) in _FOREIGN_WORDS


def names_a_kind(name: str) -> bool:
    """Whether a column of this name says of what kind a row is."""
    return word(name) in _TYPE_WORDS


def names_a_value(name: str) -> bool:
    """Whether a column of this name has values of a kind that stands elsewhere."""
    return word(name) in _VALUE_WORDS
