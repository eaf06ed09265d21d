"""What errors tell callers beside their text."""

import pytest

from controlplane.errors import ProviderUnavailable


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (1, "1"), (1.2, "2"), (0.0, "1")])
def test_who_comes_back_when_told_to_comes_late_enough(seconds: float, header: str) -> None:
    error = ProviderUnavailable(503, "m", code="c", retry_after_seconds=seconds)
    assert error.headers == {"Retry-After": header}
