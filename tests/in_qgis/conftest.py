import os

import pytest

from in_qgis.looking import python_of_qgis


@pytest.fixture(scope="session")
def qgis() -> str:
    python = python_of_qgis()
    if python is None:
        reason = "needs QGIS for the system's Python (Debian: python3-qgis)"
        pytest.fail(reason) if os.environ.get("LINEPLAN_NEED_QGIS") else pytest.skip(reason)
    return python
