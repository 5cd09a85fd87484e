"""Somebody's own `index.csv`: what is taken, and every slip that would train or measure on something else."""

from pathlib import Path

import pytest

from edge.errors import DataError
from train.own_index import read_index

COLUMNS = "split,path,label,kind,meter,display"


def index(folder: Path, *rows: str, columns: str = COLUMNS) -> Path:
    path = folder / "index.csv"
    path.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    return path


def test_rows_come_by_split_with_their_lines_and_columns_of_ones_own_may_stand_beside(tmp_path: Path) -> None:
    path = index(tmp_path, "test,./a.png,4.7,tenths,m,roller,later", "", "val,b/c.png,,nan,m,mixed,", columns=f"{COLUMNS},told_by")
    rows = read_index(path)
    assert [(row.path, row.position, row.display, row.line) for row in rows["test"]] == [("a.png", 4.7, "roller", 2)]
    assert [(row.path, row.kind, row.line) for row in rows["val"]] == [("b/c.png", "nan", 4)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("tset,a.png,1.0,tenths,m,roller", "split 'tset'; expected one of train, val, test"),
        ("test,a.png,1.0,tenths,m,LCD", "display 'LCD'; expected one of roller, lcd, mixed"),
        ("test,a.png,٣,integer,m,lcd", "label '٣' of kind integer; expected a position in digits"),
        ("test,a.png,3.5,integer,m,lcd", "label '3.5' of kind integer; expected a whole digit, or kind tenths"),
        ("test,,1.0,tenths,m,roller", "path ''; expected a picture within this folder"),
        ("test,/etc/a.png,1.0,tenths,m,roller", "path '/etc/a.png'; expected a picture within this folder"),
        ("test,b/../../a.png,1.0,tenths,m,roller", "path 'b/../../a.png'; expected a picture within this folder"),
        ("test,a.png,1.0,tenths", "4 fields; expected 6, as in the first line"),
        ("test,a.png,1.0,tenths,m,roller,x", "7 fields; expected 6, as in the first line"),
        ("train,./0.png,2.0,tenths,m,roller", "0.png is in line 2 too; expected each picture once"),
        (f"test,{'a' * 140_000}.png,1.0,tenths,m,roller", "not a table (field larger than field limit"),
        ('test,"a.png,1.0,tenths,m,roller', "not a table (unexpected end of data)"),
    ],
)
def test_a_slip_is_told_with_its_line_and_what_is_allowed(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(DataError) as told:
        read_index(index(tmp_path, "test,0.png,1.0,tenths,m,roller", row))
    assert f"index.csv, line 3: {said}" in str(told.value)


def test_other_marks_between_the_columns_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="columns are parted by ';'; expected split,path,label,kind,meter,display"):
        read_index(index(tmp_path, columns=COLUMNS.replace(",", ";")))
