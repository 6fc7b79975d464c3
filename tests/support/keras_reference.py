"""Runs a network in TensorFlow, for comparison with its conversion.

python -m tests.support.keras_reference NETWORK WEIGHTS INPUTS OUTPUTS   (NumPy archives)
"""

import sys

import numpy as np

from tests.support.random_weights import build_network


def main() -> None:
    """Writes the outputs of each input, under the key "INPUT INDEX"."""
    name, weights, inputs, outputs = sys.argv[1:]
    network = build_network(name)
    network.load_weights(weights)
    found = {}
    for key, images in np.load(inputs).items():
        results = network(images, training=False)
        for index, result in enumerate(results if isinstance(results, list) else [results]):
            found[f"{key} {index}"] = result.numpy()
    np.savez(outputs, **found)


if __name__ == "__main__":
    main()
