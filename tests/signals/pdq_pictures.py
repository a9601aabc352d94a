"""The pictures of the golden table: the demo's, as decoded by our rule, and seeded synthetic ones.

Only integers and RandomState, whose streams numpy has frozen, so that every machine draws the same.
"""

from pathlib import Path

import numpy as np
import simplejpeg  # pyright: ignore[reportMissingTypeStubs]
from PIL import Image

IMAGES = Path(__file__).parents[2] / "demo/images"
GOLDEN = Path(__file__).parents[1] / "data/pdq_golden.json"
DIHEDRAL = Path(__file__).parents[1] / "data/pdq_dihedral.json"
SYNTHETIC = 420


def decoded(path: Path) -> np.ndarray:
    if path.suffix == ".jpg":
        return simplejpeg.decode_jpeg(path.read_bytes(), "RGB")
    return np.asarray(Image.open(path).convert("RGB"))


def synthetic(seed: int) -> np.ndarray:
    """A picture of 5x5 up to some 700 a side or of an extreme ratio, in one of seven manners."""
    draw = np.random.RandomState(seed)
    height, width = _size(draw)
    down, across = np.mgrid[:height, :width]
    colour = draw.randint(0, 256, 3)
    match seed % 7:
        case 0:  # noise
            picture = draw.randint(0, 256, (height, width, 3))
        case 1:  # slopes, wrapping round
            slopes = draw.randint(-640, 640, (3, 2)) >> draw.randint(0, 9)
            picture = (down[..., None] * slopes[:, 0] + across[..., None] * slopes[:, 1]) // 128
        case 2:  # one colour
            picture = np.broadcast_to(colour, (height, width, 3))
        case 3:  # a screenshot: rectangles
            picture = np.broadcast_to(colour, (height, width, 3)).copy()
            for _ in range(draw.randint(1, 30)):
                top, left = draw.randint(0, height), draw.randint(0, width)
                tall, wide = draw.randint(1, height + 1), draw.randint(1, width + 1)
                picture[top : top + tall, left : left + wide] = draw.randint(0, 256, 3)
        case 4:  # a checkerboard
            side = draw.randint(1, 41)
            picture = ((down // side + across // side) % 2)[..., None] * colour
        case 5:  # grey noise of coarse grain
            grain = draw.randint(1, 20)
            cells = draw.randint(0, 256, (height // grain + 1, width // grain + 1))
            grey = cells.repeat(grain, 0).repeat(grain, 1)[:height, :width]
            picture = np.stack([grey] * 3, 2)
        case _:  # a slope with little noise
            slope = (down * 255 // height + across * 127 // width)[..., None]
            picture = (slope + draw.randint(0, draw.randint(2, 30), (height, width, 3))) // 2
    return np.ascontiguousarray(picture % 256, np.uint8)


def _size(draw: np.random.RandomState) -> tuple[int, int]:
    match draw.randint(0, 6):
        case 0:
            return draw.randint(5, 70), draw.randint(5, 70)
        case 1:
            return draw.randint(5, 20), draw.randint(200, 4000)
        case 2:
            return draw.randint(200, 4000), draw.randint(5, 20)
        case 3:
            return 64, int(draw.choice([63, 64, 65, 127, 128, 129, 256, 257]))
        case _:
            return draw.randint(60, 700), draw.randint(60, 700)
