"""One Ray for all files that need a single node: a start takes longer than many a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import ray


@pytest.fixture(scope="package", autouse=True)
def no_ray_is_left() -> Iterator[None]:
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def one_node() -> None:
    """A Ray with two CPUs and four GPUs, on which nothing runs; that of the file before, if any."""
    if not ray.is_initialized():
        ray.init(
            address="local",
            num_cpus=2,
            num_gpus=4,
            include_dashboard=False,
            object_store_memory=2**27,
            log_to_driver=False,
            logging_level="error",
        )
