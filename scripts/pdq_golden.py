"""Makes tests/data/pdq_golden.json with the reference, `pdqhash` 0.2.8, where it can be compiled.

Usage: python scripts/pdq_golden.py, in an environment with pdqhash, numpy, pillow and simplejpeg.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/signals"))

from pdq_pictures import GOLDEN, IMAGES, SYNTHETIC, decoded, synthetic


def reference(pixels: np.ndarray) -> dict[str, object]:
    import pdqhash  # of this script's environment only: it has no wheels

    bits, quality = pdqhash.compute(pixels)
    return {"hash": np.packbits(bits.astype(np.uint8)).tobytes().hex(), "quality": int(quality)}


def main() -> None:
    pictures = {}
    for path in sorted([*IMAGES.rglob("*.png"), *IMAGES.rglob("*.jpg")]):
        pixels = decoded(path)
        digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
        name = path.relative_to(IMAGES).as_posix()
        pictures[name] = {"pixels": digest, **reference(pixels)}
    table = {
        "made_with": "pdqhash 0.2.8",
        "pictures": pictures,
        "synthetic": [list(reference(synthetic(seed)).values()) for seed in range(SYNTHETIC)],
    }
    lines = json.dumps(table, indent=1).replace("\n   ", " ").replace("\n  ]", " ]")
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(lines + "\n", "utf-8")


if __name__ == "__main__":
    main()
