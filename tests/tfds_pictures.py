"""A script that prepares a folder of PNGs as a dataset of TensorFlow Datasets, in ArrayRecord."""

PREPARE = """
import io, sys
import numpy as np
import tensorflow_datasets as tfds

class Pictures(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = tfds.features.FeaturesDict(
            {"label": tfds.features.Scalar(np.int64), "picture": tfds.features.Image()}
        )
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, _):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        from pathlib import Path
        for i, path in enumerate(sorted(Path(sys.argv[2]).glob("*.png"))):
            yield i, {"label": i, "picture": io.BytesIO(path.read_bytes())}

builder = Pictures(data_dir=sys.argv[1], file_format="array_record")
builder.download_and_prepare()
print(builder.data_path)
"""
