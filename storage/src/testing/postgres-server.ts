import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { installDebianPackage } from "./debian-package.ts";
import { steadyPort } from "./steady-port.ts";

const run = promisify(execFile);

/** For a server to come up or go; a busy machine is no failure (s). */
const WAIT_S = "600";

/** Folder with `initdb`, `postgres` and `pg_ctl`: from the PATH, else Debian's; null where there is none. */
export async function findPostgres(): Promise<string | null> {
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  const folders = [
    ...(process.env.PATH ?? "").split(delimiter),
    ...versions.sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  return (
    folders.find((folder) =>
      ["initdb", "postgres", "pg_ctl"].every((name) => existsSync(join(folder, name))),
    ) ?? null
  );
}

/** As `findPostgres`; installs it where that is possible: root on Debian. @throws says what to do */
async function requirePostgres(): Promise<string> {
  const found = await findPostgres();
  if (found) return found;
  const installed = (await installDebianPackage("postgresql")) && (await findPostgres());
  if (installed) return installed;
  throw new Error(
    "these tests need a real Postgres: no initdb, postgres and pg_ctl on the PATH or in /usr/lib/postgresql, and it cannot be installed here. Install Postgres 15 or newer.",
  );
}

export interface PostgresServer {
  /** Of a database of it, as its superuser. */
  url(database: string): string;
  dir: string;
  start(): Promise<void>;
  /** Fast by default: sessions are ended as an administrator would; `immediate` is a crash. */
  stop(mode?: "fast" | "immediate"): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/**
 * Makes and starts a private server on a free port of the loopback, as an unprivileged user (Postgres refuses root).
 *
 * @param options.durable true = as installed: every commit is on disk (for measuring); default false, much faster
 */
export async function startPostgres(
  options: { durable?: boolean; dir?: string } = {},
): Promise<PostgresServer> {
  const bin = await requirePostgres();
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "dagster-operator-postgres-")));
  const data = join(dir, "data");
  const user = await unprivileged();
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (user) for (const path of [dir, data]) await chown(path, user.uid, user.gid);
  const command = (name: string, args: string[]) =>
    run(join(bin, name), args, { cwd: dir, ...(user ?? {}), env: { ...process.env, LC_ALL: "C" } }).catch(
      async (error: Error) => {
        const log = await readFile(join(dir, "log"), "utf8").catch(() => "");
        throw new Error(`${name} failed: ${error.message}\n${log.slice(-2000)}`);
      },
    );

  await command("initdb", [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--no-sync",
    "--locale=C",
  ]);
  const port = await steadyPort();
  const fast = ["fsync = off", "synchronous_commit = off", "full_page_writes = off", "shared_buffers = 32MB"];
  const settings = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    `unix_socket_directories = '${dir}'`,
    "max_connections = 300",
    ...(options.durable ? [] : fast),
  ];
  await writeFile(join(data, "postgresql.auto.conf"), `${settings.join("\n")}\n`);
  const server: PostgresServer = {
    dir,
    url: (database) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    async start() {
      await command("pg_ctl", ["-D", data, "-l", join(dir, "log"), "-w", "-t", WAIT_S, "start"]);
    },
    async stop(mode = "fast") {
      await command("pg_ctl", ["-D", data, "-m", mode, "-w", "-t", WAIT_S, "stop"]);
    },
    async remove() {
      if (existsSync(join(data, "postmaster.pid"))) await server.stop("immediate");
      await rm(dir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** Removes the server once process `pid` is gone, however it went. */
export function removeAfter(server: PostgresServer, pid: number): void {
  const script = `while kill -0 "$1" 2>/dev/null; do sleep 1; done
    kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")" 2>/dev/null; sleep 1; rm -rf "$2"`;
  spawn("/bin/sh", ["-c", script, "sh", String(pid), server.dir], {
    detached: true,
    stdio: "ignore",
  }).unref();
}

async function unprivileged(): Promise<{ uid: number; gid: number } | null> {
  if (process.getuid?.() !== 0) return null;
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const entry = lines.find(([name]) => name === "postgres") ?? lines.find(([name]) => name === "nobody");
  if (!entry) throw new Error("Postgres refuses to run as root, and there is no user postgres or nobody");
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}
