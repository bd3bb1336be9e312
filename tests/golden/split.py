"""Golden splits, from a ChaCha8 written independently after RFC 8439 (with 8 rounds and a 64-bit counter).

Run: python3 split.py > split.json
"""

import json
import struct

MASK = 0xFFFFFFFF


def chacha8_block(key: bytes, counter: int) -> bytes:
    state = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574]
    state += list(struct.unpack("<8I", key)) + [counter & MASK, counter >> 32, 0, 0]
    w = list(state)

    def rotate(x, n):
        return ((x << n) | (x >> (32 - n))) & MASK

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            w[x] = (w[x] + w[y]) & MASK
            w[z] = rotate(w[z] ^ w[x], n)

    for _ in range(4):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((x + y) & MASK for x, y in zip(w, state)))


def keys(seed: int, count: int) -> list[int]:
    key = struct.pack("<Q", seed) + bytes(24)
    stream = b"".join(chacha8_block(key, i) for i in range(count // 8 + 1))
    return list(struct.unpack_from(f"<{count}Q", stream))


def split(healthy: int, sick: int, validation: float, test: float, seed: int) -> list[str]:
    """Parts of `healthy` healthy people followed by `sick` sick ones, sorted by id."""
    order = [i for _, i in sorted(zip(keys(seed, healthy + sick), range(healthy + sick)))]
    parts = ["train"] * (healthy + sick)
    for members in ([i for i in order if i < healthy], [i for i in order if i >= healthy]):
        # No case below has a share that falls on one half, where Python rounds to even.
        n_test, n_validation = round(test * len(members)), round(validation * len(members))
        for rank, i in enumerate(members[: n_test + n_validation]):
            parts[i] = "test" if rank < n_test else "validation"
    return parts


CASES = [
    {"healthy": 9, "sick": 7, "validation": 0.15, "test": 0.2, "seed": 123},
    {"healthy": 6, "sick": 8, "validation": 0.3, "test": 0.2, "seed": 0},
    {"healthy": 31, "sick": 12, "validation": 0.0, "test": 0.33, "seed": 2**64 - 1},
]
for case in CASES:
    case["parts"] = split(**case)
print(json.dumps(CASES, indent=1))
