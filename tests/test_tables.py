"""Tables: whatever a file looks like, its rows come out as a person would read them, or it is refused with the line."""

from __future__ import annotations

import codecs
import csv
import dataclasses
import datetime
import io
import json
import os
import random
import shutil
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from gristmill import tables
from gristmill.errors import DataRejected
from gristmill.records import TableForm
from gristmill.tables import reading

MANY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)


def written(folder: Path, text: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def sniffed(folder: Path, text: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> tuple[Path, TableForm]:
    path = written(folder, text, name, encoding)
    return path, tables.sniff(path)


def frame_of(folder: Path, text: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> pd.DataFrame:
    return tables.read(*sniffed(folder, text, name, encoding))


def refusal(folder: Path, text: str | bytes, name: str = "data.csv") -> tuple[str, str]:
    """Code and sentence of what sniffing or reading refuses; it names the file and a cure."""
    path = written(folder, text, name)
    with pytest.raises(DataRejected) as raised:
        tables.read(path, tables.sniff(path))
    failure = raised.value.failure
    assert name in failure.what
    assert failure.what.endswith(".")
    assert failure.cure.endswith(".")
    assert list(folder.iterdir()) == [path]
    return failure.code, failure.what


def test_a_table_is_looked_at_once_where_that_is_agreed(tmp_path: Path) -> None:
    path, before = sniffed(tmp_path, "a,b\n1,2\n3,4\n")
    with tables.each_sniffed_once():
        assert tables.sniff(path) == before
        written(tmp_path, "a;b\n1;2\n3;4\n")
        assert tables.sniff(path) is tables.sniff(path)
        assert tables.sniff(path) == before
    assert tables.sniff(path).delimiter == ";"


class TestForm:
    def test_plain(self, tmp_path: Path) -> None:
        path, form = sniffed(tmp_path, "a,b,c,d\n1,2.5,x,2020-01-31\n2,3,y,2020-02-01\n")
        assert form == TableForm(
            format="csv", names=("a", "b", "c", "d"), integers=("a",), numbers=("b",), dates={"d": "ISO8601"}
        )
        frame = tables.read(path, form)
        assert frame.dtypes.astype(str).tolist() == ["int64", "float64", "object", "datetime64[ns]"]
        assert frame.iloc[0].tolist() == [1, 2.5, "x", pd.Timestamp("2020-01-31")]

    @pytest.mark.parametrize("delimiter", list(",;\t|^~\x01"))
    def test_delimiters(self, tmp_path: Path, delimiter: str) -> None:
        path, form = sniffed(tmp_path, "name|n|m\nfoo bar|1|2\nbaz: x|3|4\n".replace("|", delimiter))
        assert form.delimiter == delimiter
        assert tables.read(path, form)["n"].tolist() == [1, 3]

    def test_blanks_line_columns_up(self, tmp_path: Path) -> None:
        """The layout of many of the UCI repository's files."""
        text = '18.0   8   307.0      3504.\t"chevrolet chevelle"\n 9.0   8   ?        693. \t"buick skylark"\r\n'
        path, form = sniffed(tmp_path, text * 3, "auto-mpg.data")
        assert (form.delimiter, form.header) == (" ", False)
        frame = tables.read(path, form)
        assert frame["column 1"].tolist() == [18.0, 9.0] * 3
        assert frame["column 3"].isna().tolist() == [False, True] * 3
        assert frame["column 5"].tolist() == ["chevrolet chevelle", "buick skylark"] * 3

    def test_blanks_over_many_blocks(self, tmp_path: Path) -> None:
        lines = [f"{' ' * (number % 5)}{number}{' ' * 60}{number % 97}\tw{number % 11} " for number in range(100_000)]
        frame = frame_of(tmp_path, "\n".join(["n  m  w", *lines]), "wide.data")
        assert frame["n"].tolist() == list(range(100_000))
        assert frame["w"].tolist()[-1] == f"w{99_999 % 11}"

    @pytest.mark.parametrize("decimal", [",", "."])
    @pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
    def test_decimal_commas(self, tmp_path: Path, decimal: str, quoting: Any) -> None:
        frame = pd.DataFrame({"Größe": [1.5, 2.25, 1000.0], "Name": ["a", "b, c", "d"], "n": [1, 2, 3]})
        for delimiter in ";\t,":
            text = frame.to_csv(sep=delimiter, decimal=decimal, index=False, quoting=quoting)
            path, form = sniffed(tmp_path, text)
            assert (form.delimiter, form.decimal) == (delimiter, decimal)
            assert_frame_equal(tables.read(path, form), frame)

    def test_decimal_comma_without_header(self, tmp_path: Path) -> None:
        assert frame_of(tmp_path, "1,5;2,5;3,1\n4,5;5,5;6,1\n").to_numpy().tolist() == [
            [1.5, 2.5, 3.1],
            [4.5, 5.5, 6.1],
        ]

    @pytest.mark.parametrize(
        ("words", "delimiter"),
        [
            (["1,234.50", "2,000", "-7.5"], ","),
            (["1.234,50", "2.000", "-7,5"], ";"),
            (["1 234,50", "2 000", "-7,5"], ";"),
            (["1,234.500", "2,000", "-7.5"], ","),
            (["1'234.50", "2'000", "-7.5"], ";"),
            (["1\u202f234,50", "2\u202f000", "-7,5"], ";"),
        ],
    )
    def test_thousands(self, tmp_path: Path, words: list[str], delimiter: str) -> None:
        text = "n,w\n" + "".join(f'"{word}",x\n' for word in words)
        assert frame_of(tmp_path, text.replace('",', f'"{delimiter}').replace("n,w", f"n{delimiter}w"))[
            "n"
        ].tolist() == [
            1234.5,
            2000.0,
            -7.5,
        ]

    @pytest.mark.parametrize(
        ("encoding", "words"),
        [
            ("utf-8", ["Zürich", "東京", "é"]),
            ("utf-8-sig", ["Zürich", "東京", "é"]),
            ("utf-16", ["Zürich", "東京", "é"]),
            ("utf-16-le", ["Zürich", "plain", "é"]),
            ("utf-16-be", ["Zürich", "plain", "é"]),
            ("utf-32", ["Zürich", "東京", "é"]),
            ("cp1252", ["Zürich", "5 €", "naïve \u2013 oui"]),
            ("latin-1", ["Zürich", "Ærø", "señor"]),
            ("cp1250", ["Łódź", "Gdańsk", "żółty"]),
            ("cp1251", ["Москва река", "Новосибирск город", "Санкт Петербург"]),
        ],
    )
    def test_encodings(self, tmp_path: Path, encoding: str, words: list[str]) -> None:
        """Longer than the sample's head, with the telling letters only far behind."""
        plain = "1,plain\n" * 300_000
        text = "n,city\n" + plain + "".join(f"{number},{word}\n" for number, word in enumerate(words * 20)) + plain
        frame = frame_of(tmp_path, text, encoding=encoding)
        assert len(frame) == 600_000 + 20 * len(words)
        assert frame["city"].unique().tolist() == (
            ["plain", *words] if "plain" not in words else ["plain", *words[::2]]
        )

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_line_endings(self, tmp_path: Path, ending: str) -> None:
        assert frame_of(tmp_path, f"a,b{ending}1,x{ending}2,y{ending}{ending}").to_numpy().tolist() == [
            [1, "x"],
            [2, "y"],
        ]

    def test_quotes(self, tmp_path: Path) -> None:
        text = 'a,b,c\n1,"say ""hi"", now","two\nlines"\n2,5" pipe,it\'s\n'
        assert frame_of(tmp_path, text).to_numpy().tolist() == [
            [1, 'say "hi", now', "two\nlines"],
            [2, '5" pipe', "it's"],
        ]
        assert frame_of(tmp_path, "a;b\n1;'x;y'\n2;'z'\n")["b"].tolist() == ["x;y", "z"]
        assert frame_of(tmp_path, 'a,b\n1,"say \\"hi\\", now"\n2,"x"\n')["b"].tolist() == ['say "hi", now', "x"]

    def test_quotes_that_are_only_signs(self, tmp_path: Path) -> None:
        assert frame_of(tmp_path, 'a\tb\n1\t"x\n2\ty\n3\t"\n', "tweets.tsv")["b"].tolist() == ['"x', "y", '"']

    @pytest.mark.parametrize(
        "preamble",
        [
            "Sales report\nmade in 2020\n\n",
            "# a comment, with commas\n# and more\n",
            "sep=,\n",
            "\n\n",
            "Title,,\n,,\n",
        ],
    )
    def test_preamble(self, tmp_path: Path, preamble: str) -> None:
        path, form = sniffed(tmp_path, preamble + "name,age,city\nx,1,Rome\ny,2,Oslo\n")
        assert form.names == ("name", "age", "city")
        assert tables.read(path, form)["age"].tolist() == [1, 2]

    @pytest.mark.parametrize(
        ("text", "header"),
        [
            ("5.1,3.5,setosa\n4.9,3.0,setosa\n4.7,3.2,virginica\n", False),
            ("p,x,s\ne,x,s\np,b,y\ne,b,s\n", False),
            ("2020-01-01,1\n2020-01-02,2\n", False),
            ("country,2019,2020\nA,1.5,2\nB,2.5,3\n", True),
            ("shop,31.01.2024,29.02.2024,31.03.2024\nA,1.5,2,3\nB,2.5,3,4\n", True),
            ("1.2024,2.2024,3.2024\n4.1234,5.5,6.5\n7.5,8.5,9.5\n", False),
            ("name,city\nJo,Rome\nMary,Oslo\n", True),
            ("a,b\n1,?\n2,3\n", True),
        ],
    )
    def test_header_or_not(self, tmp_path: Path, text: str, header: bool) -> None:
        path, form = sniffed(tmp_path, text)
        assert form.header is header
        assert len(tables.read(path, form)) == text.count("\n") - header
        if not header:
            assert form.names[:2] == ("column 1", "column 2")

    def test_odd_headers_stay(self, tmp_path: Path) -> None:
        header = ["weight [kg]", 'so-called "x"', "c,d", "é{}:", " padded ", "", "two\nlines"]
        text = io.StringIO()
        csv.writer(text).writerows([header, range(7), range(7)])
        assert sniffed(tmp_path, text.getvalue())[1].names == (
            *("weight [kg]", 'so-called "x"', "c,d", "é{}:", "padded", "column 6", "two lines"),
        )
        assert frame_of(tmp_path, text.getvalue())["column 6"].tolist() == [5, 5]

    def test_comma_between_digits(self, tmp_path: Path) -> None:
        """Where commas are delimiters, one inside of quotes groups thousands; elsewhere it is a decimal sign."""
        assert frame_of(tmp_path, 'n,w\n"1,234",x\n"2,000",y\n')["n"].tolist() == [1234, 2000]
        assert frame_of(tmp_path, "n;w\n1,234;x\n2,000;y\n")["n"].tolist() == [1.234, 2.0]

    def test_row_names_of_r(self, tmp_path: Path) -> None:
        assert sniffed(tmp_path, '"mpg","cyl"\n"Mazda RX4",21,6\n"Fiat 128",22.8,4\n')[1].names == (
            "column 1",
            "mpg",
            "cyl",
        )

    def test_delimiter_at_the_end(self, tmp_path: Path) -> None:
        assert frame_of(tmp_path, "a,b\n1,2,\n3,4,\n")["b"].tolist() == [2, 4]


class TestKinds:
    def test_codes_stay_words(self, tmp_path: Path) -> None:
        path, form = sniffed(tmp_path, "zip,iban,n\n01234,12345678901234567,0\n99999,2,10\n")
        assert form.strings == ("zip", "iban")
        assert tables.read(path, form).iloc[0].tolist() == ["01234", "12345678901234567", 0]

    def test_missing_words(self, tmp_path: Path) -> None:
        path, form = sniffed(tmp_path, "n,m,w,c\n1,-,?,x\nN/A,2.5,a,y\n,k.A.,b,unknown\n4,7,NULL,z\n")
        frame = tables.read(path, form)
        assert set(form.missing) == {"-", "?", "k.A."}
        assert frame["n"].fillna(0).tolist() == [1.0, 0.0, 0.0, 4.0]
        assert frame["m"].fillna(0).tolist() == [0.0, 2.5, 0.0, 7.0]
        assert frame["w"].tolist() == [None, "a", "b", None]
        assert frame["c"].tolist() == ["x", "y", "unknown", "z"]

    def test_blanks_around_values(self, tmp_path: Path) -> None:
        """The layout of the UCI census file."""
        frame = frame_of(tmp_path, "age, work, pay\n39, State-gov, <=50K\n50, ?, >50K\n")
        assert frame.columns.tolist() == ["age", "work", "pay"]
        assert frame.to_numpy().tolist() == [[39, "State-gov", "<=50K"], [50, None, ">50K"]]

    @pytest.mark.parametrize(
        ("words", "form", "first"),
        [
            (["2020-01-31", "2020-02-01"], "ISO8601", "2020-01-31"),
            (["2020-01-31T10:00:00Z", "2020-01-31T10:00:00+02:00"], "ISO8601", "2020-01-31 10:00"),
            (["2020-01-31 10:00:00.123", "2020-01-31 10:00"], "ISO8601", "2020-01-31 10:00:00.123"),
            (["1.2.2020", "31.12.2020"], "%d.%m.%Y", "2020-02-01"),
            (["01.02.20 13:15", "31.12.20 00:00"], "%d.%m.%y %H:%M", "2020-02-01 13:15"),
            (["01/02/2020", "12/31/2020"], "%m/%d/%Y", "2020-01-02"),
            (["01/02/2020", "31/12/2020"], "%d/%m/%Y", "2020-02-01"),
            (["1/2/2020 1:05 PM", "12/31/2020 11:00 AM"], "%m/%d/%Y %I:%M %p", "2020-01-02 13:05"),
            (["2020/01/31", "2020/12/01"], "%Y/%m/%d", "2020-01-31"),
            (["3-Feb-2020", "13-Mar-2020"], "%d-%b-%Y", "2020-02-03"),
            (["Feb 3, 2020", "Mar 13, 2020"], "%b %d, %Y", "2020-02-03"),
        ],
    )
    def test_dates(self, tmp_path: Path, words: list[str], form: str, first: str) -> None:
        text = "when,n\n" + "".join(f'"{word}",{number}\n' for number, word in enumerate([*words, "", "N/A"]))
        path, found = sniffed(tmp_path, text)
        assert found.dates == {"when": form}
        assert found.doubtful == ()
        frame = tables.read(path, found)
        assert str(frame["when"].dtype) == "datetime64[ns]"
        assert frame["when"].iloc[0] == pd.Timestamp(first)
        assert frame["when"].isna().tolist() == [False, False, True, True]

    @pytest.mark.parametrize(("delimiter", "order"), [(",", "%m/%d/%Y"), (";", "%d/%m/%Y")])
    def test_doubtful_dates(self, tmp_path: Path, delimiter: str, order: str) -> None:
        text = "when,n\n01/03/2020,1.5\n02/01/2020,2.5\n"
        text = text if delimiter == "," else text.replace(",", ";").replace(".", ",")
        form = sniffed(tmp_path, text)[1]
        assert form.dates == {"when": order}
        assert form.doubtful == ("when",)

    @pytest.mark.parametrize(
        "words", [["12:30", "13:40"], ["1.2.3", "4.5.6"], ["2020-13-45", "2020-01-01"], ["1-2", "3-4"]]
    )
    def test_what_is_no_date(self, tmp_path: Path, words: list[str]) -> None:
        assert frame_of(tmp_path, "v,n\n" + "".join(f"{word},1\n" for word in words))["v"].tolist() == words

    def test_infinite_is_missing(self, tmp_path: Path) -> None:
        assert frame_of(tmp_path, "a,b\n1.5,x\ninf,y\n-inf,z\n1e999,w\n")["a"].fillna(0).tolist() == [1.5, 0, 0, 0]

    def test_strays_are_counted(self, tmp_path: Path) -> None:
        """What the sample has not seen: a word among numbers, a hole among whole numbers."""
        rows = [f"{number},{number / 2},2020-01-01\n" for number in range(400_000)]
        rows[123_456] = "0x1F,oops,never\n"
        rows[234_567] = "+7,+1.5e3,2020-01-02\n"
        rows[250_000] = ",,\n"
        path, form = sniffed(tmp_path, "n,x,when\n" + "".join(rows))
        assert (form.integers, form.numbers, form.dates) == (("n",), ("x",), {"when": "ISO8601"})
        strays: Counter[str] = Counter()
        frame = pd.concat(tables.batches(path, form, 10_000, strays=strays), ignore_index=True)
        assert strays == {"n": 1, "x": 1, "when": 1}
        assert frame.iloc[[123_456, 250_000]].isna().all(axis=None)
        assert frame.iloc[234_567].tolist() == [7.0, 1500.0, pd.Timestamp("2020-01-02")]
        assert frame.isna().sum().tolist() == [2, 2, 2]
        assert frame.dtypes.astype(str).tolist() == ["float64", "float64", "datetime64[ns]"]
        assert_frame_equal(frame, tables.read(path, form))


class TestBatches:
    @pytest.fixture(scope="class")
    @staticmethod
    def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TableForm]:
        dice, count = np.random.default_rng(0), 120_000
        frame = pd.DataFrame(
            {
                "id": np.arange(count),
                "x": dice.normal(size=count),
                "when": pd.date_range("2020-01-01", periods=count, freq="min").strftime("%d.%m.%Y %H:%M"),
                "word": dice.choice(["a", "b, c", 'd "e"', "f\ng", "ü"], count),
                "maybe": pd.Series(dice.integers(0, 9, count)).where(dice.random(count) < 0.9).astype("Int64"),
            }
        )
        path = tmp_path_factory.mktemp("large") / "large.csv"
        frame.to_csv(path, index=False)
        return path, tables.sniff(path)

    @pytest.mark.parametrize("rows", [1_000, 7_777, 50_000, 10**9])
    def test_batches_are_what_read_reads(self, large: tuple[Path, TableForm], rows: int) -> None:
        batches = list(tables.batches(*large, rows))
        assert len({tuple(batch.dtypes) for batch in batches}) == 1
        assert all(len(batch) == min(rows, 120_000) for batch in batches[:-1])
        whole = tables.read(*large)
        assert_frame_equal(pd.concat(batches, ignore_index=True), whole, check_exact=True)
        assert_frame_equal(
            whole.drop(columns=["word", "when"]),
            pd.read_csv(large[0], float_precision="round_trip").drop(columns=["word", "when"]),
            check_exact=True,
        )

    def test_first_rows_and_some_columns(self, large: tuple[Path, TableForm]) -> None:
        some = tables.read(*large, columns=["word", "id"], rows=10)
        assert_frame_equal(some, tables.read(*large)[["word", "id"]].head(10))

    def test_header_alone_gives_an_empty_frame(self, tmp_path: Path, large: tuple[Path, TableForm]) -> None:
        """As a file to predict."""
        frame = tables.read(written(tmp_path, "x,id,when,word,maybe\n"), large[1])
        assert len(frame) == 0
        assert list(tables.batches(written(tmp_path, "x,id,when,word,maybe\n"), large[1])) == []

    def test_batches_of_very_wide_rows_are_short(self, tmp_path: Path) -> None:
        frame = pd.DataFrame(np.random.default_rng(0).integers(0, 9, (4_000, 1_000))).add_prefix("column ")
        frame.to_csv(tmp_path / "wide.csv", index=False)
        batches = list(tables.batches(tmp_path / "wide.csv", tables.sniff(tmp_path / "wide.csv")))
        assert len(batches) > 1
        assert_frame_equal(pd.concat(batches, ignore_index=True), frame)

    def test_memory_is_bounded(self, tmp_path: Path, large: tuple[Path, TableForm]) -> None:
        header, _, body = large[0].read_bytes().partition(b"\n")
        path = tmp_path / "huge.csv"
        with path.open("wb") as file:
            file.write(header + b"\n")
            for _ in range(100_000_000 // len(body)):
                file.write(body)
        script = """
import sys
from pathlib import Path
from gristmill import tables
path = Path(sys.argv[1])
rows = sum(len(frame) for frame in tables.batches(path, tables.sniff(path)))
print(rows, Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
        rows, peak = told(script, path, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
        assert int(rows) == 100_000_000 // len(body) * 120_000
        assert int(peak) < 300_000


def told(script: str, *arguments: object, **keywords: Any) -> list[str]:
    """The words that a script prints in a process of its own."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, **keywords).stdout.split()


class TestTheNextFile:
    """A form learnt from one file reads others from the same source."""

    FORM = TableForm(
        format="csv",
        delimiter=";",
        decimal=",",
        thousands=".",
        names=("n", "x", "when", "w", "flag"),
        integers=("n",),
        numbers=("x",),
        dates={"when": "%d.%m.%Y"},
        yes_no={"flag": ("no", "yes")},
        missing=("-",),
    )
    FRAME = pd.DataFrame(
        {
            "n": [1, 2],
            "x": [1.234, np.nan],
            "when": pd.to_datetime(["2020-02-01", "2020-12-31"]),
            "w": ["ü", "7"],
            "flag": ["yes", "no"],
        }
    )

    @pytest.mark.parametrize(
        "text",
        [
            "n;x;when;w;flag\n1;1,234;01.02.2020;ü;yes\n2;-;31.12.2020;7;no\n",
            "n,x,when,w,flag\n1,1.234,01.02.2020,ü,yes\n2,-,31.12.2020,7,no\n",
            "Title\n\nw;n;x;when;flag;extra\nü;1;1,234;01.02.2020;YES;q\n7;2;;31.12.2020;No;q\n",
            "n\tx\twhen\tw\tflag\n1\t1,234\t01.02.2020\tü\tyes\n2\t\t31.12.2020\t7\tno\n",
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_other_delimiter_order_and_encoding(self, tmp_path: Path, text: str, encoding: str) -> None:
        path = written(tmp_path, text, encoding=encoding)
        assert_frame_equal(tables.read(path, self.FORM, columns=self.FORM.names), self.FRAME)

    @pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
    def test_other_format(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"next.{suffix}"
        frame = self.FRAME.assign(flag=[True, False])[["flag", "w", "when", "x", "n"]]
        frame.to_parquet(path) if suffix == "parquet" else frame.to_excel(path, index=False)
        assert_frame_equal(tables.read(path, self.FORM, columns=self.FORM.names), self.FRAME)

    def test_form_as_json(self, tmp_path: Path) -> None:
        path = written(tmp_path, "n;x;when;w;flag\n1;1,234;01.02.2020;ü;yes\n2;-;31.12.2020;7;no\n")
        plain = json.loads(msgspec.json.encode(self.FORM))
        assert_frame_equal(reading.read(path, plain), self.FRAME)

    def test_missing_column(self, tmp_path: Path) -> None:
        path = written(tmp_path, "n;when;w\n1;01.02.2020;ü\n")
        with pytest.raises(DataRejected, match='has no column "x", "flag"') as raised:
            tables.read(path, self.FORM, columns=self.FORM.names)
        assert raised.value.failure.code == "missing-columns"

    def test_without_header_and_target(self, tmp_path: Path) -> None:
        form = TableForm(format="csv", header=False, names=("a", "b", "y"), integers=("a", "b"))
        path = written(tmp_path, "1,2\n3,4\n")
        assert tables.read(path, form, columns=["a", "b"]).to_numpy().tolist() == [[1, 2], [3, 4]]
        with pytest.raises(DataRejected) as raised:
            tables.read(path, form)
        assert raised.value.failure.code == "columns-differ"

    def test_reader_stands_alone(self, tmp_path: Path) -> None:
        """As in a model archive: the folder is copied, and nothing of gristmill can be imported."""
        shutil.copytree(
            Path(reading.__file__).parent, tmp_path / "reading", ignore=shutil.ignore_patterns("__pycache__")
        )
        (tmp_path / "form.json").write_bytes(msgspec.json.encode(self.FORM))
        path = written(tmp_path, "n;x;when;w;flag\n1;1,234;01.02.2020;ü;yes\n")
        script = """
import json, sys
from reading import read
frame = read(sys.argv[1], json.load(open("form.json")))
print(frame["x"].tolist(), frame["flag"].tolist(), any(name.startswith("gristmill") for name in sys.modules))
"""
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        assert told(script, path, cwd=tmp_path, env=clean) == ["[1.234]", "['yes']", "False"]


class TestOtherFormats:
    def test_parquet(self, tmp_path: Path) -> None:
        frame = pd.DataFrame(
            {
                "n": [1, 2, 3],
                "gap": pd.array([1, None, 3], "Int64"),
                "x": [1.5, np.nan, np.inf],
                "when": pd.to_datetime(["2020-01-01", None, "2020-01-03"]),
                "zoned": pd.to_datetime(["2020-01-01 12:00"] * 3).tz_localize("Europe/Berlin"),
                "yes": [True, False, True],
                "word": ["a", None, "c"],
                "kind": pd.Categorical(["u", "v", "u"]),
                "text date": ["01.02.2020", "31.12.2020", "01.01.2020"],
                "code": ["007", "008", "009"],
            },
            index=[5, 6, 7],
        )
        frame.to_parquet(tmp_path / "a.parquet")
        form = tables.sniff(tmp_path / "a.parquet")
        assert form.names == tuple(frame.columns)
        read = tables.read(tmp_path / "a.parquet", form)
        assert read.dtypes.astype(str).to_dict() == {
            **{"n": "int64", "gap": "float64", "x": "float64", "when": "datetime64[ns]", "zoned": "datetime64[ns]"},
            **{"yes": "object", "word": "object", "kind": "object", "text date": "datetime64[ns]", "code": "object"},
        }
        assert read["x"].isna().tolist() == [False, True, True]
        assert read["zoned"].iloc[0] == pd.Timestamp("2020-01-01 11:00")
        assert read["yes"].tolist() == ["True", "False", "True"]
        assert read["code"].tolist() == ["007", "008", "009"]
        assert_frame_equal(pd.concat(tables.batches(tmp_path / "a.parquet", form, 1), ignore_index=True), read)

    def test_parquet_columns_that_hold_lists(self, tmp_path: Path) -> None:
        pd.DataFrame({"a": [1], "b": [[1, 2]]}).to_parquet(tmp_path / "a.parquet")
        with pytest.raises(DataRejected, match='the column "b" holds list') as raised:
            tables.sniff(tmp_path / "a.parquet")
        assert raised.value.failure.code == "nested-column"

    @pytest.mark.parametrize("header", [True, False])
    def test_workbook(self, tmp_path: Path, header: bool) -> None:
        frame = pd.DataFrame(
            {
                "n": [1, 2, 3],
                "x": [1.5, None, 2.0],
                "when": pd.to_datetime(["2020-01-01 00:00", "2020-01-02 00:00", "2020-01-03 10:30"]),
                "yes": [True, False, True],
                "word": ["a", "b", None],
                "code": ["007", "008", "009"],
            }
        )
        with pd.ExcelWriter(tmp_path / "a.xlsx") as writer:
            pd.DataFrame({"notes": ["read me"]}).to_excel(writer, sheet_name="About", index=False)
            pd.DataFrame([["by", "me"]]).to_excel(writer, sheet_name="Author", index=False, header=False)
            frame.to_excel(writer, sheet_name="Data", index=False, startrow=3 if header else 0, header=header)
            if header:
                writer.sheets["Data"]["A1"] = "Sales report"
        form = tables.sniff(tmp_path / "a.xlsx")
        assert form.sheet == "Data"
        assert form.header is header
        read = tables.read(tmp_path / "a.xlsx", form)
        read.columns = frame.columns
        assert read["yes"].tolist() == ["True", "False", "True"]
        assert_frame_equal(read.drop(columns="yes"), frame.drop(columns="yes"))

    def test_content_decides_not_the_name(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        frame.to_parquet(tmp_path / "data.csv")
        assert tables.sniff(tmp_path / "data.csv").format == "parquet"
        assert tables.sniff(written(tmp_path, "a,b\n1,x\n", "data.xls")).format == "csv"

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("train.csv", "a,b\n1,2\n", True),
            ("broken.csv", "", True),
            ("a.XLSX", "PK", True),
            ("adult.data", "39, State-gov, 77516\n50, Private, 83311\n", True),
            ("rows.txt", "a\tb\n1\t2\n3\t4\n", True),
            ("README.txt", "This is a letter.\nIt has, as letters do, commas, and lines.\nNo table.\n", False),
            ("README.md", "a,b\n1,2\n", False),
            ("notes.txt", "one\ntwo\n", False),
            ("empty.txt", "", False),
            ("picture.png", "\x89PNG", False),
        ],
    )
    def test_is_table(self, tmp_path: Path, name: str, text: str, expected: bool) -> None:
        assert tables.is_table(written(tmp_path, text, name)) is expected


class TestBadInput:
    @pytest.mark.parametrize(
        ("text", "code", "place"),
        [
            ("", "empty-file", "is empty"),
            ("\n \r\n\n", "empty-file", "is empty"),
            (codecs.BOM_UTF8, "empty-file", "is empty"),
            ("a,b\n", "no-rows", "no rows"),
            ("x,y\n1,2,3,4\n5,6,7,8\n", "ragged-line", "line 1: 2 values where the table has 4"),
            ("a\n1\n2\n", "one-column", "line 1"),
            ("a,b,a\n1,2,3\n", "duplicate-headers", 'line 1: more than one column is named "a"'),
            ("Title\n\na,a ,b\n1,2,3\n", "duplicate-headers", "line 3"),
            ("a,b,c\n1,2,3\n1,2\n1,2,3\n", "ragged-line", "line 3: 2 values where the table has 3"),
            ("a,b,c\n1,2,3\n\n1,2,3,4\n1,2,3\n", "ragged-line", "line 4: 4 values where the table has 3"),
            ('a,b,c\n1,"x\ny",3\n1,2\n1,2,3\n', "ragged-line", "line 4"),
            ('a,b\n1,"x\n2,y\n3,z\n', "unclosed-quote", "line 2"),
            ('a,b,c\n1,"x,3\n2,y,4\n3,z,5\n', "unclosed-quote", "line 2"),
            ('a,b,c\n1,x,3\n1,"x,3\n2,y,4\n3,z,5\n4,"k",5\n', "unclosed-quote", "line 3"),
            ("a,b\n1,2\n3,\0\n", "nul-byte", "line 3"),
            ("a,b\n1,2\n3," + "x" * 10_000_000 + "\n4,5\n", "line-too-long", "line 3"),
            (random.Random(1).randbytes(50_000), "not-a-table", "not a table"),
            (b"%PDF-1.7\n1 0 obj\n", "not-a-table", "not a table"),
            ('{"a": [1, 2]}\n', "not-a-table", "not a table"),
            ("<html><table><tr><td>1</td></tr></table></html>", "not-a-table", "not a table"),
            (("a,b\n" + "ü,1\n" * 3000).encode() + b"\xfc,2\n", "bad-encoding", "line 3002"),
        ],
    )
    def test_refused_with_line(self, tmp_path: Path, text: str | bytes, code: str, place: str) -> None:
        """When sniffed, so before anything is profiled."""
        found, sentence = refusal(tmp_path, text)
        with pytest.raises(DataRejected):
            tables.sniff(tmp_path / "data.csv")
        assert found == code
        assert place in sentence

    @pytest.mark.parametrize("ending", ["\n", "\r\n"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
    def test_ragged_far_behind(self, tmp_path: Path, ending: str, encoding: str) -> None:
        """Beyond what is sampled, the reader finds it."""
        lines = ["a,b,c", *(f"{number},ü,{number % 7}" for number in range(300_000)), "1,2,3,4", "1,ü,3", ""]
        path = written(tmp_path, ending.join(lines), encoding=encoding)
        form = tables.sniff(path)
        with pytest.raises(DataRejected, match="line 300002: 4 values where the table has 3 columns"):
            list(tables.batches(path, form))

    def test_quote_left_open_far_behind(self, tmp_path: Path) -> None:
        lines = ["a,b", *(f"{number},x" for number in range(400_000)), '1,"x', *["2,y"] * 400_000]
        path = written(tmp_path, "\n".join(lines))
        with pytest.raises(DataRejected, match="line 400002: a quote"):
            list(tables.batches(path, tables.sniff(path)))

    def test_damaged_parquet(self, tmp_path: Path) -> None:
        pd.DataFrame({"a": range(1000), "b": range(1000)}).to_parquet(tmp_path / "whole.parquet")
        raw = (tmp_path / "whole.parquet").read_bytes()
        (tmp_path / "whole.parquet").unlink()
        assert refusal(tmp_path, raw[:-100], "cut.parquet")[0] == "damaged-file"
        pd.DataFrame({"a": [1], "b": [2]}).head(0).to_parquet(tmp_path / "empty.parquet")
        with pytest.raises(DataRejected, match="holds no rows"):
            tables.sniff(tmp_path / "empty.parquet")

    def test_damaged_and_empty_workbooks(self, tmp_path: Path) -> None:
        pd.DataFrame().to_excel(tmp_path / "a.xlsx")
        raw = (tmp_path / "a.xlsx").read_bytes()
        (tmp_path / "a.xlsx").unlink()
        assert refusal(tmp_path, raw, "a.xlsx")[0] == "no-rows"
        assert refusal(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "a.xlsx")[0] == "damaged-file"


NAMES = st.lists(
    st.text(string.ascii_letters + "äé ()[]_-%", min_size=1, max_size=8).map(str.strip).filter(bool),
    min_size=2,
    max_size=6,
    unique=True,
)
WORDS = st.text(string.ascii_letters + "éüß,;|\"' \n", max_size=12).map(lambda text: "w" + text.replace("\r", "") + "w")


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Frames of all kinds of columns, each with enough values to be told."""
    rows = draw(st.integers(3, 12))
    columns: dict[str, Any] = {}
    for name in draw(NAMES):
        kind = draw(st.sampled_from(["int", "float", "word", "date"]))
        if kind == "int":
            columns[name] = draw(st.lists(st.integers(-(10**14), 10**14), min_size=rows, max_size=rows))
        elif kind == "float":
            # A fraction in each, so that none of them passes for a whole number or a thousand.
            numbers = st.integers(-(10**6), 10**6).map(lambda number: number + 0.25)
            columns[name] = draw(st.lists(numbers, min_size=rows, max_size=rows))
        elif kind == "date":
            days = st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1))
            columns[name] = pd.to_datetime(draw(st.lists(days, min_size=rows, max_size=rows))).as_unit("ns")
        else:
            columns[name] = draw(st.lists(WORDS, min_size=rows, max_size=rows, unique=True))
    return pd.DataFrame(columns)


@MANY
@given(
    frame=frames(),
    delimiter=st.sampled_from(list(",;\t|")),
    decimal=st.sampled_from(".,"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_what_is_written_is_read(  # the ways to write a file are many
    tmp_path_factory: pytest.TempPathFactory,
    frame: pd.DataFrame,
    delimiter: str,
    decimal: str,
    encoding: str,
    ending: str,
    quoting: Any,
) -> None:
    path = tmp_path_factory.mktemp("round") / "data.csv"
    text = frame.to_csv(sep=delimiter, decimal=decimal, index=False, lineterminator=ending, quoting=quoting)
    marked = "".join(line for line in text.splitlines() if not line.isascii())
    # Where every third letter is marked, bytes are taken for another alphabet's: nobody writes so in Latin letters.
    assume(encoding != "cp1252" or 4 * sum(not sign.isascii() for sign in marked) <= sum(map(str.isalpha, marked)))
    path.write_bytes(text.encode(encoding))
    form = tables.sniff(path)
    assert form.delimiter == delimiter
    assert msgspec.json.decode(msgspec.json.encode(form), type=TableForm) == form
    assert_frame_equal(tables.read(path, form), frame)


def test_reading_knows_every_field_of_a_form() -> None:
    """A field that the reader does not know would be lost on the way into a model archive."""
    from gristmill.tables.reading import frames as module

    fields = {field.name for field in dataclasses.fields(TableForm)}
    assert set(module._FORM) == fields - {"format", "strings", "doubtful"}


def test_blocks_without_a_row_do_not_stop_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_bytes(b"one,two\n" + b"1,2\n" * 20 + b"\n" * (9 << 20) + b"3,4\n" * 20)
    assert len(tables.read(path, tables.sniff(path))) == 40
