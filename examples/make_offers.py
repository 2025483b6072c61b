"""Makes offers.zip, a table of houses, each with a picture, a text and a price: python make_offers.py offers.zip

A price follows from the area, from what the picture shows (floors, a garden, the state of the wall) and from what the
text says of the place. Houses, texts and prices are made up by this script.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 64
SEED = 7
PLACES = {
    "harbour": (90, ("Boats and gulls outside", "The quay is at the end of the street", "Salt air, and the pier")),
    "park": (60, ("Old trees across the road", "A few steps to the lawns and the pond", "Green as far as you can see")),
    "centre": (40, ("Shops and trams at the door", "Above the market square", "Between the theatre and the town hall")),
    "works": (-40, ("Lorries pass early in the morning", "The foundry is next door", "Behind the goods station")),
}  # fmt: skip
PLAIN = (
    "Quiet neighbours.", "Keys at the office.", "Please call in the evening.", "Heating was renewed.",
    "Ready from May.", "No lift.", "Cellar and bicycle room.", "Viewing by appointment.", "Pets are welcome.",
    "Two bathrooms.",
)  # fmt: skip
WALLS = {"fresh": ((236, 226, 200), 50), "plain": ((190, 178, 160), 0), "worn": ((132, 120, 112), -40)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a table with pictures and texts.")
    parser.add_argument("output", type=Path, help="the ZIP to write")
    parser.add_argument("--rows", type=int, default=600, help="so many houses")
    arguments = parser.parse_args()
    write(arguments.output, arguments.rows)


def write(output: Path, rows: int) -> None:
    """Write the ZIP with offers.csv and photos/."""
    draw, table = random.Random(SEED), io.StringIO()
    lines = csv.writer(table)
    lines.writerow(("photo", "area", "built", "about", "price"))
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(rows):
            area, built = draw.randint(40, 220), draw.randint(1890, 2020)
            place, wall = draw.choice(list(PLACES)), draw.choice(list(WALLS))
            floors, trees = draw.randint(1, 4), draw.randint(0, 3)
            worth, said = PLACES[place]
            price = 1.5 * area + worth + WALLS[wall][1] + 30 * floors + 15 * trees + draw.gauss(0, 12)
            sentences = [f"{draw.choice(said)}.", *draw.sample(PLAIN, 3)]
            draw.shuffle(sentences)
            name = f"photos/{number:04}.png"
            lines.writerow((name, area, built, " ".join(sentences), round(price, 1)))
            held = io.BytesIO()
            house(draw, WALLS[wall][0], floors, trees).save(held, "PNG")
            archive.writestr(zipfile.ZipInfo(name), held.getvalue())
        archive.writestr(zipfile.ZipInfo("offers.csv"), table.getvalue())


def house(draw: random.Random, wall: tuple[int, int, int], floors: int, trees: int) -> Image.Image:
    """A house before a sky, in some light, with as many trees beside it."""
    light = draw.uniform(0.75, 1.15)
    picture = Image.new("RGB", (SIDE, SIDE), _lit((150, 190, 225), light))
    pen, ground = ImageDraw.Draw(picture), SIDE - draw.randint(6, 12)
    pen.rectangle((0, ground, SIDE, SIDE), fill=_lit((110, 140, 90), light))
    left, width, high = draw.randint(16, 24), draw.randint(20, 26), 10
    top = ground - high * floors
    pen.rectangle((left, top, left + width, ground), fill=_lit(wall, light))
    pen.polygon(
        ((left - 2, top), (left + width // 2, top - 8), (left + width + 2, top)), fill=_lit((150, 80, 60), light)
    )
    for floor in range(floors):
        for window in range(left + 3, left + width - 4, 7):
            row = ground - high * floor - 8
            pen.rectangle((window, row, window + 3, row + 4), fill=_lit((70, 90, 120), light))
    for tree in range(trees):
        middle = (6, SIDE - 8, SIDE - 16)[tree]
        pen.rectangle((middle - 1, ground - 8, middle + 1, ground), fill=_lit((90, 70, 50), light))
        pen.ellipse((middle - 5, ground - 18, middle + 5, ground - 7), fill=_lit((60, 120, 60), light))
    return picture


def _lit(colour: tuple[int, int, int], light: float) -> tuple[int, int, int]:
    red, green, blue = (min(255, round(part * light)) for part in colour)
    return red, green, blue


if __name__ == "__main__":
    main()
