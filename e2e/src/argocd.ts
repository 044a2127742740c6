/** Argo CD of e2e/argocd, and a Git repository that it reads. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { command, eventually, kubectl, ROOT } from "./command.ts";

const HERE = join(ROOT, "e2e/argocd");
const BINARY = join(process.env.ARGO_BIN ?? join(homedir(), ".cache/dagster-operator/argocd"), "argocd");
const DOCS = join(ROOT, "docs/argocd");

/** What `obj` is to Argo CD by a health check. */
export interface Health {
  status: "Healthy" | "Progressing" | "Degraded" | "Suspended" | "Missing" | "Unknown";
  message?: string;
}
/** Runs health checks in Argo CD's own Lua machine. */
export async function health(cases: { script: string; object: unknown }[]): Promise<Health[]> {
  await command("bash", [join(HERE, "up.sh"), "build"]);
  return JSON.parse(await command(BINARY, ["health"], JSON.stringify(cases))) as Health[];
}

/** The health checks that are shipped, by kind. */
export async function healthChecks(): Promise<Record<string, string>> {
  const { data } = parse(await readFile(join(DOCS, "argocd-cm.yaml"), "utf8")) as {
    data: Record<string, string>;
  };
  return Object.fromEntries(
    Object.entries(data).map(([key, script]) => [
      key.replace("resource.customizations.health.dagster-operator.io_", ""),
      script,
    ]),
  );
}

/** What an Application says of itself. */
export interface Told {
  sync: string;
  health: string;
  revision: string;
  /** When it last changed something in the cluster. */
  acted: string;
  /** Why it could not compare or sync. */
  problems: string[];
  resources: { kind: string; name: string; status?: string; health?: Health }[];
}

/** Argo CD while a test needs it, and one repository with the charts of this one in it. */
export class ArgoCd {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async up(): Promise<ArgoCd> {
    const folder = await mkdtemp(join(tmpdir(), "dagster-operator-argocd-"));
    const argo = new ArgoCd(folder);
    try {
      await command("bash", [join(HERE, "up.sh")]);
      await kubectl([
        ...["-n", "argocd", "patch", "configmap", "argocd-cm", "--patch-file"],
        join(DOCS, "argocd-cm.yaml"),
      ]);
      await argo.#git(["init", "-q", "-b", "main"]);
      await cp(join(ROOT, "charts"), join(folder, "charts"), { recursive: true });
      await argo.commit("charts", {});
    } catch (error) {
      await argo.down();
      throw error;
    }
    return argo;
  }

  /** Writes these files (null: away with it) and commits. The commit's id. */
  async commit(message: string, files: Record<string, string | null>): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.folder, path);
      await mkdir(dirname(file), { recursive: true });
      if (text === null) await rm(file);
      else await writeFile(file, text);
    }
    await this.#git(["add", "-A"]);
    await this.#git(["commit", "-q", "-m", message]);
    return this.head();
  }

  /** Takes the newest commit back. */
  async revert(): Promise<string> {
    await this.#git(["revert", "--no-edit", "HEAD"]);
    return this.head();
  }

  async head(): Promise<string> {
    return (await this.#git(["rev-parse", "HEAD"])).trim();
  }

  #git(args: string[]): Promise<string> {
    const identity = ["-c", "user.name=e2e", "-c", "user.email=e2e@localhost"];
    return command("git", ["-C", this.folder, ...identity, ...args]);
  }

  /** An Application as the guide writes it, for the repository here and this namespace. `values` go over its own. */
  async apply(file: string, namespace: string, values?: Record<string, unknown>): Promise<void> {
    const application = parse(await readFile(join(DOCS, file), "utf8"));
    application.spec.source.repoURL = `file://${this.folder}`;
    application.spec.destination.namespace = namespace;
    if (values) Object.assign(application.spec.source.helm.valuesObject, values);
    await kubectl(["apply", "-f", "-"], stringify(application));
  }

  async told(name: string): Promise<Told> {
    const { status = {} } = JSON.parse(
      await kubectl(["-n", "argocd", "get", "application", name, "-o", "json"]),
    );
    return {
      sync: status.sync?.status ?? "Unknown",
      health: status.health?.status ?? "Unknown",
      revision: status.sync?.revision ?? "",
      acted: (status.operationState?.phase === "Succeeded" && status.operationState.finishedAt) || "",
      problems: [
        ...(status.conditions ?? []).map((each: { message: string }) => each.message),
        ...(["Failed", "Error"].includes(status.operationState?.phase)
          ? [status.operationState.message]
          : []),
      ],
      resources: status.resources ?? [],
    };
  }

  /** Tells it that there are commits, as a webhook of the Git server does. */
  async refresh(name: string): Promise<void> {
    const annotation = "argocd.argoproj.io/refresh=normal";
    await kubectl(["-n", "argocd", "annotate", "--overwrite", "application", name, annotation]);
  }

  /** Waits until an Application has this health at this commit. @throws Error with what it said last */
  async settles(name: string, revision: string, health: Health["status"], seconds = 120): Promise<Told> {
    let last: Told | undefined;
    try {
      return await eventually(
        async () => {
          last = await this.told(name);
          if (last.revision !== revision) await this.refresh(name);
          return last.revision === revision && last.sync === "Synced" && last.health === health && last;
        },
        { seconds, every: 500, name: `Application ${name} ${health} at ${revision.slice(0, 8)}` },
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${JSON.stringify(last, null, 1)}`);
    }
  }

  async down(): Promise<void> {
    await command("bash", [join(HERE, "down.sh")]);
    await rm(this.folder, { recursive: true, force: true });
  }
}
