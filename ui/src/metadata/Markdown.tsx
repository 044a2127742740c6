// biome-ignore-all lint/suspicious/noArrayIndexKey: a parsed text does not reorder
import { Fragment, useMemo } from "react";
import { type Block, type Inline, parseMarkdown } from "./markdown.ts";

/** Markdown drawn from its tree; no HTML is ever set as text. */
export function Markdown({ source }: { source: string }) {
  const tree = useMemo(() => parseMarkdown(source), [source]);
  return <div className="markdown">{tree.map(block)}</div>;
}

function block(node: Block, key: number): React.ReactNode {
  switch (node.kind) {
    case "heading": {
      const Tag = (["h1", "h2", "h3", "h4", "h4", "h4"] as const)[node.level - 1] ?? "h4";
      return <Tag key={key}>{inlines(node.children)}</Tag>;
    }
    case "paragraph":
      return <p key={key}>{inlines(node.children)}</p>;
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
        <pre key={key} tabIndex={0}>
          <code>{node.text}</code>
        </pre>
      );
    case "quote":
      return <blockquote key={key}>{node.blocks.map(block)}</blockquote>;
    case "list": {
      const Tag = node.ordered ? "ol" : "ul";
      return (
        <Tag key={key}>
          {node.items.map((item, index) => (
            <li key={index}>
              {item.length === 1 && item[0]?.kind === "paragraph"
                ? inlines(item[0].children)
                : item.map(block)}
            </li>
          ))}
        </Tag>
      );
    }
    case "table":
      return (
        <div key={key} className="scroll-x">
          <table>
            <thead>
              <tr>
                {node.head.map((cell, i) => (
                  <th key={i}>{inlines(cell)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {node.rows.map((row, r) => (
                <tr key={r}>
                  {row.map((cell, i) => (
                    <td key={i}>{inlines(cell)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "rule":
      return <hr key={key} />;
  }
}

function inlines(nodes: readonly Inline[]): React.ReactNode {
  return nodes.map((node, key) => <Fragment key={key}>{inline(node)}</Fragment>);
}

function inline(node: Inline): React.ReactNode {
  switch (node.kind) {
    case "text":
      return node.text;
    case "code":
      return <code>{node.text}</code>;
    case "strong":
      return <strong>{inlines(node.children)}</strong>;
    case "em":
      return <em>{inlines(node.children)}</em>;
    case "del":
      return <del>{inlines(node.children)}</del>;
    case "break":
      return <br />;
    case "link":
      return (
        <a href={node.href} target="_blank" rel="noreferrer noopener">
          {inlines(node.children)}
        </a>
      );
  }
}
