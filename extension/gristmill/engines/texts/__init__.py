"""Candidates that read texts, in the shape of AutoGluon's own models: one leaderboard and one ensemble hold them all.

    WordsLinear        words and runs of letters, weighed by logistic regression: seconds, and often the one to beat
    WordsBayes         the same words under naive Bayes, which errs elsewhere
    SentenceLinear     what a sentence encoder makes of each text, weighed by logistic regression
    SentenceBoosted    the same, and all other columns, boosted trees over them

This package goes into each model archive, and `weights` along with it: it imports nothing else of gristmill.
"""

from .ahead import Encoded, encode_ahead
from .sentences import SentenceBoosted, SentenceLinear
from .words import WordsBayes, WordsLinear

__all__ = ["Encoded", "SentenceBoosted", "SentenceLinear", "WordsBayes", "WordsLinear", "encode_ahead"]
