"""The shipped contracts, loaded once."""

import pytest

from eduops.contract.loader import OVERLAY_NAME, load_contract
from eduops.contract.schema import Contract
from eduops.core.shipped import find_shipped


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    files = sorted(find_shipped("configs", "contracts").glob("*.yaml"))
    return {path.stem: load_contract(path) for path in files if path.name != OVERLAY_NAME}


@pytest.fixture(scope="session")
def contract(contracts: dict[str, Contract]) -> Contract:
    return contracts["remote-education-2024-2026"]


@pytest.fixture(scope="session")
def region(contracts: dict[str, Contract]) -> Contract:
    """The invented second contract: other zone, window, limits, years, clause names, and fewer duties."""
    return contracts["example-region-2026"]
