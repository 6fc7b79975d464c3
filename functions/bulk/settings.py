"""Settings of the two functions that embed a bucket, as set in template.yaml."""

from pydantic import Field

from face_contract.environment import EnvironmentSettings


class BulkSettings(EnvironmentSettings):
    """Where photos come from and results go to, and how the work is divided."""

    photos_bucket: str = Field(min_length=1)
    results_bucket: str = Field(min_length=1)
    results_prefix: str = Field(pattern="/$")
    # A batch is the input of one execution, which may have 256 KiB; a key may have 1,024 bytes.
    batch_size: int = Field(50, ge=1, le=100, description="Photos per batch.")
    # The counts of all batches of a round are one state of the workflow, which may have 256 KiB.
    batches_per_round: int = Field(2000, ge=1, le=2000)
