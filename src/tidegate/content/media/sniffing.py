"""The type of a media file by its first bytes: what a sender declares is a claim, not a fact.

Signatures follow the WHATWG MIME Sniffing Standard, section 6, and the formats' own documents.
"""

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
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"MThd\0\0\0\x06", "audio/midi"),
    (0, b"caff\0\x01\0\0", "audio/x-caf"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "video/x-ms-asf"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_FORM = {b"AIFF": "audio/aiff", b"AIFC": "audio/aiff"}
_OGG = {  # the beginning of the first packet
    b"OpusHead": "audio/ogg",
    b"\x01vorbis": "audio/ogg",
    b"Speex ": "audio/ogg",
    b"\x7fFLAC": "audio/ogg",
    b"\x80theora": "video/ogg",
}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevm": "image/heic",
    b"hevs": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}


def sniff(data: bytes | bytearray | memoryview) -> str | None:
    """The media type of `data` by its first 64 bytes, or None where no signature fits."""
    head = bytes(data[:64])
    for offset, magic, name in _SIGNATURES:
        if head.startswith(magic, offset):
            return name
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM":
        return _FORM.get(head[8:12])
    if head[:4] == b"OggS":
        return next(
            (named for what, named in _OGG.items() if head.startswith(what, 28)), "application/ogg"
        )
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/x-matroska" if b"\x42\x82\x88matroska" in head else "video/webm"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[:2] == b"BM" and _is_bitmap_header(head):
        return "image/bmp"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:4].lower() == b"<svg":
        return "image/svg+xml"
    return _frame_of_sound(head)


def _by_brand(head: bytes) -> str:
    """ISO base media file: the major brand, or the compatible ones where that one is general."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    compatible = [head[at : at + 4] for at in range(16, end - 3, 4)]
    brand = head[8:12]
    if brand.startswith((b"3gp", b"3gr", b"3gs", b"3ge", b"3gg")):
        return "video/3gpp"
    if brand.startswith(b"3g2"):
        return "video/3gpp2"
    major = _BRANDS.get(brand)
    if major in (None, "image/heif"):
        for one in compatible:
            if (named := _BRANDS.get(one)) in ("image/avif", "image/heic"):
                return named
    return major or "video/mp4"


def _is_bitmap_header(head: bytes) -> bool:
    """ "BM" alone is two letters of text; a bitmap has a header of a known size behind them."""
    return int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)


def _frame_of_sound(head: bytes) -> str | None:
    """MP3 and AAC without anything before them: a frame's header (ISO/IEC 11172-3, 2.4.1.3; 13818-7,
    6.2), in which not all values make sense."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:  # layer 0: ADTS
        return "audio/aac" if head[2] >> 2 & 0xF < 13 else None
    version, layer, rate, sampling = (
        head[1] >> 3 & 3,
        head[1] >> 1 & 3,
        head[2] >> 4,
        head[2] >> 2 & 3,
    )
    if version == 1 or layer != 1 or rate in (0, 15) or sampling == 3:
        return None
    return "audio/mpeg"
