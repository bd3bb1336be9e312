"""Writes segment.json: signals and their coughs, by a plain implementation of the published description.

Run from this folder: python3 segment.py
Orlandic et al. 2021: peak-normalise; a cough begins where x^2 > 2 RMS, and ends when x^2 < 0.1 RMS for more than 10 ms;
0.2 s of padding on both sides; more than 0.2 s without it. A cough at the file's end is closed there. The signals are noise from
a linear congruential generator in stretches of (samples, amplitude of 32768); the test makes them again.
"""

import json
import math


def signal(stretches):
    state, samples = 1, []
    for length, amplitude in stretches:
        for _ in range(length):
            state = (state * 1103515245 + 12345) % 2**31
            samples.append((((state >> 15) - 2**15) * amplitude >> 15) / 32768)
    return samples


def segment(samples, rate):
    peak = max(map(abs, samples))
    if peak == 0:
        return []
    x = [s / peak for s in samples]
    rms = math.sqrt(sum(s * s for s in x) / len(x))
    padding, shortest, tolerance = round(0.2 * rate), round(0.2 * rate), round(0.01 * rate)
    coughs, onset, below = [], None, 0
    for i, s in enumerate(x):
        if onset is None:
            if s * s > 2 * rms:
                onset, below = i, 0
        else:
            below = below + 1 if s * s < 0.1 * rms else 0
        if onset is not None and (below > tolerance or i == len(x) - 1):
            if i + 1 - onset > shortest:
                coughs.append((max(onset - padding, 0), min(i + 1 + padding, len(x))))
            onset = None
    return coughs


def snr_db(samples, coughs):
    mask = [False] * len(samples)
    for start, end in coughs:
        mask[start:end] = [True] * (end - start)
    inside = [s * s for s, m in zip(samples, mask) if m]
    outside = [s * s for s, m in zip(samples, mask) if not m]
    if not inside or not outside or sum(outside) == 0:
        return None
    return 10 * math.log10((sum(inside) / len(inside)) / (sum(outside) / len(outside)))


LOUD, SOFT, ROOM = 32000, 20000, 100
CASES = {
    "two coughs": (8000, [(4000, ROOM), (3000, LOUD), (9000, ROOM), (2500, SOFT), (6000, ROOM)]),
    "quiet": (8000, [(4000, 2), (3000, 600), (9000, 2), (2500, 400), (6000, 2)]),
    "padding overlaps": (8000, [(4000, ROOM), (3000, LOUD), (1200, ROOM), (2500, LOUD), (6000, ROOM)]),
    "gap within tolerance": (8000, [(6000, ROOM), (1500, LOUD), (70, 0), (1500, LOUD), (6000, ROOM)]),
    "gap beyond tolerance": (8000, [(6000, ROOM), (1000, LOUD), (120, 0), (2500, LOUD), (6000, ROOM)]),
    "click": (8000, [(6000, ROOM), (300, LOUD), (6000, ROOM)]),
    "cut at both ends": (8000, [(2500, LOUD), (9000, ROOM), (2500, LOUD)]),
    "silence outside": (8000, [(4000, 0), (3000, LOUD), (9000, 0)]),
    "padding covers all": (8000, [(100, ROOM), (3000, LOUD), (900, ROOM)]),
    "steady": (8000, [(9000, LOUD)]),
    "digital silence": (8000, [(9000, 0)]),
    "decay": (16000, [(9000, 60)] + [(500, int(32000 * 0.8**k)) for k in range(24)] + [(20000, 60)]),
    "slowest rate": (1000, [(800, ROOM), (400, LOUD), (9, 0), (200, SOFT), (1500, ROOM)]),
}

golden = []
for name, (rate, stretches) in CASES.items():
    samples = signal(stretches)
    coughs = segment(samples, rate)
    case = {"name": name, "rate": rate, "stretches": stretches, "coughs": coughs, "snr_db": snr_db(samples, coughs)}
    golden.append(json.dumps(case))
with open("segment.json", "w") as out:
    out.write("[\n" + ",\n".join(golden) + "\n]\n")
