"""Damaged files of weights and styles are refused in one line."""

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.files.fuzz import changed, damages
from tests.weights import fuzz


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("name", fuzz.readers())
def test_whole_files(folder, name):
    reader = fuzz.readers()[name]
    assert fuzz.attempt(reader, reader.seeds[0], folder) == "read"
    assert fuzz.attempt(reader, b"", folder) == "refused"


@pytest.mark.parametrize("name", fuzz.readers())
def test_damaged_files(folder, name, request):
    reader = fuzz.readers()[name]

    @seed(request.config.getoption("--fuzz-seed"))
    @settings(
        max_examples=max(1, request.config.getoption("--fuzz-cases") // 10),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.sampled_from(reader.seeds), damages())
    def damage(data, how):
        fuzz.attempt(reader, changed(data, how), folder)

    damage()
