"""Draw the pictures of docs/maps.md from the demonstration's data.

    python docs/draw_maps.py

Writes docs/images/map_reports.png and docs/images/map_hot_spot.png, reduced to 96 colours.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image, ImageChops

from geo_risk.demo import run_demo

IMAGES = Path(__file__).parent / "images"
PICTURES = {"north_east_afghanistan.png": "map_reports", "earthquakes_closer.png": "map_hot_spot"}
WIDTH = 1100


def main() -> None:
    """Run the demonstration and keep two of its pictures, smaller."""
    with tempfile.TemporaryDirectory() as folder:
        run_demo(folder)
        for name, target in PICTURES.items():
            picture = Image.open(Path(folder, name)).convert("RGB")
            height = round(picture.height * WIDTH / picture.width)
            picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
            picture = picture.crop((0, 0, WIDTH, _lowest(picture) + 12))
            few = picture.quantize(96, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(IMAGES / f"{target}.png", optimize=True)


def _lowest(picture: Image.Image) -> int:
    """The last row that is not all white."""
    box = ImageChops.invert(picture).getbbox()
    return picture.height if box is None else box[3]


if __name__ == "__main__":
    main()
