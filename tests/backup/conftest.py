"""Servers that let in by password, as those of a hospital do, reachable by TCP."""

import psycopg
import pytest
from servers import mariadb, postgresql_tcp, sshd

PASSWORD = r"wr:ong\ \"虚构#'"


@pytest.fixture(scope="session")
def pg():
    with postgresql_tcp.running(password=PASSWORD) as server:
        yield server


@pytest.fixture
def pg_source(pg):
    """A database with rows of many kinds; the address of it for psycopg."""
    name = pg.create_database()
    with psycopg.connect(pg.url(name), autocommit=True) as session:
        session.execute(
            "CREATE TABLE item (id int PRIMARY KEY, gone int, name text, at timestamptz, part bytea, price numeric,"
            " size float8); ALTER TABLE item DROP COLUMN gone"
        )
        session.execute(
            "INSERT INTO item SELECT n, '名称' || n, now(), decode('00ff', 'hex'), n / 7.0, n / 3.0::float8"
            " FROM generate_series(1, 500) n"
        )
        session.execute('CREATE SCHEMA other; CREATE TABLE other."奇 ""怪" (a int); CREATE TABLE nothing ()')
        session.execute("CREATE VIEW seen AS SELECT * FROM item")
        session.execute("CREATE TABLE child (extra int) INHERITS (item); INSERT INTO child VALUES (900, 'x')")
    yield name
    pg.drop(name)


@pytest.fixture(scope="session")
def maria():
    with mariadb.running("--character-set-server=utf8mb4") as server:
        quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        server.execute(
            f"SET NAMES utf8mb4; CREATE USER backup@'127.0.0.1' IDENTIFIED BY '{quoted}';"
            " GRANT ALL ON *.* TO backup@'127.0.0.1'; CREATE USER backup@localhost IDENTIFIED BY 'other'"
        )
        yield server


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def jump(tmp_path_factory):
    """A bastion that lets nobody in but forwards, and the key to it."""
    folder = tmp_path_factory.mktemp("jump")
    key = sshd.make_key(folder / "key")
    with sshd.running(folder / "server", authorized=key, options={"MaxSessions": "0"}) as server:
        yield server, key
