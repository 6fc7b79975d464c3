"""Names of the objects of a run: they follow from its input, so a retry overwrites."""

import hashlib
import json


def name_run(bucket: str, prefix: str, manifest: str | None, batch_size: int) -> str:
    """Returns the name of a run over a source: the same for the same source and division."""
    source = json.dumps([bucket, manifest or prefix, manifest is not None, batch_size])
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def batches_key(results_prefix: str, run: str, first_index: int) -> str:
    """Returns the key of the list of a round's batches."""
    return f"{results_prefix}{run}/batches/{first_index:08d}.json"


def result_key(results_prefix: str, run: str, index: int) -> str:
    """Returns the key of a batch's result."""
    return f"{results_prefix}{run}/results/{index:08d}.jsonl"


def summary_key(results_prefix: str, run: str) -> str:
    """Returns the key of a finished run's summary."""
    return f"{results_prefix}{run}/summary.json"
