"""Reads a file of rows, CSV, Parquet or Excel, exactly as its form says; every reader of one form gets the same types.

This folder imports nothing of gristmill and knows itself by relative imports only: it is copied into each model archive
next to predict.py, so that predictions read files as training did. A form is a TableForm, or the dict that one becomes
in JSON.

The next file from the same source need not be the same kind of file. Its format is told by content; for CSV the
header is looked for among the usual delimiters and the first lines, so that a form learnt from `a;b` reads `a,b`, too.
Columns are found by name, in whatever order.

Every value is read as text (or with Parquet's own type) and then given the type that the form promises:

============== =======================================================================================
in the form    in the frame
============== =======================================================================================
integers       int64; float64 where a value is missing
numbers        float64
dates          datetime64[ns], in UTC where the text names a zone
anything else  str, with None where missing; stripped of surrounding blanks
============== =======================================================================================

A value that breaks the promise is read as missing and counted in `strays`; a line that does not fit the header is an
error with its number. Blocks are converted one by one and sliced afterwards, so `read` and `batches` cannot differ.
"""

from __future__ import annotations

from .faults import ReadError
from .formats import format_of
from .frames import batches, read

__all__ = ["ReadError", "batches", "format_of", "read"]
