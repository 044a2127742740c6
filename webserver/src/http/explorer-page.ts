/** A page to try queries on, without anything from the network. */
import { randomBytes } from "node:crypto";
import type { FastifyReply } from "fastify";

const page = (nonce: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>GraphQL</title>
<style nonce="${nonce}">
  body { margin: 0; height: 100vh; display: grid; grid-template: auto 1fr / 1fr 1fr; font: 14px/1.4 ui-monospace, monospace; color-scheme: light dark; }
  header { grid-column: 1 / 3; padding: 8px 12px; display: flex; gap: 12px; align-items: center; }
  form, pre { margin: 0; padding: 12px; overflow: auto; }
  form { display: grid; grid-template-rows: 3fr 1fr; gap: 8px; }
  textarea { font: inherit; resize: none; padding: 8px; }
  button { font: inherit; padding: 4px 16px; }
</style>
<header><strong>GraphQL</strong><button id="run" type="button">Run (Ctrl+Enter)</button><a href="/graphql?query=%7B__schema%7Btypes%7Bname%20kind%7D%7D%7D">types</a></header>
<form><textarea id="query" aria-label="Query" spellcheck="false">{
  version
  workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } }
}</textarea><textarea id="variables" aria-label="Variables (JSON)" spellcheck="false">{}</textarea></form>
<pre id="answer" aria-live="polite"></pre>
<script nonce="${nonce}">
  const at = (id) => document.getElementById(id);
  async function run() {
    const body = JSON.stringify({ query: at("query").value, variables: at("variables").value });
    const response = await fetch(location.pathname, { method: "POST", headers: { "content-type": "application/json" }, body });
    at("answer").textContent = JSON.stringify(await response.json(), null, 2);
  }
  at("run").addEventListener("click", run);
  addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(); });
</script>
</html>
`;

export function explorerPage(reply: FastifyReply): FastifyReply {
  const nonce = randomBytes(16).toString("base64");
  return reply
    .header("content-type", "text/html; charset=utf-8")
    .header(
      "content-security-policy",
      `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'`,
    )
    .send(page(nonce));
}
