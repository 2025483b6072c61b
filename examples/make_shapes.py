"""Makes a small set of pictures of coloured shapes, with masks or with boxes: python make_shapes.py masks shapes.zip

Circles, squares and triangles lie on a noisy ground, so that there are four classes with the ground. A circle is more
often reddish, a square greenish, a triangle bluish; but grounds have all colours, too, so form has to tell as
well. `masks` writes images/, masks/ and classes.txt; `boxes` writes images/ and annotations.json as COCO has it.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

NAMES = ("background", "circle", "square", "triangle")
HUES = ((0, 0, 0), (200, 70, 60), (70, 170, 70), (70, 90, 200))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make pictures of coloured shapes.")
    parser.add_argument("kind", choices=["masks", "boxes"])
    parser.add_argument("output", type=Path, help="the ZIP to write")
    parser.add_argument("--count", type=int, default=160)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(arguments.kind, arguments.output, arguments.count, arguments.size, arguments.seed)


def write(kind: str, output: Path, count: int, size: int, seed: int = 0) -> None:
    """Write a ZIP of `count` pictures, with what `kind` says beside them."""
    random = np.random.default_rng(seed)
    images, annotations = [], []
    with zipfile.ZipFile(output, "w") as archive:
        for number in range(1, count + 1):
            picture, mask, boxes = draw(random, size)
            name = f"shapes-{number:04d}"
            archive.writestr(f"images/{name}.png", _png(picture))
            if kind == "masks":
                archive.writestr(f"masks/{name}.png", _png(mask))
            images.append({"id": number, "file_name": f"{name}.png", "width": size, "height": size})
            for category, box in boxes:
                annotations.append(
                    {"id": len(annotations) + 1, "image_id": number, "category_id": category, "bbox": box,
                     "area": box[2] * box[3], "iscrowd": 0}
                )  # fmt: skip
        if kind == "masks":
            archive.writestr("classes.txt", "\n".join(NAMES) + "\n")
        if kind == "boxes":
            categories = [{"id": place, "name": name} for place, name in enumerate(NAMES) if place]
            coco = {"images": images, "annotations": annotations, "categories": categories}
            archive.writestr("annotations.json", json.dumps(coco))


def draw(random: np.random.Generator, size: int) -> tuple[Image.Image, Image.Image, list[tuple[int, list[int]]]]:
    """A picture, its mask, and for each shape its class and box (x, y, width, height)."""
    ground = random.normal(random.uniform(60, 200, 3), 25, (size // 4, size // 4, 3)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(ground).resize((size, size), Image.Resampling.BICUBIC)
    mask = Image.new("L", (size, size), 0)
    placed: list[tuple[float, float, float]] = []
    boxes = []
    for _ in range(int(random.integers(2, 5))):
        radius = random.uniform(0.12, 0.26) * size
        x, y = random.uniform(radius, size - radius, 2)
        if any(math.hypot(x - a, y - b) < radius + c for a, b, c in placed):
            continue
        placed.append((x, y, radius))
        category = int(random.integers(1, 4))
        colour = tuple(int(part) for part in random.normal(HUES[category], 30).clip(0, 255))
        shape = Image.new("L", (size, size), 0)
        _shape(ImageDraw.Draw(shape), category, (x, y, radius), random.uniform(0, 2 * math.pi))
        picture.paste(Image.new("RGB", (size, size), colour), mask=shape)
        mask.paste(category, mask=shape)
        left, top, right, bottom = shape.getbbox() or (0, 0, 1, 1)
        boxes.append((category, [left, top, right - left, bottom - top]))
    noise = random.normal(0, 10, (size, size, 3))
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.7))) + noise
    return Image.fromarray(blurred.clip(0, 255).astype(np.uint8)), mask, boxes


def _shape(drawing: ImageDraw.ImageDraw, category: int, place: tuple[float, float, float], turn: float) -> None:
    x, y, radius = place
    if category == 1:
        drawing.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        return
    corners = 4 if category == 2 else 3
    angles = [turn + 2 * math.pi * corner / corners for corner in range(corners)]
    drawing.polygon([(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles], fill=255)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
