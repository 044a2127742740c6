"""$SCHEDULES schedules by $CRON, and $SENSORS sensors every five seconds that find nothing, all running."""

import os

from dagster import (
    DefaultScheduleStatus,
    DefaultSensorStatus,
    Definitions,
    ScheduleDefinition,
    SensorDefinition,
    SkipReason,
    job,
    op,
)


@op
def nothing():
    pass


@job
def work():
    nothing()


defs = Definitions(
    jobs=[work],
    schedules=[
        ScheduleDefinition(
            name=f"schedule_{i}",
            job=work,
            cron_schedule=os.environ.get("CRON", "* * * * *"),
            default_status=DefaultScheduleStatus.RUNNING,
        )
        for i in range(int(os.environ.get("SCHEDULES", 0)))
    ],
    sensors=[
        SensorDefinition(
            name=f"sensor_{i}",
            job=work,
            minimum_interval_seconds=5,
            default_status=DefaultSensorStatus.RUNNING,
            evaluation_fn=lambda context: SkipReason("nothing new"),
        )
        for i in range(int(os.environ.get("SENSORS", 0)))
    ],
)
