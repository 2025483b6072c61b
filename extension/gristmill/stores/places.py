"""Where in the store what is kept: the one place that spells its keys.

uploads/<upload>/<file>          what people sent, as they sent it
listings/<upload>/<table>        the tables that a task made of an upload's files, where they are none
samples/<upload>.parquet         some of its rows, to profile and to propose from
previews/<upload>.json           what it looks like: a few rows, small pictures, series
suggestions/<upload>/<choice>    what was proposed for it, given what a person had chosen
recipes/<recipe>.ipynb           somebody's own recipe, one version of it
runs/<run>/recipe.ipynb          the notebook as the run was asked to execute it
runs/<run>/proposal.json         what was known of the data when it was asked for
runs/<run>/<fence>/<name>        what one attempt at the run left: the fence is part of the key, so that a worker
                                 that lost its lease cannot overwrite what its successor wrote
"""

from __future__ import annotations

from gristmill.records import Run

__all__ = [
    "artifact",
    "attempt",
    "listing",
    "preview",
    "proposal",
    "recipe",
    "run",
    "sample",
    "saved_recipe",
    "suggestion",
    "upload",
]


def upload(upload_id: str, filename: str) -> str:
    return f"uploads/{upload_id}/{filename}"


def listing(upload_id: str, table: str) -> str:
    return f"listings/{upload_id}/{table}"


def sample(upload_id: str) -> str:
    return f"samples/{upload_id}.parquet"


def preview(upload_id: str) -> str:
    return f"previews/{upload_id}.json"


def suggestion(upload_id: str, chosen: str) -> str:
    return f"suggestions/{upload_id}/{chosen}.json"


def saved_recipe(recipe_id: str) -> str:
    return f"recipes/{recipe_id}.ipynb"


def run(run_id: str) -> str:
    return f"runs/{run_id}"


def recipe(run_id: str) -> str:
    return f"runs/{run_id}/recipe.ipynb"


def proposal(run_id: str) -> str:
    return f"runs/{run_id}/proposal.json"


def attempt(run_id: str, fence: int) -> str:
    return f"runs/{run_id}/{fence}"


def artifact(run: Run, filename: str) -> str:
    return f"{attempt(run.id, run.fence)}/{filename}"
