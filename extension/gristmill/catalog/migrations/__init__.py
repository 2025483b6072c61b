"""The catalog's migrations: one file a revision, numbered, so that revisions compare as strings.

A released migration never changes. A new one is written by hand beside the change in `tables`, and `tables.SCHEMA`
moves to it; the tests compare what the migrations make with what `tables` says, and upgrade a catalog of every schema.
"""
