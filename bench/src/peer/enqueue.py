"""`enqueue.py COUNT FILE` puts COUNT runs of FILE's job into the queue of the instance in $DAGSTER_HOME."""

import sys

from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget

count, path = int(sys.argv[1]), sys.argv[2]
target = PythonFileTarget(python_file=path, attribute=None, working_directory=None, location_name=None)
with DagsterInstance.get() as instance, WorkspaceProcessContext(instance, target) as process:
    workspace = process.create_request_context()
    repository = next(iter(workspace.code_locations[0].get_repositories().values()))
    job = repository.get_full_job("work")
    plan = workspace.code_locations[0].get_execution_plan(job, {}, None, None, instance)
    for _ in range(count):
        run = instance.create_run(
            job_name=job.name,
            run_id=None,
            run_config={},
            status=None,
            tags={},
            root_run_id=None,
            parent_run_id=None,
            step_keys_to_execute=plan.execution_plan_snapshot.step_keys_to_execute,
            execution_plan_snapshot=plan.execution_plan_snapshot,
            job_snapshot=job.job_snapshot,
            parent_job_snapshot=job.parent_job_snapshot,
            asset_selection=None,
            asset_check_selection=None,
            resolved_op_selection=None,
            op_selection=None,
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
            asset_graph=repository.asset_graph,
        )
        instance.submit_run(run.run_id, workspace)
