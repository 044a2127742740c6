import { readFileSync } from "node:fs";
import { InvalidInput, WORKER_ENV } from "@dagster-operator/engine";
import { describe, expect, test } from "@jest/globals";
import { ANNOTATION, type WorkerJob, workerJob, workerLabels } from "../src/run/job-template.ts";
import { configOfTags, readContainerContext } from "../src/run/merge/container-context.ts";
import { canonical, type K8sConfig, readK8sConfig, SECTIONS } from "../src/run/merge/k8s-config.ts";
import { runK8sConfig, stepK8sConfig } from "../src/run/merge/layers.ts";
import { snakeCase } from "../src/run/merge/normalize.ts";

type Json = Record<string, unknown>;
interface Golden {
  name: string;
  for: "run" | "step";
  launcher?: Json;
  location?: Json;
  run_tags?: Json;
  executor?: Json;
  op_tags?: Json;
  per_step?: Json;
  error?: true;
  config: Record<string, Json>;
  merge_behavior: string;
  job: Record<string, unknown>;
}

/** Made by the real dagster-k8s 0.29.27: fixtures/make_k8s_golden.py. */
const golden = JSON.parse(
  readFileSync(new URL("./fixtures/k8s-golden.json", import.meta.url), "utf8"),
) as Golden[];

const tagsOf = (tags: Json = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tags).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

function merged(given: Golden): K8sConfig {
  const launcher = readContainerContext(given.launcher ?? {});
  const location = readContainerContext(given.location ?? {});
  if (given.for === "run") return runK8sConfig({ launcher, location, tags: tagsOf(given.run_tags) });
  return stepK8sConfig({
    launcher,
    location,
    executor: readContainerContext(given.executor ?? {}, "step_k8s_config"),
    opTags: tagsOf(given.op_tags),
    perStep: readK8sConfig(given.per_step ?? {}, "per_step_k8s_config"),
  });
}

const worker = (config: K8sConfig): WorkerJob => ({
  name: "dagster-run-golden",
  secret: "dagster-run-golden",
  namespace: "here",
  installation: "dagster",
  runId: "golden",
  attempt: 1,
  job: "nightly",
  location: "orders",
  image: "image-of-the-run:1",
  code: { language: "typescript", file: "definitions.ts" },
  config,
  tags: {},
  owner: { apiVersion: "v1", kind: "Run", name: "r", uid: "u" },
  url: "http://api",
});

/** What of our Job is meant to be as dagster-k8s makes it: all but our own environment, volume, labels, annotations and defaults. */
function parts(config: K8sConfig): Json {
  const job = workerJob(worker(config)) as unknown as {
    metadata: Json;
    spec: { template: { metadata: Json; spec: Json } };
  };
  const { template } = job.spec;
  const { containers, volumes, ...podSpec } = template.spec;
  const [first = {}, ...sidecars] = containers as Json[];
  const { command, securityContext: _context, terminationMessagePolicy: _policy, ...container } = first;
  const ours = new Set<unknown>(Object.values(WORKER_ENV));
  const own = new Set([...Object.keys(workerLabels(worker(config))), ...Object.values<string>(ANNOTATION)]);
  const given = (entries: unknown) =>
    Object.fromEntries(Object.entries((entries ?? {}) as Json).filter(([key]) => !own.has(key)));
  const isOurs = ({ name }: Json) => name === "dagster-operator";
  for (const field of [
    "securityContext",
    "automountServiceAccountToken",
    "restartPolicy",
    "imagePullSecrets",
    "enableServiceLinks",
  ])
    delete podSpec[field];
  const userCommand = config.containerConfig.command;
  return {
    container: {
      envFrom: [],
      resources: {},
      ...container,
      ...(userCommand !== undefined && { command }),
      env: (container.env as Json[]).filter(({ name }) => !ours.has(name)),
      volumeMounts: (container.volumeMounts as Json[]).filter((mount) => !isOurs(mount)),
    },
    sidecars,
    podSpec: { ...podSpec, volumes: (volumes as Json[]).filter((volume) => !isOurs(volume)) },
    podLabels: given(template.metadata.labels),
    podAnnotations: given(template.metadata.annotations),
    jobLabels: given(job.metadata.labels),
    jobAnnotations: given(job.metadata.annotations),
  };
}

describe("Kubernetes config is merged as dagster-k8s merges it", () => {
  test.each(golden)("$name", (given) => {
    if (given.error) {
      expect(() => merged(given)).toThrow(InvalidInput);
      return;
    }
    const config = merged(given);
    expect(config.mergeBehavior).toBe(given.merge_behavior);
    for (const section of SECTIONS)
      expect(canonical(config[section])).toBe(canonical(given.config[snakeCase(section)] ?? {}));
    expect(canonical(parts(config))).toBe(canonical(theirs(given, config)));
  });

  test("covers at least 40 cases", () => expect(golden.length).toBeGreaterThanOrEqual(40));
});

/** Differences that are meant; operator/README.md tells why. */
function theirs({ job }: Golden, config: K8sConfig): Json {
  const container = job.container as Json & { env: Json[] };
  const last = new Map(container.env.map((entry) => [entry.name, entry]));
  const env = container.env.filter((entry) => last.get(entry.name) === entry);
  // Without a policy the API server decides by the image's tag; dagster-k8s says Always.
  if (config.containerConfig.imagePullPolicy === undefined) delete (container as Json).imagePullPolicy;
  return {
    ...job,
    container: { resources: {}, ...container, env },
    sidecars: config.podSpecConfig.containers ?? [],
  };
}

test("a tag that is not JSON is refused with its name", () => {
  expect(() => configOfTags({ "dagster-k8s/config": "{" })).toThrow(/tag dagster-k8s\/config is not JSON/);
});
