"""What a sender says that a file is, and whether its bytes speak against that.

A type has many names, and one container many types: a docx is a zip, and whoever says so is honest.
"""

import mimetypes
import re

_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/jpe": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-jpeg": "image/jpeg",
    "image/jfif": "image/jpeg",
    "image/mpo": "image/jpeg",
    "image/x-mpo": "image/jpeg",
    "image/x-png": "image/png",
    "image/apng": "image/png",
    "image/vnd.mozilla.apng": "image/png",
    "image/x-ms-bmp": "image/bmp",
    "image/x-bmp": "image/bmp",
    "image/x-windows-bmp": "image/bmp",
    "image/tif": "image/tiff",
    "image/x-tiff": "image/tiff",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/ico": "image/x-icon",
    "image/icon": "image/x-icon",
    "image/x-ico": "image/x-icon",
    "image/avif-sequence": "image/avif",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heif",
    "image/jpx": "image/jp2",
    "image/jpm": "image/jp2",
    "image/j2c": "image/jp2",
    "image/j2k": "image/jp2",
    "image/jph": "image/jp2",
    "image/jpeg2000": "image/jp2",
    "image/jpeg2000-image": "image/jp2",
    "image/x-jpeg2000-image": "image/jp2",
    "image/x-jp2": "image/jp2",
    "image/x-jxl": "image/jxl",
    "image/svg": "image/svg+xml",
    "image/photoshop": "image/vnd.adobe.photoshop",
    "image/psd": "image/vnd.adobe.photoshop",
    "image/x-photoshop": "image/vnd.adobe.photoshop",
    "image/x-psd": "image/vnd.adobe.photoshop",
    "application/photoshop": "image/vnd.adobe.photoshop",
    "application/x-photoshop": "image/vnd.adobe.photoshop",
    "application/x-pdf": "application/pdf",
}
_SAYS_NOTHING = {
    "",
    "*/*",
    "application/octet-stream",
    "application/binary",
    "application/x-binary",
    "application/download",
    "application/x-download",
    "application/force-download",
    "application/unknown",
    "binary/octet-stream",
}
_COMPRESSED = {"gzip": "application/gzip"}

_MP4 = r"(audio|video|application)/(mp4|x-mp4|quicktime|3gpp2?|x-m4[abvp]|m4[abvp]|mpeg4|mp4a-latm|mj2)"
_OGG = (
    r"(audio|video)/(x-)?(.*ogg|opus|vorbis|theora|speex|flac|oga|ogv|annodex)"
    r"|application/(x-)?(ogg|kate|annodex)"
)
# Of documents and programs nothing but the container is seen; what has a signature of its own is no such.
_WITHIN = r"(?!application/(pdf|gzip|zip|ogg|mp4)$)(application|model)/.+"
_HONEST = {
    sniffed: re.compile(claims)
    for sniffed, claims in {
        "application/zip": rf"application/(x-)?zip(-compressed)?|{_WITHIN}|font/.+|audio/x-.*xmf.*",
        "application/gzip": rf"application/x-gzip|{_WITHIN}|text/.+|image/(svg\+xml|x-emf|x-wmf|emf|wmf)",
        "application/pdf": r"application/(illustrator|postscript|vnd\.adobe\.illustrator)",
        "application/ogg": _OGG,
        "audio/ogg": _OGG,
        "video/ogg": _OGG,
        "audio/wav": r"audio/(x-|vnd\.)?(wav|wave|pn-wav)",
        "audio/flac": r"audio/x-flac",
        "audio/mpeg": r"audio/(x-)?(mp[123]|mpeg-?3|mpeg|mpg|mpa|mpegurl|aacp?|flac|mp4)|video/(x-)?mpeg",
        "audio/aac": r"audio/(x-)?(aacp?|hx-aac-adts|mp4|mpeg)",
        "audio/amr": r"audio/(x-)?amr(-wb|-nb)?|audio/3gpp",
        "audio/midi": r"audio/(x-|sp-)?midi?|application/(x-)?midi|music/crescendo",
        "audio/aiff": r"(audio|sound)/(x-)?aif[fc]",
        "audio/x-caf": r"audio/(caf|x-caf)",
        "audio/mp4": _MP4 + r"|audio/(x-)?aacp?|audio/x-m4r",
        "video/mp4": _MP4 + r"|audio/(x-)?aacp?|application/vnd\.apple\.mpegurl",
        "video/quicktime": _MP4,
        "video/3gpp": _MP4,
        "video/3gpp2": _MP4,
        "video/x-matroska": r"(audio|video|application)/(x-)?(matroska(-3d)?|mka|mkv|webm)",
        "video/webm": r"(audio|video|application)/(x-)?(matroska(-3d)?|mka|mkv|webm)",
        "video/x-msvideo": r"video/((x-|vnd\.)?(avi|msvideo|divx)|x-ms-avi)|image/avi|application/x-troff-msvideo",
        "video/x-flv": r"video/(flv|x-flash-video|mp4)|flv-application/octet-stream",
        "video/x-ms-asf": r"(audio|video)/(x-ms-(asf|asx|wm[avx]?)|wm[av]|asf)|application/vnd\.ms-asf",
        "video/mpeg": r"(video|audio)/(x-)?(mpeg|mpg|mpeg-system|mpeg2|mp2[pt]|mp1s|dvd|vob|mpv|ms-vob)",
        "image/heic": r"image/heif",
        "image/heif": r"image/(heic|avif)",
        "image/avif": r"image/heif",
        # Cameras keep what their sensors saw in a TIFF of their own kind.
        "image/tiff": r"image/(tiff-fx|dng|geotiff|x-(?!png|icon|jxl|xcf|portable|xbitmap|xpixmap|tga).+)"
        r"|application/(geotiff|x-adobe-dng)",
        "image/x-icon": r"image/x-win-bitmap|image/vnd\.microsoft\.cursor",
        "image/svg+xml": r"(text|application)/xml|text/plain",
    }.items()
}


def declared_type(content_type: str | None, filename: str | None) -> str | None:
    """The type that a sender claims, in its usual spelling; None where nothing is claimed."""
    claim = (content_type or "").partition(";")[0].strip().lower()
    if claim in _SAYS_NOTHING and filename:
        guessed, packed = mimetypes.guess_type(filename, strict=False)
        claim = _COMPRESSED.get(packed, "") if packed else (guessed or "").lower()
    if claim in _SAYS_NOTHING:
        return None
    return _ALIASES.get(claim, claim)


def contradicts(declared: str, sniffed: str) -> bool:
    """Whether a file that is `sniffed` cannot honestly be called `declared` (a normalised claim)."""
    if declared == sniffed:
        return False
    if declared.endswith("/*"):
        return not sniffed.startswith(declared[:-1])
    honest = _HONEST.get(sniffed)
    return honest is None or honest.fullmatch(declared) is None
