import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";

/** How to reach one API server, and as whom. */
export interface KubeConfig {
  /** Base address without a trailing slash. */
  server: string;
  /** PEM. */
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  /** Read for each request, because a service account's token is replaced while the process runs. */
  token?: () => string;
  /** Namespace that "here" means. */
  namespace: string;
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_TTL_MS = 60_000;

/** The service account of this pod. @throws Error outside a pod */
function inClusterConfig(env = process.env, folder = SERVICE_ACCOUNT): KubeConfig {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) throw new Error("not in a pod: KUBERNETES_SERVICE_HOST is not set; give --kubeconfig");
  const read = (name: string) => readFileSync(join(folder, name));
  let token = { value: "", readAt: Number.NEGATIVE_INFINITY };
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: read("ca.crt"),
    namespace: read("namespace").toString("utf8").trim(),
    token: () => {
      if (Date.now() - token.readAt > TOKEN_TTL_MS)
        token = { value: read("token").toString("utf8").trim(), readAt: Date.now() };
      return token.value;
    },
  };
}

interface Named<T> {
  name: string;
  [section: string]: T | string;
}
interface File {
  "current-context"?: string;
  contexts?: Named<{ cluster: string; user: string; namespace?: string }>[];
  clusters?: Named<{
    server: string;
    "certificate-authority"?: string;
    "certificate-authority-data"?: string;
  }>[];
  users?: Named<Record<string, unknown>>[];
}

/**
 * A kubeconfig file: client certificates and bearer tokens, inline or by path.
 * @throws Error that names the file and what is missing, or a login plugin that the operator does not run
 */
export function fileConfig(path: string, contextName?: string): KubeConfig {
  const file = parse(readFileSync(path, "utf8")) as File;
  const section = <T>(list: Named<T>[] | undefined, name: string | undefined, kind: string): T => {
    const found = list?.find((entry) => entry.name === name);
    if (!found) throw new Error(`kubeconfig ${path} has no ${kind} named ${name ?? "(none given)"}`);
    return found[kind] as T;
  };
  const context = section(file.contexts, contextName ?? file["current-context"], "context");
  const cluster = section(file.clusters, context.cluster, "cluster");
  const user = section(file.users, context.user, "user");
  for (const plugin of ["exec", "auth-provider"]) {
    if (user[plugin])
      throw new Error(
        `kubeconfig ${path}: user ${context.user} logs in by ${plugin}, which the operator does not run; use a certificate or a token`,
      );
  }
  const bytes = (from: Record<string, unknown>, name: string) => {
    const data = from[`${name}-data`];
    const file = from[name];
    if (typeof data === "string") return Buffer.from(data, "base64");
    return typeof file === "string" ? readFileSync(resolve(dirname(path), file)) : undefined;
  };
  const ca = bytes(cluster, "certificate-authority");
  const cert = bytes(user, "client-certificate");
  const key = bytes(user, "client-key");
  const token =
    user.token ??
    (typeof user.tokenFile === "string"
      ? readFileSync(resolve(dirname(path), user.tokenFile), "utf8").trim()
      : undefined);
  return {
    server: cluster.server.replace(/\/$/, ""),
    namespace: context.namespace ?? "default",
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(typeof token === "string" && { token: () => token }),
  };
}

/** `--kubeconfig`, else $KUBECONFIG, else this pod's service account, else ~/.kube/config. */
export function loadConfig(path?: string, env = process.env): KubeConfig {
  const file = path ?? env.KUBECONFIG?.split(":")[0];
  if (file) return fileConfig(file);
  return env.KUBERNETES_SERVICE_HOST ? inClusterConfig(env) : fileConfig(join(homedir(), ".kube/config"));
}
