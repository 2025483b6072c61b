"""Settings from the environment, and the worker that one machine needs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gristmill import settings as settings_module
from gristmill.app import Settings
from gristmill.dispatch.local import LocalDispatcher, calls, sole_worker
from gristmill.errors import UsageError


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = Settings.read({"GRISTMILL_HOME": str(tmp_path)})
    assert settings.catalog == f"sqlite:///{tmp_path}/catalog.db"
    assert settings.store == f"file://{tmp_path}/store"
    assert (settings.lease, settings.memory, settings.cpus) == (15.0, None, None)


def test_what_is_set_is_taken_and_what_is_wrong_is_said() -> None:
    given = {
        "GRISTMILL_CATALOG": "postgresql://db/gristmill",
        "GRISTMILL_STORE": "s3://grist",
        "GRISTMILL_LEASE": "3",
        "GRISTMILL_MEMORY": "1.5",
        "GRISTMILL_CPUS": "1",
    }
    settings = Settings.read(given)
    assert (settings.catalog, settings.store) == ("postgresql://db/gristmill", "s3://grist")
    assert (settings.lease, settings.memory, settings.cpus) == (3.0, 1.5, 1)
    for name, text in (("GRISTMILL_CPUS", "two"), ("GRISTMILL_LEASE", "0"), ("GRISTMILL_MEMORY", "nan")):
        with pytest.raises(UsageError, match=name):
            Settings.read({name: text})


def test_admins_see_all_settings_and_no_secret(tmp_path: Path) -> None:
    secrets = {
        "GRISTMILL_HOME": str(tmp_path),
        "GRISTMILL_CATALOG": "postgresql://mill:SECRET@db:5432/gristmill?sslpassword=SECRET",
        "GRISTMILL_STORE": "s3://SECRET:SECRET@grist/part?key=SECRET",
        "GRISTMILL_KEYS": "SECRET",
        "GRISTMILL_MAIL": "smtps://mill:SECRET@mail.example.org:465?from=a@b.org",
    }
    settings = Settings.read(secrets | {"GRISTMILL_MOST_ROWS": "1000", "GRISTMILL_CPUS": ""})
    assert "SECRET" not in repr(settings.told())
    told = {one.name: (one.value, one.is_given) for one in settings.told()}
    assert told["GRISTMILL_CATALOG"] == ("postgresql://db:5432/gristmill", True)
    assert told["GRISTMILL_STORE"] == ("s3://grist/part", True)
    assert told["GRISTMILL_MAIL"] == ("smtps://mail.example.org:465", True)
    assert told["GRISTMILL_MOST_ROWS"] == ("1000", True)
    assert told["GRISTMILL_CPUS"] == ("", False)
    assert told["GRISTMILL_LEASE"] == ("15", False)
    assert Settings.read({"GRISTMILL_HOME": str(tmp_path)}).told()[1].value == f"sqlite:///{tmp_path}/catalog.db"
    listed = settings_module.__doc__ or ""
    assert set(told) == set(re.findall(r"GRISTMILL_[A-Z_]+|JUPYTERHUB_API_URL", listed.partition("one token,")[0]))


def test_a_wrong_setting_is_a_sentence_on_the_command_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_CPUS", "two")
    command = [str(Path(sys.executable).parent / "gristmill"), "runs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "GRISTMILL_CPUS is 'two'." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "catalog.db").exists()


def test_one_worker_at_a_time_and_the_lock_goes_with_it(tmp_path: Path) -> None:
    with sole_worker(tmp_path) as first, sole_worker(tmp_path) as second:
        assert (first, second) == (True, False)
    program = (
        "import sys; from pathlib import Path; from gristmill.dispatch.local import sole_worker\n"
        "with sole_worker(Path(sys.argv[1])) as ours: print(ours, flush=True); sys.stdin.read()"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "True\n"
        with sole_worker(tmp_path) as ours:
            assert not ours
        worker.kill()
        worker.wait()
        with sole_worker(tmp_path) as ours:
            assert ours


def test_an_announced_run_is_heard_once(tmp_path: Path) -> None:
    with sole_worker(tmp_path / "home"):  # so that no other is started
        called = calls(tmp_path / "home")
        assert not called()
        LocalDispatcher(tmp_path / "home").hasten()
        assert [called(), called()] == [True, False]
