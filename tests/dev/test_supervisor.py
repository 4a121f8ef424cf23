"""`make run`: everything starts, everything stops, and what is wrong is said in one line.

The supervisor, PostgreSQL and Redis are real; the programs that it starts are stand-ins.
"""

import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers
from tests.support.supervised import Session, gone


def external(servers: Servers) -> dict[str, str]:
    return {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}


@pytest.fixture
def session(tmp_path: Path, servers: Servers) -> Iterator[Session]:
    """On the servers of the test run, so that it starts at once."""
    session = Session(tmp_path, external(servers))
    yield session
    session.end()


@pytest.fixture
def whole_session(open_folder: Path) -> Iterator[Session]:
    """With PostgreSQL and Redis of its own."""
    session = Session(open_folder, {})
    yield session
    session.end()


def test_everything_starts_and_ctrl_c_leaves_nothing(whole_session: Session) -> None:
    processes = whole_session.started()
    names = {process.name() for process in processes}
    assert {"postgres", "redis-server"} <= names
    assert sum("app" in process.cmdline() for process in processes) == 5
    assert f"http://localhost:{whole_session.env['PORT']}/graphql" in whole_session.text
    assert "migrate | hello from migrate" in whole_session.text
    assert whole_session.send(signal.SIGINT) == 0
    assert gone(processes)
    assert "Traceback" not in whole_session.text


def test_the_next_start_survives_kill_nine_and_keeps_secrets_and_data(
    whole_session: Session,
) -> None:
    processes = whole_session.started()
    var = whole_session.folder / "var"
    secrets = (var / "secrets.json").read_bytes()
    system = (var / "postgresql" / "global" / "pg_control").read_bytes()[:8]
    whole_session.send(signal.SIGKILL)
    assert sys.platform != "linux" or gone(processes)
    again = whole_session.started()
    assert (var / "secrets.json").read_bytes() == secrets
    assert (var / "secrets.json").stat().st_mode & 0o077 == 0
    assert (var / "postgresql" / "global" / "pg_control").read_bytes()[:8] == system
    assert (var / "log" / "postgresql.log.old").exists()
    whole_session.send(signal.SIGTERM)
    assert gone(again)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_every_way_of_ending_stops_all(session: Session, number: signal.Signals) -> None:
    processes = session.started()
    assert session.send(number) == 0
    assert gone(processes)


def test_a_second_start_in_the_same_folder_names_the_first(
    session: Session, servers: Servers
) -> None:
    session.started()
    second = Session(session.folder, external(servers))
    second.output = session.folder / "second.txt"
    said = second.failed()
    assert said.startswith("Already running in this checkout: http://localhost:")
    assert said.count("\n") == 1


def test_a_port_in_use_is_named_with_its_variable(session: Session) -> None:
    with socket.create_server(("127.0.0.1", int(session.env["PORT"]))):
        said = session.failed()
    assert said.startswith(f"Port {session.env['PORT']} can't be used (Address already in use)")
    assert "PORT=" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "http", "PORT=http: a port is a number"),
        ("DATABASE_URL", "postgresql://u:secret@127.0.0.1:9/x", "DATABASE_URL: no PostgreSQL"),
        ("DATABASE_URL", "mysql://127.0.0.1/x", "DATABASE_URL: no PostgreSQL"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:9/0", "REDIS_URL: no Redis"),
        ("REDIS_URL", "nonsense", "REDIS_URL: no Redis"),
        ("STRIPE_SECRET_KEY", "sk_test_mine", "STRIPE_WEBHOOK_SECRETS is not set"),
    ],
)
def test_a_wrong_setting_is_one_line(
    session: Session, variable: str, value: str, expected: str
) -> None:
    session.env[variable] = value
    said = session.failed()
    assert said.startswith(expected)
    assert said.count("\n") == 1
    assert "secret" not in said


def test_a_folder_that_cannot_be_written_is_one_line(session: Session) -> None:
    (session.folder / "var").write_text("a file where the folder should be")
    said = session.failed()
    assert said.startswith(f"Can't write to {session.folder / 'var'}")
    assert said.count("\n") == 1


def test_a_failing_migration_stops_the_start(session: Session) -> None:
    session.env["FAILS"] = "migrate"
    said = session.failed()
    assert "migrate | no such luck" in said
    assert "`app migrate` failed" in said


def test_a_child_that_cannot_start_stops_everything(session: Session) -> None:
    session.env["FAILS"] = "worker"
    said = session.failed()
    assert "worker has died (status 1)" in said
    assert "    no such luck" in said


def test_a_dead_service_stops_everything(session: Session) -> None:
    processes = session.started()
    api = next(process for process in processes if process.cmdline()[-1] == "serve")
    api.kill()
    assert session.process is not None
    assert session.process.wait(30) == 1
    assert "api has died (status -9), so everything stops" in session.text
    assert gone(processes)


def test_real_services_replace_the_stand_ins(session: Session) -> None:
    session.env |= {
        "SMTP_URL": "smtp://mail.example:25",
        "STRIPE_SECRET_KEY": "sk_test_mine",
        "STRIPE_WEBHOOK_SECRETS": "whsec_mine",
        "PAYSTACK_SECRET_KEY": "sk_test_mine",
    }
    processes = session.started()
    commands = {process.cmdline()[-1] for process in processes}
    assert commands == {"serve", "worker"}
    assert session.send(signal.SIGINT) == 0
