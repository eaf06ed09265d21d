from __future__ import annotations

import pytest
from tests.integration.secrets.vault import Vault

from controlplane.config import Settings


@pytest.fixture
def vault(settings: Settings) -> Vault:
    """A secret `one`."""
    made = Vault(settings)
    made.write("one")
    return made
