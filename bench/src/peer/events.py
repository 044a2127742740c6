"""Events a second into Dagster's own Postgres storage: `events.py URL COUNT BATCH` prints it."""

import sys
import time

from dagster import AssetMaterialization, DagsterInstance, EventLogEntry
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster_postgres.event_log import PostgresEventLogStorage

url, count, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
storage = PostgresEventLogStorage.create_clean_storage(url)
with DagsterInstance.ephemeral():
    entries = [
        EventLogEntry(
            error_info=None,
            level=20,
            user_message="",
            run_id="00000000-0000-4000-8000-000000000000",
            timestamp=time.time(),
            step_key=f"op_{i}",
            job_name="bench",
            dagster_event=DagsterEvent(
                # Dagster writes only events of assets in batches.
                DagsterEventType.ASSET_MATERIALIZATION.value,
                "bench",
                step_key=f"op_{i}",
                event_specific_data=StepMaterializationData(AssetMaterialization(["bench", f"op_{i}"])),
            ),
        )
        for i in range(count)
    ]
    start = time.perf_counter()
    for i in range(0, count, batch):
        if batch == 1:
            storage.store_event(entries[i])
        else:
            storage.store_event_batch(entries[i : i + batch])
    print(count / (time.perf_counter() - start))
