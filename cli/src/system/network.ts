/** The URL at which programs on this machine reach a server. */
export function reachableUrl(host: string, port: number): string {
  const name = host === "0.0.0.0" || host === "" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** As a person would type it. */
export function displayUrl(host: string, port: number): string {
  return host === "127.0.0.1" || host === "0.0.0.0" || host === "::1" || host === "::"
    ? `http://localhost:${port}`
    : reachableUrl(host, port);
}
