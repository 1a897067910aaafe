"""Fits the price of a card to its attack, as a line, and leaves the model where Vertex AI says."""

import csv
import json
import os
import sys
from pathlib import Path
from statistics import linear_regression

cards = list(csv.DictReader(Path(sys.argv[1]).read_text("utf-8").splitlines()))
line = linear_regression([float(card["attack"]) for card in cards], [float(card["price"]) for card in cards])
print(f"{len(cards)} cards: {line.slope:.4f} a point of attack, from {line.intercept:.2f} on")

folder = Path(os.environ["AIP_MODEL_DIR"].replace("gs://", "/gcs/", 1))
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.json").write_text(json.dumps(line._asdict()), "utf-8")
