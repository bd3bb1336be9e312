"""Writes eval_statistics.json: intervals, comparisons and calibration of random cases, by SciPy, by scikit-learn, or straight
from the definition.

Run with SciPy 1.17 and scikit-learn 1.9 from this folder: python3 eval_statistics.py
"""

import json

import numpy as np
from scipy import optimize, stats
from scipy.special import expit, logit
from sklearn.calibration import _sigmoid_calibration, calibration_curve
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(20240608)


def placements(y, s):
    """DeLong's components, pair by pair."""
    wins = np.greater.outer(s[y], s[~y]) + 0.5 * np.equal.outer(s[y], s[~y])
    return wins.mean(1), wins.mean(0)


def delong(y, s):
    of_sick, of_healthy = placements(y, s)
    auc = of_sick.mean()
    variance = of_sick.var(ddof=1) / len(of_sick) + of_healthy.var(ddof=1) / len(of_healthy)
    reach = stats.norm.ppf(0.975) * np.sqrt(variance) / (auc * (1 - auc))
    return {"auc": auc, "variance": variance, "interval": list(expit(logit(auc) + np.array([-reach, reach])))}


def paired_delong(y, a, b):
    """By the covariance matrices of both models' components."""
    sick, healthy = zip(placements(y, a), placements(y, b))
    covariance = np.cov(sick) / len(sick[0]) + np.cov(healthy) / len(healthy[0])
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    difference = sick[0].mean() - sick[1].mean()
    reach = stats.norm.ppf(0.975) * np.sqrt(variance)
    return {"difference": difference, "variance": variance, "interval": [difference - reach, difference + reach],
            "p": 2 * stats.norm.sf(abs(difference) / np.sqrt(variance))}


def root(score_of, start):
    """Where the score function of a likelihood is 0."""
    found = optimize.root(score_of, start, tol=1e-14)
    assert np.abs(score_of(found.x)).max() < 1e-9, found
    return [float(value) for value in found.x]


def calibration(y, s):
    x, t = logit(s), y.astype(float)
    line = root(lambda b: [np.sum((t - expit(b[0] * x + b[1])) * x), np.sum(t - expit(b[0] * x + b[1]))], [1, 0])
    theirs = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(x[:, None], y)
    assert np.allclose(line, [theirs.coef_[0, 0], theirs.intercept_[0]], atol=1e-6)
    large = root(lambda b: [np.sum(t - expit(x + b[0]))], [0])
    slope = root(lambda b: [np.sum((t - expit(b[0] * x)) * x)], [1])
    soft = np.where(y, (y.sum() + 1) / (y.sum() + 2), 1 / ((~y).sum() + 2))
    platt = root(lambda b: [np.sum((soft - expit(b[0] * x + b[1])) * x), np.sum(soft - expit(b[0] * x + b[1]))], [1, 0])
    a, b = _sigmoid_calibration(x, y)
    assert np.allclose(platt, [-a, -b], atol=2e-3), (platt, a, b)
    return {"line": line, "in_the_large": large[0], "temperature": 1 / slope[0] if slope[0] > 0 else None,
            "platt": platt if platt[0] > 0 else None}


def benefit(y, s, p):
    called = s >= p
    n = len(y)
    return [p, (called & y).sum() / n - (called & ~y).sum() / n * p / (1 - p), y.mean() - (1 - y.mean()) * p / (1 - p)]


def case(index):
    n = 10 * int(rng.integers(2, 7))
    y = rng.permutation(np.arange(n) < int(rng.integers(4, n - 3)))
    centre, stretch = rng.uniform(-1, 1), rng.uniform(0.5, 3)
    both = rng.normal(size=n)
    a, b = (expit(centre + stretch * (rng.normal(size=n) + both + rng.uniform(0.2, 1) * (2 * y - 1))) for _ in "ab")
    # Half of the cases with ties, for what does not need bins of equal count.
    tied = index % 2 == 1
    a, b = (np.round(s, 1 if tied else 6).clip(0.001, 0.999) for s in (a, b))
    out = {"labels": y.astype(int).tolist(), "first": a.tolist(), "second": b.tolist(),
           "delong": delong(y, a), "paired": paired_delong(y, a, b), "calibration": calibration(y, a),
           "benefit": [benefit(y, a, p) for p in (0.05, 0.2, 0.5, 0.9)]}
    if not tied and len(set(a)) == n:
        observed, mean = calibration_curve(y, a, n_bins=10, strategy="quantile")
        out["reliability"] = [list(pair) for pair in zip(mean, observed)]
        out["calibration_error"] = float(np.mean(np.abs(observed - mean)))
    return out


toy_y = np.array([0, 0, 1, 1, 0, 1, 0, 1, 1, 0], bool)
toy_s = np.array([.1, .4, .35, .8, .4, .4, .2, .9, .7, .7])
shares = [(int(part), int(whole)) for whole in (1, 2, 5, 16, 100, 12345) for part in sorted({0, 1, whole // 3, whole})]
wilson = [[part, whole, *stats.binomtest(part, whole).proportion_ci(method="wilson")] for part, whole in shares]
with open("eval_statistics.json", "w") as out:
    out.write('{"toy": ' + json.dumps(delong(toy_y, toy_s)) + ',\n"wilson": ' + json.dumps(wilson) + ',\n"cases": [\n')
    texts = (json.dumps(case(index), allow_nan=False, separators=(",", ":"), default=float) for index in range(40))
    out.write(",\n".join(texts))
    out.write("\n]}\n")
