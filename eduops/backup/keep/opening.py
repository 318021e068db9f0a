"""From what backup.yaml says of a store to the store: pure."""

from pathlib import Path

from eduops.backup import configuration
from eduops.backup.keep.kept import DirectoryStore, ResticStore, Store

SCRATCH = "backups"


def find_store(config: configuration.BackupConfig, name: str, home: Path) -> Store:
    """The store of that name. Raises NotFound with the names there are."""
    found = configuration.get_store(config, name)
    if found.repository is not None and found.password_file is not None:
        password_file = configuration.in_home(found.password_file, home)
        is_path = ":" not in found.repository
        repository = str(configuration.in_home(Path(found.repository), home)) if is_path else found.repository
        return ResticStore(name, repository, password_file, home / SCRATCH)
    recipients = found.recipients if found.encryption == "age" else ()
    identity = configuration.in_home(found.identity_file, home) if found.identity_file else None
    folder = configuration.in_home(found.path or Path(SCRATCH), home)
    return DirectoryStore(name, folder, recipients, identity, may_be_made=folder.is_relative_to(home))
