"""What a report shows: each figure computed from truth and answers, or by asking the model, and drawn.

Everything here is bounded in time and size, whatever the number of rows, columns and classes: charts draw samples and
the commonest, and say so. Every figure has a title, a sentence in plain words that says what to see, and words for
its charts.
"""

from gristmill.figures.answers import Answers
from gristmill.figures.candidates import leaderboard, timeline
from gristmill.figures.charts import performance
from gristmill.figures.data import data_summary
from gristmill.figures.dependence import partial_dependence
from gristmill.figures.explained import Explained
from gristmill.figures.explanation import Importance, importance
from gristmill.figures.exploration import Exploration
from gristmill.figures.figure import Figure, Group
from gristmill.figures.heat import picture_heat
from gristmill.figures.judgement import Verdict, verdict
from gristmill.figures.looking import PictureLook
from gristmill.figures.pictures import picture_confusion, picture_errors, picture_summary, sample_grid
from gristmill.figures.provenance import reproducibility
from gristmill.figures.tuning import search
from gristmill.figures.words import telling_words, worst_texts
from gristmill.figures.worst import worst_errors

__all__ = [
    "Answers",
    "Explained",
    "Exploration",
    "Figure",
    "Group",
    "Importance",
    "PictureLook",
    "Verdict",
    "data_summary",
    "importance",
    "leaderboard",
    "partial_dependence",
    "performance",
    "picture_confusion",
    "picture_errors",
    "picture_heat",
    "picture_summary",
    "reproducibility",
    "sample_grid",
    "search",
    "telling_words",
    "timeline",
    "verdict",
    "worst_errors",
    "worst_texts",
]
