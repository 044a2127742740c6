"""Seconds, as JSON: to plan a job of 5,000 assets, and to run a fan-out of 1,000 steps in process."""

import json
import statistics
import time

from dagster import AssetKey, Definitions, DynamicOut, DynamicOutput, asset, job, op
from dagster._core.execution.api import create_execution_plan


def make(i):
    @asset(name=f"asset_{i}", deps=[AssetKey(f"asset_{i - 1}")] if i % 50 else [])
    def body():
        return i

    return body


@op(out=DynamicOut())
def numbers():
    for i in range(1000):
        yield DynamicOutput(i, mapping_key=f"n{i}")


@op
def plus_one(x):
    return x + 1


@op
def total(xs):
    return sum(xs)


@job
def fan_out():
    total(numbers().map(plus_one).collect())


def timed(times, run):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


assets = Definitions(assets=[make(i) for i in range(5000)]).resolve_implicit_global_asset_job_def()
print(
    "MEASURED "
    + json.dumps(
        {
            "plan": timed(3, lambda: create_execution_plan(assets)),
            "fan_out": timed(1, lambda: fan_out.execute_in_process()),
        }
    )
)
