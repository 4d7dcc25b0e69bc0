"""The web map in a real browser, where there is one: headless Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from map_cases import evil_map

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_chromium_draws_the_map(tmp_path: Path) -> None:
    """The page runs without error, text stays text, and there is a picture."""
    import matplotlib.image

    path = evil_map(tmp_path / "map.html")
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=4000",
        "--window-size=1000,700", "--run-all-compositor-stages-before-draw",
    ]  # fmt: skip
    shot = tmp_path / "shot.png"
    environment = {**os.environ, "HOME": str(tmp_path)}
    options: dict[str, Any] = {"capture_output": True, "timeout": 90, "env": environment}
    colours = 0
    for _ in range(3):  # on a busy machine the picture can be taken before anything is painted
        run = subprocess.run([*command, f"--screenshot={shot}", path.as_uri()], **options)
        if not shot.exists():
            pytest.skip(f"chromium cannot run here: {run.stderr.decode(errors='replace')[-200:]}")
        assert b"Uncaught" not in run.stderr
        picture = matplotlib.image.imread(shot)[60:500, 60:600, :3]
        colours = len(np.unique((picture * 255).astype(int).reshape(-1, 3), axis=0))
        if colours > 20:
            break
    assert colours > 20
    run = subprocess.run([*command, "--dump-dom", path.as_uri()], **options)
    dom = run.stdout.decode("utf-8", errors="replace")
    assert 'id="layer-events"' in dom
    assert "Events (5)" in dom
    assert "Regions (2)" in dom
    assert "<img" not in dom.split("<body>")[1]
    assert dom.split("<title>")[1].startswith("&lt;/script&gt;")
