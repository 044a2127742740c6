import type { AutomationResult } from "../graphql/generated/operations.ts";

export interface Due {
  readonly kind: "schedule" | "sensor";
  readonly name: string;
  readonly location: string;
  /** ms; null when the server does not know. */
  readonly at: number | null;
}

/** What is switched on, the nearest next tick first. */
export function dueNext(data: AutomationResult): Due[] {
  if (data.repositoriesOrError.__typename !== "RepositoryConnection") return [];
  const due: Due[] = [];
  for (const repository of data.repositoriesOrError.nodes) {
    const location = repository.location.name;
    for (const { name, scheduleState: state } of repository.schedules)
      if (state.status === "RUNNING")
        due.push({ kind: "schedule", name, location, at: ms(state.nextTick?.timestamp) });
    for (const { name, sensorState: state } of repository.sensors)
      if (state.status === "RUNNING")
        due.push({ kind: "sensor", name, location, at: ms(state.nextTick?.timestamp) });
  }
  return due.sort((a, b) => (a.at ?? Number.POSITIVE_INFINITY) - (b.at ?? Number.POSITIVE_INFINITY));
}

function ms(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : seconds * 1000;
}
