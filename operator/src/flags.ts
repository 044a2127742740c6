import { parseArgs } from "node:util";
import { z } from "zod";

const number = z.coerce.number().positive();

const Flags = z.object({
  databaseUrl: z
    .string({
      error: "--database-url (or DAGSTER_OPERATOR_DATABASE_URL) is missing: postgres://user@host/database",
    })
    .min(1),
  kubeconfig: z.string().optional(),
  /** Default: the namespace of the pod or of the kubeconfig's context. */
  namespace: z.string().optional(),
  /** null: all. */
  watchNamespaces: z
    .string()
    .default("*")
    .transform((list) => (list.trim() === "*" ? null : list.split(",").map((name) => name.trim())))
    .refine(
      (list) => list === null || list.every((name) => name !== ""),
      "--watch-namespaces has an empty name",
    ),
  kubeApiQps: number.default(200),
  kubeApiBurst: number.default(400),
  leaseName: z.string().min(1).default("dagster-operator"),
  metricsPort: z.coerce.number().int().min(0).max(65535).default(9090),
  metricsHost: z.string().default("0.0.0.0"),
  identity: z.string().min(1).optional(),
  /** What runs reach the webserver's run API by; needed by the compute backend. */
  runApiUrl: z.string().optional(),
  /** File with the run launcher's settings (JSON or YAML), in the words of dagster-k8s. */
  runLauncherConfig: z.string().optional(),
  /** Seconds that Job, pods and Run object of an ended run stay. */
  runTtlAfterSuccess: z.coerce.number().nonnegative().default(3600),
  runTtlAfterFailure: z.coerce.number().nonnegative().default(86_400),
  /** Seconds from the making of a Job until its worker must run. */
  runStartTimeout: number.default(300),
  /** How often a run whose worker is gone without a word goes on with a new one, before it fails. */
  maxResumeRunAttempts: z.coerce.number().int().nonnegative().default(0),
  /** How often a run's worker, and each attempt of a step, may be lost to the cluster and be started again. */
  runInfrastructureRetries: z.coerce.number().int().nonnegative().default(3),
});
export type Flags = z.infer<typeof Flags>;

/** `--kube-api-qps` and `DAGSTER_OPERATOR_KUBE_API_QPS` are `kubeApiQps`; a flag goes before the environment. @throws Error that names each wrong flag */
export function readFlags(args: readonly string[], env: Record<string, string | undefined>): Flags {
  const names = Object.keys(Flags.shape);
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(names.map((name) => [kebab(name), { type: "string" as const }])),
  });
  const given = Object.fromEntries(
    names.flatMap((name) => {
      const variable = `DAGSTER_OPERATOR_${kebab(name).replaceAll("-", "_").toUpperCase()}`;
      const value = values[kebab(name)] ?? env[variable];
      return typeof value === "string" && value !== "" ? [[name, value]] : [];
    }),
  );
  const parsed = Flags.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(
    parsed.error.issues
      .map(({ path, message }) =>
        message.startsWith("--") ? message : `--${kebab(String(path[0]))}: ${message}`,
      )
      .join("\n"),
  );
}

const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
