"""The type of a media file by its first bytes: what a sender declares is a claim, not a fact.

Signatures follow the WHATWG MIME Sniffing Standard, section 6, and the formats' own documents.
"""

import mimetypes

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"II+\0", "image/tiff"),
    (0, b"MM\0+", "image/tiff"),
    (0, b"\0\0\x01\0", "image/x-icon"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51", "image/jp2"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "application/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/jfif": "image/jpeg",
    "image/x-png": "image/png",
    "image/apng": "image/png",
    "image/vnd.mozilla.apng": "image/png",
    "image/x-ms-bmp": "image/bmp",
    "image/x-bmp": "image/bmp",
    "image/tif": "image/tiff",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/ico": "image/x-icon",
    "image/avif-sequence": "image/avif",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heif",
    "image/jpx": "image/jp2",
}
_SAYS_NOTHING = {"", "application/octet-stream", "binary/octet-stream", "application/unknown"}


def sniff(data: bytes | bytearray | memoryview) -> str | None:
    """The media type of `data` by its first 64 bytes, or None where no signature fits."""
    head = bytes(data[:64])
    for offset, magic, name in _SIGNATURES:
        if head.startswith(magic, offset):
            return name
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[:2] == b"BM" and _is_bitmap_header(head):
        return "image/bmp"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:4].lower() == b"<svg":
        return "image/svg+xml"
    return None


def _by_brand(head: bytes) -> str:
    """ISO base media file: the major brand, or the compatible ones where that one is general."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    compatible = [head[at : at + 4] for at in range(16, end - 3, 4)]
    major = _BRANDS.get(head[8:12])
    if major in (None, "image/heif"):
        for brand in compatible:
            if (named := _BRANDS.get(brand)) in ("image/avif", "image/heic"):
                return named
    return major or "video/mp4"


def _is_bitmap_header(head: bytes) -> bool:
    """ "BM" alone is two letters of text; a bitmap has a header of a known size behind them."""
    return int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)


def declared_type(content_type: str | None, filename: str | None) -> str | None:
    """The type that a sender claims, in its usual spelling; None where nothing is claimed."""
    claim = (content_type or "").partition(";")[0].strip().lower()
    if claim in _SAYS_NOTHING and filename:
        claim = (mimetypes.guess_type(filename, strict=False)[0] or "").lower()
    if claim in _SAYS_NOTHING:
        return None
    return _ALIASES.get(claim, claim)
