"""Write an .npz file whose bytes depend only on the arrays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write `arrays` to `path`, LZMA-compressed, in the order given, with a fixed time stamp.

    ``np.load(path, allow_pickle=False)`` reads it. Unlike with ``np.savez_compressed``, the bytes
    do not depend on the clock or the platform.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_LZMA
            entry.create_system = 3  # the same byte on every platform
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, member.getvalue())
    path.write_bytes(buffer.getvalue())
