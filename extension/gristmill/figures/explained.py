"""Candidates explained one by one: for each what the report shows of the one that answers.

What that is differs with what was trained, so an engine names its explanation: a function of this module, which is
handed a `Question` and yields figures. It asks one candidate and no other, looks at a draw of the held-out rows where
there are many, and heeds the seconds that it is given.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from gristmill.errors import NotFound
from gristmill.figures.figure import Figure, Group, stylesheet

if TYPE_CHECKING:
    from gristmill.bench import Bench
    from gristmill.figures.answers import Answers
    from gristmill.records import LeaderboardRow

__all__ = ["Explained", "Question", "boxes", "masks", "pictures", "series", "table", "texts"]

_ROWS, _PICTURES = 5_000, 300  # held-out rows, and pictures, that a candidate is asked about
_LATER = 2.0  # seconds for what comes after the last candidate


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which candidate is asked, about what, and how long that may take."""

    bench: Any
    predictor: Any
    train: Any
    test: Any
    name: str
    seconds: float

    def drawn(self, most: int) -> Any:
        """At most so many of the held-out rows, picked at random but in their order."""
        if len(self.test) <= most:
            return self.test
        return self.test.sample(most, random_state=self.bench.seed).sort_index()


class Told(Sequence[Figure | Group]):
    """All that is told of one candidate, shown as one output."""

    def __init__(self, told: Iterator[Figure | Group]) -> None:
        self._told = tuple(told)

    def __len__(self) -> int:
        return len(self._told)

    def __getitem__(self, index: Any) -> Any:
        return self._told[index]

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, Any]]:
        html = "".join(one.html() for one in self._told)
        text = "\n".join(one.text() for one in self._told)
        return {"text/html": f"<style>{stylesheet()}</style>{html}", "text/plain": text}, {
            "gristmill": {"part": "candidate"}
        }


class Explained:
    """Explains candidates of a finished run one after another; `number` of them share the bench's time."""

    def __init__(
        self, bench: Bench, predictor: Any, data: tuple[Any, Any], *, number: int = 1, chosen: str = ""
    ) -> None:
        if predictor is None:
            raise NotFound("The run has kept no candidate.", cure="Resume it with a larger budget.")
        self._bench, self._predictor, (self._train, self._test) = bench, predictor, data
        self._left = number
        self.board: tuple[LeaderboardRow, ...] = bench.engine.board(predictor)
        # A predictor that was taken up again may still hold an earlier one for its best.
        self.best: str = chosen if chosen in (row.model for row in self.board) else bench.engine.best(predictor)

    def of(self, name: str = "") -> Told:
        """What there is to tell of the candidate of that name, of the one that answers if none is named."""
        name = name or self.best
        names = [row.model for row in self.board]
        if name not in names:
            raise NotFound(f"There is no candidate {name!r}.", cure=f"There are: {', '.join(names)}.")
        seconds = max(1.0, (self._bench.budget.left() - _LATER) / max(1, self._left))
        self._left -= 1
        explain: Callable[[Question], Iterator[Figure | Group]] = resolve_name(self._bench.engine.explains)
        return Told(
            explain(
                Question(
                    bench=self._bench,
                    predictor=self._predictor,
                    train=self._train,
                    test=self._test,
                    name=name,
                    seconds=seconds,
                )
            )
        )


def table(question: Question) -> Iterator[Figure | Group]:
    """A candidate for rows of a table: score, errors, which columns matter and how, and the worst answers."""
    from gristmill.engines.mixed import named
    from gristmill.figures.dependence import partial_dependence
    from gristmill.figures.explanation import importance
    from gristmill.figures.worst import worst_errors

    predictor, test = _alone(question), question.drawn(_ROWS)
    answers = yield from _judged(question, predictor, test)
    matters = importance(predictor, test, time_limit=0.5 * question.seconds, seed=question.bench.seed)
    yield matters
    yield partial_dependence(predictor, test, matters.features, time_limit=0.2 * question.seconds)
    paths = predictor.feature_metadata_in.get_features(required_special_types=["image_path"])
    yield worst_errors(named(test, paths, question.bench.folder), answers, features=matters.features)


