/** Markdown as a tree, a safe subset: raw HTML stays text, links only to http, https, mailto and this page. */
export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "em" | "del"; readonly children: Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly children: Inline[] }
  | { readonly kind: "break" };
export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly children: Inline[] }
  | { readonly kind: "paragraph"; readonly children: Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "quote"; readonly blocks: Block[] }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: Block[][] }
  | { readonly kind: "table"; readonly head: Inline[][]; readonly rows: Inline[][][] }
  | { readonly kind: "rule" };

const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;

export function parseMarkdown(source: string): Block[] {
  return blocks(source.replaceAll("\r\n", "\n").split("\n"), 0);
}

function blocks(lines: readonly string[], depth: number): Block[] {
  const out: Block[] = [];
  let i = 0;
  const line = (at: number) => lines[at] ?? "";
  while (i < lines.length) {
    const now = line(i);
    const fence = /^\s*(```+|~~~+)/.exec(now)?.[1];
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(now);
    if (now.trim() === "") i++;
    else if (fence) {
      const body: string[] = [];
      for (i++; i < lines.length && !line(i).trim().startsWith(fence); i++) body.push(line(i));
      i++;
      out.push({ kind: "code", text: body.join("\n") });
    } else if (heading) {
      out.push({ kind: "heading", level: heading[1]?.length ?? 1, children: parseInline(heading[2] ?? "") });
      i++;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(now)) {
      out.push({ kind: "rule" });
      i++;
    } else if (/^\s*>/.test(now)) {
      const body: string[] = [];
      for (; i < lines.length && /^\s*>/.test(line(i)); i++) body.push(line(i).replace(/^\s*>\s?/, ""));
      out.push(
        depth > 8
          ? { kind: "code", text: body.join("\n") }
          : { kind: "quote", blocks: blocks(body, depth + 1) },
      );
    } else if (ITEM.test(now)) {
      const first = ITEM.exec(now);
      const indent = first?.[1]?.length ?? 0;
      const ordered = /\d/.test(first?.[2] ?? "");
      const items: string[][] = [];
      for (; i < lines.length; i++) {
        const match = ITEM.exec(line(i));
        if (match && (match[1]?.length ?? 0) <= indent) items.push([match[3] ?? ""]);
        else if (line(i).trim() !== "" && (/^\s{2,}/.test(line(i)) || match))
          items.at(-1)?.push(line(i).slice(Math.min(indent + 2, line(i).search(/\S/))));
        else break;
      }
      out.push({
        kind: "list",
        ordered,
        items: items.map((body) =>
          depth > 8 ? [{ kind: "code", text: body.join("\n") }] : blocks(body, depth + 1),
        ),
      });
    } else if (
      now.includes("|") &&
      /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(line(i + 1)) &&
      line(i + 1).includes("-")
    ) {
      const head = cells(now);
      const rows: Inline[][][] = [];
      for (i += 2; i < lines.length && line(i).includes("|"); i++) rows.push(cells(line(i)));
      out.push({ kind: "table", head, rows });
    } else {
      const body = [now];
      for (
        i++;
        i < lines.length &&
        line(i).trim() !== "" &&
        !/^(#{1,6}\s|\s*(```|~~~|>))/.test(line(i)) &&
        !ITEM.test(line(i));
        i++
      )
        body.push(line(i));
      out.push({ kind: "paragraph", children: parseInline(body.join("\n")) });
    }
  }
  return out;
}

function cells(row: string): Inline[][] {
  return row
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => parseInline(cell.trim().replaceAll("\\|", "|")));
}

const INLINE =
  /`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|~~(.+?)~~|\*([^*\s][^*]*)\*|(?<!\w)_([^_\s][^_]*)_(?!\w)|\[([^\]]*)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>)]+)|( {2,}\n|\\\n)/;

export function parseInline(source: string, depth = 0): Inline[] {
  const out: Inline[] = [];
  let rest = source;
  while (rest !== "") {
    const match = depth > 8 ? null : INLINE.exec(rest);
    if (!match) {
      out.push({ kind: "text", text: rest });
      break;
    }
    if (match.index > 0) out.push({ kind: "text", text: rest.slice(0, match.index) });
    const [whole, code, bold, bold2, del, em, em2, label, href, bare] = match;
    const strong = bold ?? bold2;
    const italic = em ?? em2;
    if (code !== undefined) out.push({ kind: "code", text: code });
    else if (strong !== undefined) out.push({ kind: "strong", children: parseInline(strong, depth + 1) });
    else if (del !== undefined) out.push({ kind: "del", children: parseInline(del, depth + 1) });
    else if (italic !== undefined) out.push({ kind: "em", children: parseInline(italic, depth + 1) });
    else if (href !== undefined)
      out.push(
        isSafeUrl(href)
          ? { kind: "link", href, children: parseInline(label ?? href, depth + 1) }
          : { kind: "text", text: whole },
      );
    else if (bare !== undefined)
      out.push({ kind: "link", href: bare, children: [{ kind: "text", text: bare }] });
    else out.push({ kind: "break" });
    rest = rest.slice(match.index + whole.length);
  }
  return out;
}

/** Nothing that runs: no javascript:, data:, vbscript:, also not disguised by control characters. */
export function isSafeUrl(href: string): boolean {
  const clean = [...href].filter((letter) => letter > " ").join("");
  return /^(https?:|mailto:|\/(?!\/)|#)/i.test(clean);
}
