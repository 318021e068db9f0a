"""The shipped contract, loaded once."""

import pytest

from eduops.contract.loader import load_contract
from eduops.contract.schema import Contract
from eduops.core.shipped import find_shipped


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(find_shipped("configs", "contracts", "remote-education-2024-2026.yaml"))
