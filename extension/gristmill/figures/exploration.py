"""What a careful analyst plots of a table before anything is learned from it.

    explored = figures.Exploration(train, target, classes=True)
    explored.in_words()     what stands out
    explored.strongest()    which columns tell most of the target
    explored.against()      each of those, drawn against it
    explored.together()     numbers that go together
    explored.gaps()         where values are missing together
    explored.over_time()    rows and target over each date

All is measured once, on a draw of the rows: twenty thousand show what a million would.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from gristmill.figures.against import against, over_time
from gristmill.figures.data import notice_list
from gristmill.figures.drawing import Axis, Chart
from gristmill.figures.figure import Figure, Group
from gristmill.figures.pieces import Bar, bars
from gristmill.figures.relations import Aim, Gaps, Pair, Relation, gaps, pairs, relations
from gristmill.records import Notice, Severity
from gristmill.wording import count, number, quoted, share, shorten

__all__ = ["Exploration"]

_ROWS, _FEWEST_ROWS, _CELLS = 20_000, 1_000, 2_000_000  # fewer rows of a wide table
_LISTED, _DRAWN, _DRAWN_PAIRS, _PATTERNS, _DATES = 12, 6, 4, 8, 2
_DOTS = 1_200
_GIVES_AWAY, _TELLS_MUCH, _SAME = 0.9, 0.1, 0.95
_RARE, _LOPSIDED = 0.01, 0.9
_NAMED = 4


class Exploration:
    """A table's rows beside its target; `classes` where the target's values are classes, not numbers."""

    def __init__(self, table: pd.DataFrame, target: str, *, classes: bool) -> None:
        table = pd.DataFrame(table)
        self._index = table.index.names if table.index.nlevels > 1 else ()
        if self._index:  # series: whose they are and when it was are columns like any other
            table = table.reset_index()
        self.of = len(table)
        most = min(_ROWS, max(_FEWEST_ROWS, _CELLS // max(1, table.shape[1])))
        self.rows = table.sample(most, random_state=0).sort_index() if len(table) > most else table
        self.target = target
        known = self.rows[self.rows[target].notna()] if target in self.rows.columns else self.rows.iloc[:0]
        self._known = known
        self._aim = Aim.of(known[target], are_classes=classes) if len(known) else None

    # --- what is measured --------------------------------------------------------------------------------------------

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """How much each column tells of the target by itself, the most telling first."""
        return relations(self._known, self._aim) if self._aim is not None else ()

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Columns of numbers that go together closely."""
        names = [relation.name for relation in self.relations] or [str(name) for name in self._features]
        return pairs(self.rows, names)

    @cached_property
    def lacking(self) -> Gaps | None:
        """Where values are missing together."""
        return gaps(self._features)

    @property
    def telling(self) -> list[str]:
        """The columns that tell of the target more than chance would."""
        return [relation.name for relation in self.relations if relation.clear]

    @property
    def _features(self) -> pd.DataFrame:
        return self.rows.drop(columns=[self.target], errors="ignore")

    # --- what is shown -----------------------------------------------------------------------------------------------

    def in_words(self) -> Figure:
        """What stands out, the gravest first."""
        found = [*self._of_target(), *self._of_relations(), *self._of_pairs(), *self._of_gaps()]
        drawn = f" Looked at: {self._drawn()}." if self._drawn() else ""
        caption = f"{count(len(found), 'thing')} to know.{drawn}" if found else f"Nothing that need be said.{drawn}"
        return Figure(
            title="Before a model is trained", caption=caption, body=notice_list(found), part="words", wide=True
        )

    def strongest(self) -> Figure:
        """The columns that tell most of the target by themselves."""
        title = f"What tells of {quoted(self.target, 60)}"
        shown = [relation for relation in self.relations if relation.clear][:_LISTED]
        if not shown:
            caption = "No column tells of it by itself more than chance would; together they may."
            if self._aim is None:
                caption = "Its values cannot be compared with those of other columns."
            return Figure(title=title, caption=caption, body="", part="strongest", wide=True)
        entries = [
            Bar(name=relation.name, value=relation.strength, text=share(relation.strength)) for relation in shown
        ]
        caption = (
            f"{quoted(shown[0].name)} by itself accounts for {share(shown[0].strength)} of how {quoted(self.target)} "
            f"varies. The bars do not add up: columns may tell the same, or only tell together."
        )
        silent = len(self.relations) - len(self.telling)
        if silent:
            caption += f" {count(silent, 'column')} {'tells' if silent == 1 else 'tell'} nothing by "
            caption += f"{'itself' if silent == 1 else 'themselves'}."
        body = bars(("column", "", "of its variation"), entries, most=1.0 if shown[0].strength > 0.5 else None)
        return Figure(title=title, caption=caption, body=body, part="strongest", wide=True)

    def against(self, columns: Sequence[str] | None = None) -> Group:
        """Columns, the most telling ones if none are named, each drawn against the target."""
        if self._aim is None:
            return Group([])
        names = self.telling[:_DRAWN] if columns is None else columns
        return Group(against(self._aim, self._known[name]) for name in names)

    def together(self) -> Group:
        """Pairs of numbers that go together."""
        if not self.pairs:
            caption = "No two columns of numbers go together closely."
            return Group([Figure(title="Numbers that go together", caption=caption, body="", part="pairs", wide=True)])
        return Group(self._pair(pair) for pair in self.pairs[:_DRAWN_PAIRS])

    def gaps(self) -> Figure:
        """Which columns are empty in the same rows."""
        title, found = "Where values are missing", self.lacking
        if found is None:
            return Figure(title=title, caption="No value is missing.", body="", part="gaps", wide=True)
        entries = [
            Bar(name=_listed(names, 2, 17), value=amount, text=f"{amount:,} ({share(amount / found.rows)})", series=5)
            for names, amount in found.patterns[:_PATTERNS]
        ]
        caption = f"{share(found.whole / found.rows)} of the rows have no gap."
        if found.partners is not None:
            one, other, part = found.partners
            caption += f" Where {quoted(one)} is empty, {quoted(other)} is, too, in {share(part)} of the rows."
        if len(found.patterns) > _PATTERNS:
            caption += f" The {_PATTERNS} commonest of {len(found.patterns):,} combinations are shown."
        drawn = self._drawn()
        caption += f" Counted in {drawn}." if drawn else ""
        body = bars(("only these are empty", "", "rows"), entries)
        return Figure(title=title, caption=caption, body=body, part="gaps", wide=True)

    def over_time(self) -> Group:
        """Rows and target over the first columns of dates."""
        names = [str(name) for name in self._known.columns if self._known[name].dtype.kind == "M"][:_DATES]
        sampled = f" Counted in {self._drawn()}." if self._drawn() else ""
        found = [figure for name in names for figure in over_time(self._aim, self._known[name], sampled=sampled)]
        caption = "There is no column with dates to follow."
        return Group(found or [Figure(title="Over time", caption=caption, body="", part="time", wide=True)])

    # --- in words ----------------------------------------------------------------------------------------------------

    def _of_target(self) -> list[Notice]:
        aim = self._aim
        if aim is None:
            return [_notice("no-comparison", f"The values of {quoted(self.target)} cannot be compared with columns.")]
        if aim.codes is None:
            values = aim.values.to_numpy(dtype=float)
            low, middle, high = (float(part) for part in np.quantile(values, (0.01, 0.5, 0.99)))
            if high - middle > 5 * (middle - low) > 0:
                said = (
                    f"A few values of {quoted(aim.name)} are far above the rest: half are below {number(middle)}, one "
                )
                return [_notice("long-tail", f"{said}in a hundred is above {number(high)}.")]
            return []
        parts = np.bincount(aim.codes, minlength=len(aim.classes)) / len(aim.codes)
        if parts[0] > _LOPSIDED:
            said = f"{share(float(parts[0]))} of the rows are {quoted(aim.classes[0])}: "
            return [_notice("lopsided", f"{said}always saying so is right that often, and of no use.", Severity.DOUBT)]
        rare = [name for name, part in zip(aim.classes, parts, strict=True) if part < _RARE]
        if rare:
            said = f"{count(len(rare), 'class')} of {quoted(aim.name)} {'is' if len(rare) == 1 else 'are'} rare, "
            return [_notice("rare", f"{said}with less than 1% of the rows: {_listed(rare, _NAMED)}.")]
        return []

    def _of_relations(self) -> list[Notice]:
        clear = [relation for relation in self.relations if relation.clear]
        if self._aim is not None and not clear:
            said = f"No column tells of {quoted(self.target)} by itself more than chance would."
            return [_notice("nothing-tells", f"{said} Together they may.", Severity.DOUBT)]
        given_away = [each for each in clear if each.strength >= _GIVES_AWAY and each.name not in self._index]
        found = [
            _notice(
                "gives-away",
                f"{quoted(relation.name)} all but gives {quoted(self.target)} away: it accounts for "
                f"{share(relation.strength)} of it. Is it known before {quoted(self.target)} is?",
                Severity.WARNING,
            )
            for relation in given_away
        ]
        found += [
            _notice(
                "gap-tells",
                f"Whether {quoted(relation.name)} is filled in tells more of {quoted(self.target)} than its values do.",
                Severity.DOUBT,
            )
            for relation in clear[:_NAMED]
            if relation.gap_tells
        ]
        much = [relation for relation in clear if relation.strength >= _TELLS_MUCH and relation not in given_away]
        if much:
            names = _listed([relation.name for relation in much], _NAMED)
            said = f"{names} {'tells' if len(much) == 1 else 'tell'} most of {quoted(self.target)}"
            found.append(_notice("tells", f"{said}, each by itself." if len(much) > 1 else f"{said} by itself."))
        elif clear and not found:
            said = f"No column tells much by itself; {quoted(clear[0].name)} tells most, with "
            found.append(_notice("tells-little", f"{said}{share(clear[0].strength)}."))
        return found

    def _of_pairs(self) -> list[Notice]:
        same = [pair for pair in self.pairs if abs(pair.closeness) >= _SAME]
        return [
            _notice("same", f"{quoted(pair.one)} and {quoted(pair.other)} say nearly the same: one would do.")
            for pair in same[:_NAMED]
        ]

    def _of_gaps(self) -> list[Notice]:
        found = self.lacking
        if found is None or found.partners is None or found.partners[2] < _LOPSIDED:
            return []
        one, other, part = found.partners
        said = f"{quoted(one)} and {quoted(other)} are empty together: where the first is, the second is, too, "
        return [_notice("empty-together", f"{said}in {share(part)} of the rows. There may be one reason for both.")]

    # --- drawing -----------------------------------------------------------------------------------------------------

    def _pair(self, pair: Pair) -> Figure:
        both = self.rows[[pair.one, pair.other]].astype(float).dropna()
        some = both.sample(_DOTS, random_state=0) if len(both) > _DOTS else both
        xs, ys = some[pair.one].to_numpy(), some[pair.other].to_numpy()
        inside = np.ones(len(some), dtype=bool)
        for values in (xs, ys):
            low, high = (float(edge) for edge in np.quantile(values, (0.005, 0.995)))
            inside &= (values >= low - (high - low) / 2) & (values <= high + (high - low) / 2)
        xs, ys = xs[inside], ys[inside]
        chart = Chart(Axis.around(shorten(pair.one, 40), xs), Axis.around(shorten(pair.other, 30), ys), height=240)
        chart.dots(xs, ys)
        how = "rises with" if pair.closeness > 0 else "falls as"
        rises = "" if pair.closeness > 0 else " rises"
        close = "almost always" if abs(pair.closeness) >= _SAME else "mostly" if abs(pair.closeness) >= 0.7 else "often"
        said = f"{quoted(pair.other)} {close} {how} {quoted(pair.one)}{rises}"
        caption = f"{said}: rank correlation {number(pair.closeness, 2)}."
        if len(some) < len(self.rows):
            caption += f" {len(some):,} rows are drawn."
        title = f"{quoted(pair.one, 30)} and {quoted(pair.other, 30)}"
        return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="pairs")

    def _drawn(self) -> str:
        return f"{len(self.rows):,} of {self.of:,} rows, drawn by chance" if len(self.rows) < self.of else ""


def _notice(code: str, message: str, severity: Severity = Severity.INFO) -> Notice:
    return Notice(code=code, message=message, severity=severity)


def _listed(names: Sequence[str], most: int, limit: int = 30) -> str:
    """Names in a row, the first few of them."""
    left = len(names) - most
    shown = [quoted(name, limit) for name in names[:most]] + ([f"{left:,} more"] if left > 0 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
