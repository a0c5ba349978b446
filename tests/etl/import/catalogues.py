"""The right values of catalogues.rs, computed from the catalogues themselves: catalogues.py FOLDER prints them as JSON."""

import csv
import json
import sys
from collections import Counter
from datetime import date, datetime
from pathlib import Path

ADULT = {"R", "NC-17"}


def numbers(films):
    """films: (release date or none, MPA rating, genres) of each."""
    genres = Counter(genre for *_, names in films for genre in set(names))
    return {
        "films": len(films),
        "undated": sum(released is None for released, *_ in films),
        "adult": sum(rating in ADULT for _, rating, _ in films),
        "genres": dict(sorted(genres.items())),
        # Those whose labels depend on the day of the test.
        "released_from_2015": sorted(str(day) for day, *_ in films if day and day.year >= 2015),
    }


def vega(file):
    for film in json.loads(file.read_text(encoding="utf-8")):
        released = datetime.strptime(film["Release Date"], "%b %d %Y").date()
        yield released, film["MPAA Rating"], [film["Major Genre"]] if film["Major Genre"] else []


def ggplot2(file):
    flags = ["Action", "Animation", "Comedy", "Drama", "Documentary", "Romance", "Short"]
    with file.open(newline="", encoding="utf-8") as rows:
        for film in csv.DictReader(rows):
            yield date(int(film["year"]), 1, 1), film["mpaa"], [f for f in flags if film[f] == "1"]


def movielens(file):
    _, *rows = file.read_text(encoding="utf-8").splitlines()
    for _, _, year, genres in (row.split("\t") for row in rows):
        is_year = len(year) == 4 and year.isdigit()
        yield date(int(year), 1, 1) if is_year else None, None, genres.split(" ")


folder = Path(sys.argv[1])
readers = {"vega-movies.json": vega, "ggplot2-movies.csv": ggplot2, "movielens-100k.item": movielens}
found = {name: read for name, read in readers.items() if (folder / name).exists()}
print(json.dumps({name: numbers(list(read(folder / name))) for name, read in found.items()}))
