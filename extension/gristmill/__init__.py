"""Gristmill: a notebook-first AutoML platform. Drop in a ZIP, get back a model, its report and its notebook."""

__version__ = "0.1.0"
