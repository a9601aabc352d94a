"""A code that python-threatexchange made of a file finds that very file, whatever its pixels are: their own
package hashes files of every mode that Pillow reads, and we look them up.
"""

import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.peers import environment
from PIL import Image, ImageCms

from tidegate.content.media.examining import examine
from tidegate.content.media.model import MediaLimits
from tidegate.signals.fingerprints.pixels import of_pixels

pytestmark = pytest.mark.long

_HASH = """
import json, sys
from pathlib import Path
from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes
for line in sys.stdin:
    try:
        said = pdq_from_bytes(Path(line.strip()).read_bytes())
    except Exception as error:
        said = [None, str(error)]
    print(json.dumps(said))
"""
MODES = {
    "1": ["PNG", "GIF", "BMP", "TIFF"],
    "L": ["JPEG", "PNG", "GIF", "BMP", "TIFF", "JPEG2000"],
    "LA": ["PNG", "TIFF", "JPEG2000"],
    "P": ["PNG", "GIF", "BMP", "TIFF"],
    "PA": ["TIFF"],
    "RGB": ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO"],
    "RGBA": ["PNG", "WEBP", "TIFF", "AVIF", "JPEG2000", "ICO"],
    "RGBX": ["TIFF"],
    "CMYK": ["JPEG", "TIFF"],
    "YCbCr": ["JPEG", "TIFF"],
    "LAB": ["TIFF"],
    "I;16": ["PNG", "TIFF", "JPEG2000"],
    "I;16B": ["TIFF"],
    "I": ["TIFF"],
    "F": ["TIFF"],
}
UNHASHED = {"PA", "I", "I;16B", "F"}
"""What their package does not take."""
FLAT = {"1", "I;16"}
"""What it takes for nearly black or white, and keeps no code of."""
SEEDS = range(4)


def photo(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (rng.integers(4, 12), rng.integers(4, 12), 3), dtype=np.uint8)
    size = (int(rng.integers(80, 300)), int(rng.integers(80, 300)))
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    alpha = Image.linear_gradient("L").resize(image.size)
    if mode in ("LA", "RGBA"):
        image = image.convert(mode)
        image.putalpha(alpha)
        return image
    if mode == "P":
        return image.quantize(200)
    if mode == "PA":
        return image.quantize(200).convert("PA")
    if mode == "LAB":
        profiles = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
        made = ImageCms.profileToProfile(image, *profiles, outputMode="LAB")
        assert made is not None
        return made
    if mode.startswith("I;16"):
        deep = np.asarray(image.convert("L")).astype(">u2" if mode == "I;16B" else "<u2") * 257
        return Image.frombytes(mode, image.size, deep.tobytes())
    if mode in ("I", "F"):
        return image.convert("L").convert(mode)
    return image.convert(mode)


def files() -> Iterator[tuple[str, str, bytes]]:
    """Name, mode and bytes."""
    for mode, formats in MODES.items():
        for format in formats:
            for seed in SEEDS:
                image, options = in_mode(photo(seed), mode), dict[str, Any]()
                if format == "ICO":
                    image.thumbnail((256, 256))
                    options["sizes"] = [image.size]
                if format in ("JPEG", "PNG", "WEBP") and seed % 2:
                    options["exif"] = Image.Exif()
                    options["exif"][0x0112] = 6
                if format in ("PNG", "GIF") and mode == "P" and seed > 1:
                    options["transparency"] = 3
                out = io.BytesIO()
                image.save(out, format, **options)
                yield f"{mode.replace(';', '-')}-{seed}.{format.lower()}", mode, out.getvalue()


def test_what_their_package_made_a_code_of_is_found_by_that_code(tmp_path: Path) -> None:
    try:
        python = environment(["pdqhash==0.2.8", "threatexchange==1.2.17"])
    except subprocess.CalledProcessError:
        pytest.skip("threatexchange cannot be installed here")
    made = list(files())
    for name, _, data in made:
        (tmp_path / name).write_bytes(data)
    paths = "".join(f"{tmp_path / name}\n" for name, _, _ in made)
    said = subprocess.run(
        [python, "-W", "ignore", "-c", _HASH],
        input=paths,
        capture_output=True,
        text=True,
        check=True,
    )
    hashed: dict[str, int] = {}
    missing: list[str] = []
    for (name, mode, data), line in zip(made, said.stdout.splitlines(), strict=True):
        code, quality = json.loads(line)
        if code is None or quality < 50:
            assert mode in (UNHASHED if code is None else FLAT), (name, quality)
            continue
        hashed[mode] = hashed.get(mode, 0) + 1
        ours = examine(data, None, MediaLimits(), of_pixels).codes
        if code not in [one.value.hex() for one in ours]:
            missing.append(name)
    assert missing == []
    for mode, formats in MODES.items():
        if mode not in UNHASHED | FLAT:
            assert hashed[mode] == len(SEEDS) * len(formats), mode
