"""Writes metrics.json: random answers and what scikit-learn, scipy and seqeval
say of them. Needed only to renew the file, never to run the tests.

    pip install numpy==2.4.6 scikit-learn==1.9.1 scipy==1.17.1 seqeval==1.2.2
    python make_metrics.py > metrics.json
"""

import json
import sys
import warnings

import numpy as np
from scipy import stats
from seqeval.metrics import classification_report as entity_report
from seqeval.metrics.sequence_labeling import get_entities
from sklearn import metrics

warnings.filterwarnings("ignore")
rng = np.random.default_rng(12345)


def classes():
    for labels, rows, right in [(2, 50, 0.8), (3, 200, 0.6), (8, 300, 0.5), (5, 4, 0.5), (3, 20, 0.0), (2, 10, 1.0), (4, 1, 1.0)]:
        want = rng.integers(0, labels, rows)
        got = np.where(rng.random(rows) < right, want, rng.integers(0, labels, rows))
        yield case(labels, want, got)
    yield case(3, np.zeros(5, int), np.zeros(5, int))  # Matthews is undefined
    yield case(3, np.array([0, 1, 1, 0]), np.full(4, 2))


def case(labels, want, got):
    precision, recall, f1, support = metrics.precision_recall_fscore_support(want, got, labels=range(labels), zero_division=0)
    return {
        "labels": labels,
        "want": want.tolist(),
        "got": got.tolist(),
        "confusion": metrics.confusion_matrix(want, got, labels=range(labels)).tolist(),
        "accuracy": metrics.accuracy_score(want, got),
        "macro_f1": metrics.f1_score(want, got, average="macro", zero_division=0),
        "matthews": metrics.matthews_corrcoef(want, got),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.astype(int).tolist(),
    }


def multi_label():
    for labels, rows in [(3, 40), (6, 25)]:
        want = rng.random((rows, labels)) < 0.3
        got = want ^ (rng.random((rows, labels)) < 0.2)
        want[:, 0] = got[:, 0] = False
        yield {
            "want": want.tolist(),
            "got": got.tolist(),
            "accuracy": metrics.accuracy_score(want, got),
            "micro_f1": metrics.f1_score(want, got, average="micro", zero_division=0),
            "macro_f1": metrics.f1_score(want, got, average="macro", zero_division=0),
        }


def series():
    for rows, digits in [(30, 6), (100, 0), (7, 1)]:  # few digits: ties
        want = np.round(rng.normal(0, 2, rows), digits)
        got = np.round(want + rng.normal(0, 1.5, rows), digits)
        yield {
            "want": want.tolist(),
            "got": got.tolist(),
            "pearson": stats.pearsonr(want, got).statistic,
            "spearman": stats.spearmanr(want, got).statistic,
            "mean_squared_error": metrics.mean_squared_error(want, got),
        }


def tags(length, prefixes, types):
    out = []
    for _ in range(length):
        prefix = prefixes[rng.integers(len(prefixes))]
        out.append("O" if prefix == "O" else f"{prefix}-{types[rng.integers(len(types))]}")
    return out


def entities():
    for prefixes, types in [("OOBI", ["PER", "LOC"]), ("OBIES", ["PER", "ORG", "LOC-X"]), ("OOOBII", ["A", "B", "C"]), ("O", ["A"])]:
        want = [tags(rng.integers(1, 25), prefixes, types) for _ in range(25)]
        got = [[t if rng.random() < 0.8 else tags(1, prefixes, types)[0] for t in s] for s in want]
        report = entity_report(want, got, output_dict=True, zero_division=0) if len(prefixes) > 1 else None
        yield {
            "want": want,
            "got": got,
            "entities": [get_entities(s) for s in want],
            "report": report and {
                name: {"precision": r["precision"], "recall": r["recall"], "f1": r["f1-score"], "support": int(r["support"])}
                for name, r in report.items()
            },
        }


json.dump(
    {"classes": list(classes()), "multi_label": list(multi_label()), "series": list(series()), "entities": list(entities())},
    sys.stdout,
    indent=None,
    separators=(",", ":"),
)
print()
