"""Words and runs of letters, weighed by logistic regression, or counted as naive Bayes does: they take seconds.

Words alone miss endings, misspellings, and what a script writes without spaces; runs of letters see those. A word keeps
its vowel signs, which many scripts write as marks of their own, and whatever is neither word nor space (an emoji, an
exclamation mark) is a word by itself.
"""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pandas as pd
from autogluon.common import space
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import ComplementNB

from .frames import joined
from .linear import Linear

__all__ = ["WordsBayes", "WordsLinear"]

# Marks that belong to the letter before them, though Python's \w leaves them out: accents, Hebrew and Arabic points,
# the vowel signs from Devanagari to Myanmar and Khmer, joiners, variation selectors and skin tones.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0711-\u074a"
    "\u0900-\u109f\u1780-\u17d3\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff"
)
_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # Chinese and Japanese: each sign is a word, two are a pair
_WORD = rf"[{_SIGNS}]|(?:(?![{_SIGNS}])\w|[{_MARKS}])+|[^\w\s]"
_LETTERS_READ = 4_000  # of each text, for runs of letters: what a text is about shows early, and they take longest
_MOST_WORDS = 120_000  # and as many runs
_FEW = 1_000  # texts below which even what stands in one of them counts
_MOST_WEIGHTS = 4_000_000  # features by classes: the solver keeps twenty vectors as long as that


class WordsLinear(Linear):
    """TF-IDF of words, pairs of words and runs of letters, with logistic regression on top."""

    ag_key = "WORDS_LINEAR"
    ag_name = "WordsLinear"
    ag_priority = 200
    strengths: tuple[float, ...] = (10.0, 1.0)

    def _get_default_searchspace(self) -> dict[str, Any]:
        return super()._get_default_searchspace() | {
            "words": space.Int(1, 3, default=2),  # that stand together, at most
            "letters": space.Int(3, 6, default=4),  # of a run, at most
        }

    def _learn(self, X: pd.DataFrame, until: float) -> sparse.csr_matrix:
        """What was found in the texts; runs of letters are left out where there is no time for them."""
        texts = joined(X)
        labels = self.num_classes if self.problem_type == "multiclass" else 1
        most = max(2_000, _MOST_WEIGHTS // labels // 2)
        common: dict[str, Any] = {
            "sublinear_tf": True, "min_df": 1 if len(texts) < _FEW else 2, "max_features": min(most, _MOST_WORDS),
            "dtype": np.float32,
        }  # fmt: skip
        self._words = TfidfVectorizer(token_pattern=_WORD, ngram_range=(1, self.params.get("words", 2)), **common)
        longest = self.params.get("letters", 4)
        self._runs: TfidfVectorizer | None = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, longest), **common)
        before = time.monotonic()
        parts = [self._words.fit_transform(texts)]
        # Runs of letters take about four times as long as words, and then there are as many weights again to learn.
        if time.monotonic() + 8 * (time.monotonic() - before) < until:
            parts.append(self._runs.fit_transform([text[:_LETTERS_READ] for text in texts]))
        else:
            self._runs = None
        return sparse.hstack(parts, format="csr")

    def _features(self, X: pd.DataFrame) -> sparse.csr_matrix:
        texts = joined(X)
        parts = [self._words.transform(texts)]
        if self._runs is not None:
            parts.append(self._runs.transform([text[:_LETTERS_READ] for text in texts]))
        return sparse.hstack(parts, format="csr")

    def weights(self) -> tuple[list[str], np.ndarray]:
        """Each word, and how much it speaks for each class: words by classes, in AutoGluon's inner order."""
        words = self._words.get_feature_names_out().tolist()
        model: Any = self.model
        weights = model.coef_[:, : len(words)].T
        if weights.shape[1] == 1:
            return words, np.hstack([-weights, weights])
        whole = np.zeros((len(words), self.num_classes))
        whole[:, model.classes_.astype(int)] = weights - weights.mean(axis=1, keepdims=True)
        return words, whole

    def rarity(self) -> np.ndarray:
        """How much more each word counts for being rare."""
        rarity: np.ndarray = self._words.idf_
        return rarity

    def pushes(self, texts: pd.DataFrame) -> tuple[list[str], np.ndarray, sparse.csr_matrix]:
        """The weights, and how strongly each of `texts`, the columns as they came, has each word."""
        return *self.weights(), self._words.transform(joined(texts))

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where each word of a text begins and ends, and how the weights name it."""
        return [(*found.span(), found.group().lower()) for found in re.finditer(_WORD, text)]


class WordsBayes(WordsLinear):
    """The same words and runs under naive Bayes: seldom the best alone, but other errors than all others make."""

    ag_key = "WORDS_BAYES"
    ag_name = "WordsBayes"
    ag_priority = 195
    strengths = (0.3, 1.0, 0.1)  # how often what was never seen counts as seen

    def _weighed(self, features: Any, y: pd.Series, strength: float) -> ComplementNB:
        return ComplementNB(alpha=strength).fit(features, y)
