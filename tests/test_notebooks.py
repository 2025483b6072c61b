"""nbformat and papermill without what nobody asks for."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from gristmill import notebooks
module = notebooks.nbformat()
assert module is sys.modules["nbformat"]
assert module.reads('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', as_version=4).cells == []
assert "jsonschema" in sys.modules
print("rfc3987_syntax" in sys.modules)
"""


def test_notebooks_load_without_the_checker_of_iris_and_leave_it_to_others() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_papermill_loads_without_the_clients_of_clouds_and_leaves_them_to_others() -> None:
    program = """
import sys
from gristmill import notebooks
notebooks.papermill()
print(*{"azure", "boto3", "botocore", "aiohttp", "numpy", "pyarrow"} & {name.partition(".")[0] for name in sys.modules})
import boto3, pyarrow
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n", "")
