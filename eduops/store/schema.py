"""Which schema a database has, asked without loading the migration library: every command pays for this."""

from sqlalchemy import Engine, inspect, text

from eduops.core.errors import ConfigError

HEAD = "20261125_backup"
"""The newest migration; a test keeps it equal to the head of `migrations/versions`."""

KNOWN = ("20261123_house", "20261124_people", "20261124_course", "20261124_patrol", HEAD)
"""All migrations of this version, oldest first."""


def find_revision(engine: Engine) -> str | None:
    """The migration that the database stands at; None where it was never initialised."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require_current(engine: Engine) -> None:
    """Raises ConfigError where the database is empty, older or newer than this version of eduops."""
    revision = find_revision(engine)
    if revision == HEAD:
        return
    if revision is None:
        raise ConfigError("数据库还没有初始化", hint="先运行 eduops init")
    if revision in KNOWN:
        raise ConfigError(
            f"数据库停在旧版本 {revision}，本程序需要 {HEAD}",
            hint="运行 eduops db migrate 升级，它会先备份",
        )
    raise ConfigError(
        f"数据库的版本 {revision} 比本程序（{HEAD}）新，为免损坏不予打开",
        hint="安装新版 eduops，或用 EDUOPS_HOME / --home 指向与本程序相配的目录",
    )
