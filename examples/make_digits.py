"""Makes digits.zip, 1,797 handwritten digits as pictures in folders of their name: python make_digits.py digits.zip

The digits are scikit-learn's, of eight by eight pixels (E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten
Digits, UCI Machine Learning Repository, 1998, CC BY 4.0); they are drawn four times as large.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

SIDE = 32


def main() -> None:
    parser = argparse.ArgumentParser(description="Make pictures of handwritten digits.")
    parser.add_argument("output", type=Path, help="the ZIP to write")
    parser.add_argument("--each", type=int, default=1_000, help="so many of each digit at most")
    arguments = parser.parse_args()
    write(arguments.output, arguments.each)


def write(output: Path, each: int) -> None:
    """Write the ZIP, with at most `each` pictures of a digit."""
    digits = load_digits()
    written = dict.fromkeys(range(10), 0)
    with zipfile.ZipFile(output, "w") as archive:
        for number, (pixels, digit) in enumerate(zip(digits.images, digits.target.tolist(), strict=True)):
            if written[digit] < each:
                picture = Image.fromarray((pixels * 255 / 16).astype(np.uint8))
                held = io.BytesIO()
                picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(held, "PNG")
                archive.writestr(zipfile.ZipInfo(f"{digit}/{number:04}.png"), held.getvalue())
                written[digit] += 1


if __name__ == "__main__":
    main()
