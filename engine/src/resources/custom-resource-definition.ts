import type { z } from "zod";
import { BackfillSpec } from "./backfill.ts";
import { CodeLocationSpec } from "./code-location.ts";
import { JobSpec } from "./job.ts";
import { GROUP } from "./object.ts";
import type { Rule } from "./rule.ts";
import { RunSpec } from "./run.ts";
import { ScheduleSpec } from "./schedule.ts";
import { SensorSpec } from "./sensor.ts";
import {
  BackfillStatus,
  CodeLocationStatus,
  JobStatus,
  RunStatus,
  ScheduleStatus,
  SensorStatus,
} from "./status.ts";
import { structural } from "./structural.ts";

interface Column {
  name: string;
  type: "string" | "integer" | "date" | "boolean";
  jsonPath: string;
  /** 1: only with `-o wide`. */
  priority?: number;
}
interface Kind {
  kind: string;
  plural: string;
  shortName: string;
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  columns: Column[];
  /** Rules about the whole object, and rules about the spec that hold in a cluster only. */
  rules?: Rule[];
  specRules?: Rule[];
  scale?: Record<string, string>;
}

const column = (name: string, jsonPath: string, more: Partial<Column> = {}): Column => ({
  name,
  type: "string",
  jsonPath,
  ...more,
});
const number = { type: "integer" } as const;
const wide = { priority: 1 } as const;
const condition = (type: string, field: string) => `.status.conditions[?(@.type=="${type}")].${field}`;
const ready = [column("Ready", condition("Ready", "status")), column("Reason", condition("Ready", "reason"))];
// From the status, as a spec with `jobRef` names neither.
const target = [
  column("Location", ".status.location"),
  column("Job", ".status.job"),
  column("Assets", ".spec.assetSelection"),
];
const age = column("Age", ".metadata.creationTimestamp", { type: "date" });

/** Every kind, as its custom resource definition says it. */
export const KINDS: readonly Kind[] = [
  {
    kind: "CodeLocation",
    plural: "codelocations",
    shortName: "cl",
    description: "User code in an image: its code server, and how its runs are run.",
    spec: CodeLocationSpec,
    status: CodeLocationStatus,
    rules: [
      {
        // The name becomes a label and part of a Service's name; a dot parts it from its namespace.
        rule: "self.metadata.name.size() <= 50 && !self.metadata.name.contains('.')",
        message: "the name of a code location has at most 50 characters and no dot",
      },
    ],
    specRules: [{ rule: "has(self.image)", message: "a code location in a cluster needs an image" }],
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
    columns: [
      ...ready,
      column("State", ".status.state"),
      column("Assets", ".status.counts.assets", number),
      column("Jobs", ".status.counts.jobs", number),
      column("Image", ".status.image"),
      column("Wanted", ".spec.image", wide),
      column("Message", condition("Ready", "message"), wide),
      age,
    ],
  },
  {
    kind: "Job",
    plural: "jobs",
    shortName: "djob",
    description:
      "Something to run: a job of a code location's code, or a selection of its assets, with run config.",
    spec: JobSpec,
    status: JobStatus,
    columns: [
      column("Location", ".status.location"),
      column("Job", ".spec.job"),
      column("Assets", ".spec.assetSelection"),
      ...ready,
      column("Last-Run", ".status.lastRun.status"),
      column("Ended", ".status.lastRun.endTime", { type: "date" }),
      column("Runs", ".status.runs", number),
      column("Message", condition("Ready", "message"), wide),
      age,
    ],
  },
  {
    kind: "Schedule",
    plural: "schedules",
    shortName: "dsched",
    description: "Runs something by the clock, or switches a schedule of a code location's code.",
    spec: ScheduleSpec,
    status: ScheduleStatus,
    columns: [
      column("Location", ".status.location"),
      column("Job", ".status.job"),
      column("Cron", ".status.cron"),
      column("Time-Zone", ".status.timeZone", wide),
      ...ready,
      column("State", ".status.state"),
      column("Last-Tick", ".status.lastTick.time", { type: "date" }),
      column("Result", ".status.lastTick.status"),
      column("Next-Tick", ".status.nextTickTime"),
      column("Last-Run", ".status.lastRunId", wide),
      column("Message", condition("Ready", "message"), wide),
      age,
    ],
  },
  {
    kind: "Sensor",
    plural: "sensors",
    shortName: "dsensor",
    description: "Switches a sensor of a code location's code.",
    spec: SensorSpec,
    status: SensorStatus,
    columns: [
      column("Location", ".status.location"),
      ...ready,
      column("State", ".status.state"),
      column("Last-Tick", ".status.lastTick.time", { type: "date" }),
      column("Result", ".status.lastTick.status"),
      column("Cursor", ".status.cursor", wide),
      column("Message", condition("Ready", "message"), wide),
      age,
    ],
  },
  {
    kind: "Run",
    plural: "runs",
    shortName: "drun",
    description: "One run. Creating it submits the run, deleting it cancels and cleans up.",
    spec: RunSpec,
    status: RunStatus,
    columns: [
      ...target,
      column("Phase", ".status.phase"),
      column("Done", ".status.stepsDone", number),
      column("Steps", ".status.stepsTotal", number),
      column("Reason", ".status.reason"),
      column("Started", ".status.startTime", { type: "date" }),
      column("Ended", ".status.endTime", { type: "date" }),
      column("Run-Id", ".status.runId", wide),
      age,
    ],
  },
  {
    kind: "Backfill",
    plural: "backfills",
    shortName: "dbf",
    description: "Runs of many partitions.",
    spec: BackfillSpec,
    status: BackfillStatus,
    columns: [
      ...target,
      column("Phase", ".status.phase"),
      column("Requested", ".status.requested", number),
      column("Done", ".status.done", number),
      column("Failed", ".status.failed", number),
      column("In-Progress", ".status.inProgress", number),
      column("Reason", condition("Submitted", "reason"), wide),
      column("Backfill-Id", ".status.backfillId", wide),
      age,
    ],
  },
];

/** The custom resource definition of a kind, ready for the API server. */
export function customResourceDefinition(of: Kind): Record<string, unknown> {
  const spec = structural(of.spec);
  const specRules = [
    ...((spec["x-kubernetes-validations"] as Rule[] | undefined) ?? []),
    ...(of.specRules ?? []),
  ];
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${of.plural}.${GROUP}`,
      labels: { "app.kubernetes.io/part-of": "dagster-operator" },
      // Argo CD, for which a chart's crds/ are like any other object, must not delete every object along with the chart.
      annotations: { "helm.sh/resource-policy": "keep" },
    },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: {
        kind: of.kind,
        listKind: `${of.kind}List`,
        plural: of.plural,
        singular: of.kind.toLowerCase(),
        shortNames: [of.shortName],
        categories: ["dagster"],
      },
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          additionalPrinterColumns: of.columns,
          subresources: { status: {}, ...(of.scale && { scale: of.scale }) },
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: of.description,
              required: ["spec"],
              properties: {
                apiVersion: { type: "string", description: "Version of the API." },
                kind: { type: "string", description: "Kind of the object." },
                metadata: { type: "object" },
                spec: {
                  ...spec,
                  description: "What is wanted.",
                  ...(specRules.length > 0 && { "x-kubernetes-validations": specRules }),
                },
                status: { ...structural(of.status), description: "What the operator sees." },
              },
              ...(of.rules && { "x-kubernetes-validations": of.rules }),
            },
          },
        },
      ],
    },
  };
}
