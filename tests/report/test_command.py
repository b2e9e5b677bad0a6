"""``sluss report`` as a command: what it writes, where, and how it refuses."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import nbformat
import pytest

from loaders.errors import UnusableInputError, UserError
from sluss.report import report_version, write_report
from sluss.report.write import NOTEBOOK, execute
from tests.conftest import RunSluss
from tests.report.conftest import Reports


def test_the_command_writes_one_file_with_this_interpreter_and_leaves_nothing_else(
    reports: Reports, run_sluss: RunSluss, tmp_path: Path
) -> None:
    person = tmp_path / "home"
    for kernel in ("sluss", "python3"):
        spec = person / ".local/share/jupyter/kernels" / kernel / "kernel.json"
        spec.parent.mkdir(parents=True)
        spec.write_text('{"argv": ["/bin/false"], "display_name": "no", "language": "python"}')
    before = sorted(person.rglob("*"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    out = tmp_path / "out" / "day.html"
    out.parent.mkdir()
    out.write_text("an older report")

    done = run_sluss(
        *("report", str(reports.loads["empty"]), "--out", out, "--json"),
        env={"HOME": str(person), "TMPDIR": str(scratch)},
    )

    said = json.loads(done.stdout)
    assert said["path"] == str(out)
    assert said["load_id"] == reports.loads["empty"]
    assert said["version"] == report_version(out)
    assert 0 < said["seconds"] < 120
    assert done.stderr == ""
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sorted(person.rglob("*")) == before
    assert list(scratch.iterdir()) == []
    assert list(out.parent.iterdir()) == [out]


def test_loads_without_a_report_are_refused_with_what_to_do(
    reports: Reports, run_sluss: RunSluss, tmp_path: Path
) -> None:
    out = tmp_path / "day.html"
    for load_id, words in {
        9_999: ("There is no load 9999", "`sluss loads`"),
        reports.loads["register"]: ("is of bank_customers", "bank_transactions"),
        reports.loads["not built"]: ("loaded but not built", "`sluss build`"),
    }.items():
        with pytest.raises(UnusableInputError) as refused:
            write_report(load_id, out)
        for word in words:
            assert word in str(refused.value)
    assert not out.exists()
    done = run_sluss("report", "9999", "--out", out, check=2)
    assert done.stderr.startswith("error: There is no load 9999")
    assert done.stdout == ""


def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    reports: Reports, tmp_path: Path
) -> None:
    with pytest.raises(UnusableInputError, match="is a folder"):
        write_report(reports.loads["empty"], tmp_path)
    with pytest.raises(UnusableInputError, match="There is no folder"):
        write_report(reports.loads["empty"], tmp_path / "absent" / "day.html")


def test_tables_of_a_half_built_load_are_not_reported(reports: Reports, tmp_path: Path) -> None:
    load_id = reports.loads["quiet 1"]
    out = tmp_path / "day.html"
    for change, back in (
        # A mart that lacks the load.
        (
            "update intermediate.applied_loads set model = 'elsewhere' "
            "where model = 'fct_corrections' and load_id = %s",
            "update intermediate.applied_loads set model = 'fct_corrections' "
            "where model = 'elsewhere' and load_id = %s",
        ),
        # A line that changed, and marts that have yet to take it up.
        (
            "insert into intermediate.int_transactions__rejected__changes "
            "(_load_id, _line_no, rule_ids, _sign) values (%s, 2, '{ts.future}', -1)",
            "delete from intermediate.int_transactions__rejected__changes "
            "where _load_id = %s and _line_no = 2",
        ),
    ):
        _commit(change, (load_id,))
        try:
            with pytest.raises(UserError, match="do not belong together"):
                write_report(load_id, out)
        finally:
            _commit(back, (load_id,))


def test_a_part_that_fails_is_named_and_what_it_said_is_not_repeated(
    reports: Reports, tmp_path: Path
) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    place = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith("## Gates"))
    notebook.cells.insert(
        place + 1, nbformat.v4.new_code_cell("raise ValueError('Key (note)=(SE8902 Maja)')")
    )
    broken = tmp_path / "broken.ipynb"
    nbformat.write(notebook, broken)
    with pytest.raises(UserError) as failed:
        execute(reports.loads["empty"], broken)
    assert "in its part “Gates”: ValueError" in str(failed.value)
    assert "Maja" not in str(failed.value)


def test_a_report_can_be_written_from_a_thread(reports: Reports, tmp_path: Path) -> None:
    # As the orchestration does it.
    failures: list[BaseException] = []

    def write() -> None:
        try:
            write_report(reports.loads["empty"], tmp_path / "day.html")
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(timeout=120)
    assert failures == []
    assert (tmp_path / "day.html").is_file()


def test_the_committed_notebook_holds_no_outputs_and_can_be_told_its_load() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 15
    for cell in code:
        assert cell.outputs == []
        assert cell.execution_count is None
    tagged = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    assert [cell.source for cell in tagged] == ["load_id = 3"]


def _commit(statement: str, values: tuple[object, ...]) -> None:
    from loaders import database

    with (
        database.connected(database.connect("sluss tests")) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
        assert cursor.rowcount == 1
