"""Says what a card may cost, by the newest model that was trained."""

import json
import os
from pathlib import Path

from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/health")
def health() -> str:
    return "ok"


@app.get("/price")
def price(attack: float) -> dict[str, object]:
    models = sorted(Path(os.environ["MODELS"]).glob("jobs/*/model/model.json"))
    if not models:
        raise HTTPException(503, "No model was trained yet.")
    line = json.loads(models[-1].read_text("utf-8"))
    return {"price": round(line["intercept"] + line["slope"] * attack, 2), "model": models[-1].parts[-3]}
