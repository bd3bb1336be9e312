"""Writes npy/*.npy: small arrays as NumPy stores them.

Run from this folder: python3 npy_golden.py
Every array holds 0, 1, 1, 0, 1, 0 as [6] or [3, 2], except those named otherwise.
"""

import pathlib

import numpy as np

folder = pathlib.Path("npy")
folder.mkdir(exist_ok=True)
flat = np.array([0, 1, 1, 0, 1, 0])
for name, dtype in {"f32": "<f4", "f64": "<f8", "i32": "<i4", "i64": "<i8", "u8": "|u1", "bool": "|b1"}.items():
    np.save(folder / f"{name}.npy", flat.astype(dtype))
np.save(folder / "rows.npy", flat.reshape(3, 2).astype("<f4"))
np.save(folder / "fortran.npy", np.asfortranarray(flat.reshape(3, 2).astype("<f8")))
np.save(folder / "softmax.npy", np.array([[0.75, 0.25], [0.125, 0.875], [0.5, 0.5]], "<f4"))
for version in [(2, 0), (3, 0)]:
    with open(folder / f"version_{version[0]}.npy", "wb") as out:
        np.lib.format.write_array(out, flat.astype("<f8"), version=version)

# Refused
np.save(folder / "object.npy", np.array([{"loss": [1, 2]}], dtype=object), allow_pickle=True)
np.save(folder / "big_endian.npy", flat.astype(">f8"))
np.save(folder / "cube.npy", np.zeros((2, 2, 2)))
np.save(folder / "structured.npy", np.zeros(2, dtype=[("label", "<i4"), ("score", "<f8")]))
