"""`gristmill doctor`: what it finds in installations that are well and that are not."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gristmill.catalog import Catalog
from gristmill.catalog.database import open_database
from gristmill.doctor import Finding, Installation, Level, examine
from gristmill.doctor.checks import CHECKS
from gristmill.records import Webhook
from gristmill.sandbox.process import ProcessSandbox
from gristmill.sealing import Keyring
from services.ears import PostOffice


def at(home: Path, **fields: Any) -> Installation:
    known: dict[str, Any] = {
        "home": home, "catalog": f"sqlite:///{home}/catalog.db", "store": (home / "store").as_uri(),
        "sandbox": ProcessSandbox(cache=home / "cache"),
    }  # fmt: skip
    return Installation(**known | fields)


def looked(installation: Installation, *names: str) -> dict[str, Finding]:
    checks = [pair for pair in CHECKS if not names or pair[0] in names]
    return {finding.name: finding for finding in examine(installation, checks, patience=30.0)}


def test_an_installation_that_is_well(tmp_path: Path, post_office: PostOffice) -> None:
    tmp_path.chmod(0o700)
    Catalog.open(f"sqlite:///{tmp_path}/catalog.db").close()
    found = looked(at(tmp_path, mail=post_office.url), "home", "catalog", "store", "sandbox", "ports", "mail", "hub")
    assert {name: finding.level for name, finding in found.items() if finding.level is Level.FAULT} == {}
    assert {"catalog", "clock", "workers", "store", "sandbox", "mail", "hub"} <= found.keys()
    assert post_office.letters == []
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_keys_that_are_lost_are_missed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    assert looked(at(tmp_path), "keys")["keys"].what == "Nothing is sealed yet."
    with Catalog.open(url, keyring=Keyring(tmp_path / "keys")) as catalog:
        catalog.webhooks.add(
            Webhook(
                id="webhook-1", created_at=1.0, who="olga", project_id=None, url="https://example.org/", kinds=(),
                secret="hush",
            )
        )  # fmt: skip
    found = looked(at(tmp_path), "keys")["keys"]
    assert (found.level, found.what) == (Level.OK, "Secrets in the catalog: 1. They can be opened.")
    (tmp_path / "keys").rename(tmp_path / "lost")
    found = looked(at(tmp_path, keys="bG9zdCwgYW5kIGFub3RoZXIgb25lIGluIGl0cyBwbGE"), "keys")["keys"]
    assert (found.level, found.what) == (Level.FAULT, "Of 1 sealed in the catalog 1 cannot be opened.")
    (tmp_path / "lost").rename(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o644)
    with_others = [finding.level for finding in examine(at(tmp_path), [pair for pair in CHECKS if pair[0] == "keys"])]
    assert with_others == [Level.FAULT, Level.OK]


def test_what_is_not_there_yet_is_no_fault_and_is_not_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    found = looked(at(home), "home", "catalog")
    assert (found["home"].level, found["catalog"].level) == (Level.OK, Level.OK)
    assert not home.exists()


def test_faults_have_their_cures(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    Catalog.open(f"sqlite:///{tmp_path}/catalog.db").close()
    database = open_database(f"sqlite:///{tmp_path}/catalog.db")
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    tmp_path.chmod(0o755)
    broken = at(
        tmp_path, mail="smtp://olga:hush@127.0.0.1:1?from=mill@example.org", hub="http://127.0.0.1:1/hub/api",
        hub_token="hush",
    )  # fmt: skip
    found = looked(broken, "home", "catalog", "store", "mail", "hub")
    assert found["home"] == Finding(
        name="home", level=Level.WARNING, what=f"Others may look into {tmp_path}.", cure=f"chmod 700 {tmp_path}"
    )
    for name in ("catalog", "store", "mail", "hub"):
        assert found[name].level is Level.FAULT, name
        assert "hush" not in f"{found[name]}"
    assert "newer Gristmill" in found["catalog"].what


def test_a_port_that_is_taken(tmp_path: Path, post_office: PostOffice) -> None:
    found = looked(at(tmp_path, port=post_office.port), "ports")
    assert found["ports"].level is Level.FAULT
    assert str(post_office.port) in found["ports"].what


def test_what_hangs_holds_up_nothing(tmp_path: Path) -> None:
    released = threading.Event()

    def hangs(_: Installation) -> Iterator[Finding]:
        released.wait()
        yield from ()

    def well(_: Installation) -> Iterator[Finding]:
        yield Finding(name="well", level=Level.OK, what="It is.")

    first, second = examine(at(tmp_path), [("hangs", hangs), ("well", well)], patience=0.05)
    released.set()
    assert (first.level, first.what, second.name) == (Level.FAULT, "No answer within 0.05 seconds.", "well")


def test_the_command_says_it_to_machines(home: Path) -> None:
    home.chmod(0o700)
    program = [str(Path(sys.executable).parent / "gristmill"), "doctor", "--json"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == (0 if told["ok"] else 1)
    assert {"home", "catalog", "store", "sandbox"} <= {finding["name"] for finding in told["findings"]}