def texts(question: Question) -> Iterator[Figure | Group]:
    """A candidate for texts: score, errors, the words that move answers, and the texts answered worst."""
    from gristmill.engines.text import words_candidate
    from gristmill.figures.explanation import importance
    from gristmill.figures.words import telling_words, worst_texts

    predictor, test = _alone(question), question.drawn(_ROWS)
    answers = yield from _judged(question, predictor, test)
    columns = predictor.feature_metadata_in.get_features(required_special_types=["text"])
    words = words_candidate(predictor)
    yield telling_words(words, test[columns], predictor.class_labels, chosen=question.name)
    yield worst_texts(test, answers, columns, words=words)
    if len(predictor.feature_metadata_in.get_features()) > len(columns):
        yield importance(predictor, test, time_limit=0.5 * question.seconds, seed=question.bench.seed)


def pictures(question: Question) -> Iterator[Figure | Group]:
    """A candidate for pictures: score, the pictures behind the errors, and where it looks."""
    from gristmill.figures.heat import picture_heat
    from gristmill.figures.pictures import picture_confusion, picture_errors

    predictor, test = _alone(question), question.drawn(_PICTURES)
    answers = yield from _judged(question, predictor, test)
    [column] = predictor.feature_metadata_in.get_features(required_special_types=["image_path"])
    yield picture_errors(test, answers, column)
    yield picture_confusion(test, answers, column)
    yield picture_heat(predictor, test, answers, column, time_limit=0.5 * question.seconds)


def masks(question: Question) -> Iterator[Figure | Group]:
    """A candidate that draws masks: score, each class, and masks beside the true ones."""
    from gristmill.figures import masks as drawn

    predictor, test = _only(question), question.drawn(_PICTURES)
    answers = drawn.MaskAnswers.of(predictor, test)
    yield drawn.mask_verdict(answers, seed=question.bench.seed)
    yield drawn.class_overlaps(answers, seed=question.bench.seed)
    yield drawn.drawn_masks(test, predictor, answers)
    yield drawn.drawn_masks(test, predictor, answers, worst=True)
    yield drawn.pixel_confusion(answers)
    yield drawn.passes({one.name: one.history for one in predictor.tried}, predictor.eval_metric)


def boxes(question: Question) -> Iterator[Figure | Group]:
    """A candidate that finds things: score, each category, and boxes beside the true ones."""
    from gristmill.figures import boxes as drawn
    from gristmill.figures.masks import passes

    predictor, test = _only(question), question.drawn(_PICTURES)
    answers = drawn.BoxAnswers.of(predictor, test)
    yield drawn.box_verdict(answers, seed=question.bench.seed)
    yield drawn.categories(answers)
    yield drawn.drawn_boxes(test, predictor, answers)
    yield drawn.drawn_boxes(test, predictor, answers, worst=True)
    yield passes({one.name: one.history for one in predictor.tried}, predictor.eval_metric)


def series(question: Question) -> Iterator[Figure | Group]:
    """A candidate that forecasts: score, forecasts beside what came, and the errors of each series."""
    from gristmill.figures import forecasts

    test, metric = question.test, question.predictor.eval_metric.name
    windows = question.bench.engine.windows(question.predictor, test, model=question.name)
    found = forecasts.Forecasts.of(windows, test, metric)
    yield forecasts.series_verdict(found, seed=question.bench.seed)
    yield forecasts.forecast_charts(found)
    yield forecasts.backtests(found)
    yield forecasts.item_errors(found)


def _judged(question: Question, predictor: Any, test: Any) -> Generator[Figure | Group, None, Answers]:
    """Yields the score and the shape of the errors; gives the answers."""
    from gristmill.figures.answers import Answers
    from gristmill.figures.charts import performance
    from gristmill.figures.judgement import verdict

    bench = question.bench
    answers = Answers.of(predictor, test, item=bench.item)
    yield verdict(answers, question.train[predictor.label], ordered=bench.is_ordered, seed=bench.seed)
    yield performance(answers)
    return answers


def _alone(question: Question) -> Any:
    """AutoGluon's predictor, answering with that candidate until another is asked for."""
    predictor = question.predictor
    if predictor.model_names(persisted=True):
        predictor.unpersist()
    predictor.set_model_best(question.name)
    predictor.persist(models=[question.name], max_memory=None)
    return predictor


def _only(question: Question) -> Any:
    """Our own predictor with that candidate and no other."""
    view = copy.copy(question.predictor)
    view._tried = {question.name: question.predictor.earlier(question.name)}
    return view
