"""Models held open while people ask them: each by a process of its own, in the sandbox, until nobody asks any more.

    inside.py     the process: opens the archive once, and has its predict.py answer one question after the other
    opened.py     one such process, seen from outside: started, asked, ended
    serving.py    all of this host: who may stay, and who ends first
    usual.py      what is usual in a column, to tell what has moved an answer

A use case asks `Serving`, and nothing else here. The processes run on the host of whoever holds it: the embedded
platform, or the API. Where models are to answer on other hosts, what reaches them stands in its place, with its `ask`.
"""

from gristmill.serving.opened import Answered, Question
from gristmill.serving.serving import Serving

__all__ = ["Answered", "Question", "Serving"]
