"""Jobs of chained ops, for `dagster job execute -f chain.py -j NAME`."""

from dagster import Definitions, in_process_executor, job, multiprocess_executor, op


@op
def first():
    return 0


@op
def following(x):
    return x + 1


def chain(name, length, executor):
    @job(name=name, executor_def=executor)
    def chained():
        value = first()
        for i in range(length - 1):
            value = following.alias(f"op_{i}")(value)

    return chained


defs = Definitions(
    jobs=[
        chain("empty", 1, in_process_executor),
        chain("in_process_500", 500, in_process_executor),
        chain("multiprocess_20", 20, multiprocess_executor),
    ]
)
