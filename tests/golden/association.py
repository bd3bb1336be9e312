"""Writes association.json: exact permutation tests by going through every way to deal out the classes, and SciPy's
adjusted p-values. Prints the exact binomial intervals that the tests of src/eval/interval.rs quote.

Run with SciPy 1.16 or later from this folder: python3 association.py
"""

import itertools
import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20240607)


def closeness(shares, drawn, ordinal):
    """Sum of chi-squared over values, and on an ordinal scale over its lower parts, from people one by one."""
    people, some = len(shares), shares[list(drawn)].sum(axis=0)
    columns = [(shares.sum(axis=0), some)]
    if ordinal:
        columns.append((np.cumsum(shares.sum(axis=0)), np.cumsum(some)))
    total = 0.0
    for all_with, drawn_with in columns:
        for a, d in zip(all_with, drawn_with):
            # The four cells of "with and without the value" by "drawn and not", weights instead of counts.
            m = len(drawn)
            cells = [d, m - d, a - d, people - m - (a - d)]
            expected = [m * a / people, m * (people - a) / people, (people - m) * a / people,
                        (people - m) * (people - a) / people]
            if min(expected) > 1e-6:
                total += sum((c - e) ** 2 / e for c, e in zip(cells, expected))
    return total


def exact(profiles, ordinal):
    """The share of all dealings in which the positives go together with the values at least as closely as now."""
    values = 1 + max(value for profile in profiles for value, _ in profile["shares"])
    shares, positive = [], []
    for profile in profiles:
        row = np.zeros(values)
        for value, share in profile["shares"]:
            row[value] = share
        for sick, count in enumerate(profile["people"]):
            shares += [row] * count
            positive += [sick] * count
    shares, positive = np.array(shares), np.flatnonzero(positive)
    now = closeness(shares, positive, ordinal)
    ways = itertools.combinations(range(len(shares)), len(positive))
    return float(np.mean([closeness(shares, way, ordinal) >= now - 1e-9 for way in ways]))


def single(*people):
    return [{"shares": [[value, 1.0]], "people": list(counts)} for value, counts in enumerate(people)]


tables = [
    single([6, 1], [2, 7]),
    single([4, 4], [4, 4]),
    single([5, 0], [3, 2], [2, 3], [0, 3]),
    single([0, 4], [8, 1], [0, 3]),
    single([3, 2], [2, 3], [3, 3]),
    # Some people have recordings with several values.
    single([4, 1], [1, 4]) + [{"shares": [[0, 0.5], [1, 0.5]], "people": [2, 1]},
                              {"shares": [[1, 0.25], [2, 0.75]], "people": [0, 3]}],
]
cases = [
    {"scale": "ordinal" if ordinal else "nominal", "profiles": profiles, "p": exact(profiles, ordinal)}
    for profiles in tables
    for ordinal in (False, True)
]
# Two values leave one test: that of Fisher, as all margins are fixed.
assert abs(cases[0]["p"] - stats.fisher_exact([[6, 1], [2, 7]]).pvalue) < 1e-9

adjusted = []
for count in (1, 2, 5, 12):
    p = np.round(rng.uniform(0, 1, count) ** 3, 4)
    adjusted.append({"p": p.tolist(), "adjusted": stats.false_discovery_control(p).tolist()})
adjusted.append({"p": [0.01] * 3, "adjusted": stats.false_discovery_control([0.01] * 3).tolist()})

for n in (1, 8, 40):
    print(n, stats.binomtest(n, n).proportion_ci(method="exact"))

with open("association.json", "w") as out:
    out.write('{"tests": [\n' + ",\n".join(json.dumps(case) for case in cases))
    out.write('\n],\n"adjusted": [\n' + ",\n".join(json.dumps(case) for case in adjusted) + "\n]}\n")
