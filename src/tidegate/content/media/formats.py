"""The types that are decoded, and what is particular about opening each. Runs inside the sandbox only.

Pillow brings the common ones; HEIC and JPEG XL need a package each (the extra `formats`), and where one
is missing its type is named as not supported.
"""

import base64
import io

from PIL import (
    AvifImagePlugin,
    IcoImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    MpoImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from tidegate.content.media.plt import lead_elsewhere

# Loaded here because no file opens in the sandbox; Pillow brings the common ones, and no others.
_PLUGINS = (
    AvifImagePlugin,
    IcoImagePlugin,
    Jpeg2KImagePlugin,
    MpoImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
Image.preinit()
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the sandbox allows no second thread

FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
    "image/jp2": "JPEG2000",
    "image/x-icon": "ICO",
}
"""The types that are decoded, and Pillow's names for them: no other parser sees the bytes."""

_HEIC = """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA
AAAAACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAAJAAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAA
AA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNw
AAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFz
wIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAADAAAAABAAAAKAAAAAH////wAAAA
Av///+gAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAAJhtZGF0AAAAjCgBrwngPydLA5H5
pNZpMwYGc8tkNlok81n7v4p01HPMqbhzqn4mava7Mz/3XAGpeqlAZ2Gubf6rf0+7xLbQRgDw6FwC1SRaOVwf7//3/FLK74Eu
ZO9EPJEl6VW30D9pBCgcdsjVSUntIp1TEoE3VNZOnChmwwDYa04uwKee9FGiEPDvQjYxfLyg2dW4"""
_JXL = """
/wqJBgHMAgtUEgCACpVRxg1ezvV8+aHDYtrGdYa22rawhLHZXhgkBMAFbMvajGw8658D6PAfGT6ADZ+I0wcakutt8z+YNW02
5x/EU4IvEI0+hyACvdM4wjnGhyYQPpm+XVcAoUcoFCMydUYw5BVSIAl2LR1PMR4j4/GiAEUCAJBlh4Y4sIScfHQ07KqJ9we6
W39refcwYm4YFtzXC8j53CC0/+/cpMo+G/1dSoJD/b3CZk6389zfYcAM"""

_samples: dict[str, str] = {}
try:
    import pillow_heif
except ImportError:
    pass
else:
    # pthread_equal of a pointer and a number is 0, as is the answer "no error".
    if lead_elsewhere("libheif", "de265_start_worker_threads", "pthread_equal"):
        pillow_heif.register_heif_opener(  # pyright: ignore[reportUnknownMemberType]
            decode_threads=0, thumbnails=False, depth_images=False, aux_images=False
        )
        FORMATS.update({"image/heic": "HEIF", "image/heif": "HEIF"})
        _samples["HEIF"] = _HEIC
try:
    from pillow_jxl import JpegXLImagePlugin
except ImportError:
    pass
else:
    JpegXLImagePlugin.DECODE_THREADS = 0
    FORMATS["image/jxl"] = "JXL"
    _samples["JXL"] = _JXL


def samples() -> list[bytes]:
    """A small picture of each format: who has decoded them has loaded all that decoding needs."""
    picture = Image.radial_gradient("L").convert("RGB").resize((48, 40))
    found: list[bytes] = []
    for name in dict.fromkeys(FORMATS.values()):
        if name in _samples:  # their encoders would start threads
            found.append(base64.b64decode(_samples[name]))
            continue
        out = io.BytesIO()
        picture.save(out, name)
        found.append(out.getvalue())
    return found
