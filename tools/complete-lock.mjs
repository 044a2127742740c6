// Adds to package-lock.json the optional builds for other platforms that the registry at hand did not offer when the
// lock was written. Without them `npm ci` refuses the lock, on this platform too.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = ["arm64", "x64", "arm", "ia32", "ppc64", "s390x", "loong64", "riscv64"];

const lock = JSON.parse(readFileSync(file, "utf8"));
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages))
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue;
    const words = name.split("/").at(-1).split("-");
    const os = systems.find((word) => words.includes(word));
    const cpu = processors.find((word) => words.includes(word));
    if (!os || !cpu || !/^\d/.test(version))
      throw new Error(`${path} has the optional ${name} ${version}: add its lock entry by hand`);
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(dev && { dev }),
      optional: true,
      os: [os],
      ...(os === "linux" && { libc: [words.some((word) => word.startsWith("musl")) ? "musl" : "glibc"] }),
    };
    console.log(`added ${name} ${version}`);
  }
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
