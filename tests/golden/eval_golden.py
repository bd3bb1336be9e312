"""Writes eval_golden.json: random cases and what scikit-learn says of them.

Run with scikit-learn 1.9 from this folder: python3 eval_golden.py
A value that our code calls undefined is null here, where scikit-learn warns and gives NaN or 0.

Ten thousand cases, with large and extremely unbalanced ones among them, are too many to keep. Write them to a file, one in
each line, and compare, which takes some minutes:

    python3 eval_golden.py --all /tmp/cases.jsonl
    COUGHSCOPE_EVAL_CASES=/tmp/cases.jsonl cargo test --release --test eval ten_thousand -- --ignored --nocapture
"""

import json
import multiprocessing
import sys
import warnings

import numpy as np
from sklearn import metrics

CASES = 210
rng = np.random.default_rng(20240607)
warnings.simplefilter("ignore")


def draw(index):
    """Labels and scores of one case; kinds take turns so that each edge is met thirty times."""
    kind = ["ties", "fine", "one class", "tiny", "rare", "extreme", "two values"][index % 7]
    if index >= CASES and index % 50 == 0:
        kind = "large" if index % 100 else "unbalanced"
    n = int(rng.integers(1, 5)) if kind == "tiny" else int(rng.integers(5, 40))
    if kind in ("large", "unbalanced"):
        n = int(rng.integers(2000, 6000))
    share = {"rare": 0.05, "unbalanced": 0.0005}.get(kind) or rng.uniform(0.2, 0.8)
    y = rng.random(n) < share
    if kind == "one class":
        y[:] = bool(index % 2)
    s = 1 / (1 + np.exp(-(rng.normal(size=n) + 1.5 * y - 0.75)))
    if kind == "ties":
        s = np.round(s, 1)
    elif kind in ("rare", "tiny"):
        s = np.round(s, 3)
    elif kind == "two values":
        s = np.where(s > 0.5, 1.0, 0.0)
    elif kind == "fine":
        s = np.float32(s).astype(float)
    elif kind == "extreme":
        s = np.sign(s - 0.5) * 10.0 ** np.round(rng.uniform(-300, 300, n), 0)
    return kind, y, s


def reference(y, s):
    """Curves and areas."""
    both, some = y.any() and not y.all(), y.any()
    out = {"auc": None, "roc": None, "average_precision": None, "pr": None, "brier": None}
    if both:
        fpr, tpr, thresholds = metrics.roc_curve(y, s, drop_intermediate=False)
        out["auc"] = metrics.roc_auc_score(y, s)
        # The first threshold is infinity, which JSON cannot hold.
        out["roc"] = [[float(value) for value in row] for row in zip(thresholds[1:], fpr[1:], tpr[1:])]
    if some:
        precision, recall, _ = metrics.precision_recall_curve(y, s)
        out["average_precision"] = metrics.average_precision_score(y, s)
        out["pr"] = [[float(value) for value in row] for row in zip(precision, recall)]
    if s.min() >= 0 and s.max() <= 1:
        out["brier"] = float(np.mean((s - y) ** 2))
        if both:
            assert abs(out["brier"] - metrics.brier_score_loss(y, s)) < 1e-15
    return out


def at_threshold(y, s, threshold, with_report):
    """Everything that the confusion matrix at one threshold gives."""
    p = s >= threshold
    tn, fp, fn, tp = metrics.confusion_matrix(y, p, labels=[False, True]).ravel().tolist()

    def ratio(value, denominator):
        return float(value) if denominator else None

    # Where a class has no hit at all, scikit-learn prints its support as 1.0 instead of 1: left out.
    comparable = with_report and tp > 0 and tn > 0
    return {
        "threshold": float(threshold),
        "matrix": [tp, fp, tn, fn],
        "accuracy": float(metrics.accuracy_score(y, p)),
        "sensitivity": ratio(metrics.recall_score(y, p), tp + fn),
        "specificity": ratio(metrics.recall_score(y, p, pos_label=False), tn + fp),
        "ppv": ratio(metrics.precision_score(y, p), tp + fp),
        "npv": ratio(metrics.precision_score(y, p, pos_label=False), tn + fn),
        "f1": ratio(metrics.f1_score(y, p), tp + fp + fn),
        # Exported as 0 where undefined, which is scikit-learn's convention too.
        "mcc": float(metrics.matthews_corrcoef(y, p)),
        "balanced_accuracy": ratio(metrics.balanced_accuracy_score(y, p), (tp + fn) * (tn + fp)),
        "prevalence": float(np.mean(y)),
        "report": metrics.classification_report(
            y, p, labels=[False, True], target_names=["healthy", "sick"]) if comparable else None,
    }


def case(index):
    """One case, with everything that is compared: the kept ones at two thresholds and with reports, which take longest."""
    kind, y, s = draw(index)
    thresholds = [float(rng.choice(s)), 0.5 if abs(s).max() <= 1 else 0.0]
    kept = index < CASES
    return {
        "kind": kind,
        "labels": y.astype(int).tolist(),
        "scores": s.tolist(),
        **reference(y, s),
        "at": [at_threshold(y, s, threshold, kept) for threshold in thresholds[:2 if kept else 1]],
    }


def line(index):
    """One of the many cases, whichever process draws it."""
    global rng
    rng = np.random.default_rng([20240607, index])
    return text(case(index)) + "\n"


def text(case):
    return json.dumps(case, allow_nan=False, separators=(",", ":"))


if len(sys.argv) == 3 and sys.argv[1] == "--all":
    with open(sys.argv[2], "w") as out, multiprocessing.Pool(3) as pool:
        out.writelines(pool.imap(line, range(CASES, CASES + 10_000), chunksize=50))
    sys.exit()

# The paper's counts, as scikit-learn prints them.
truth = np.repeat([True, False, False, True], [650, 468, 260, 78])
called = np.repeat([True, False, True, False], [650, 468, 260, 78])
paper = {
    "mcc": metrics.matthews_corrcoef(truth, called),
    "report": metrics.classification_report(truth, called, target_names=["healthy", "sick"]),
}
with open("eval_golden.json", "w") as out:
    out.write('{"paper": ' + json.dumps(paper) + ',\n"cases": [\n')
    out.write(",\n".join(text(case(index)) for index in range(CASES)))
    out.write("\n]}\n")
