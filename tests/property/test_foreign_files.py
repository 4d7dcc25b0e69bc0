"""No file leads elsewhere: every kind of link, disguise, ending and packing, in both readers."""

from __future__ import annotations

import pytest
from foreign_cases import DISGUISES, ENDINGS, READERS, texts, tried, watched, written


@pytest.mark.parametrize("packing", ["", "zip", "gz"])
@pytest.mark.parametrize("reader", READERS)
def test_no_file_leads_elsewhere(tmp_path, reader, packing, monkeypatch):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    cases = [(disguise, ending) for disguise in DISGUISES for ending in (".gml", ".geojson")]
    cases += [("plain", ending) for ending in ENDINGS]
    with watched(folder) as elsewhere:
        for kind, text in texts(elsewhere).items():
            for disguise, ending in cases:
                path = written(tmp_path / f"a{ending}", DISGUISES[disguise](text), packing)
                tried(reader, path)
                assert elsewhere.requests == [], (kind, disguise, ending)
