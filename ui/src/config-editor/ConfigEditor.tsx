import {
  autocompletion,
  type CompletionContext,
  closeBrackets,
  completionKeymap,
  startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useLayoutEffect, useRef } from "react";
import { parseDocument } from "yaml";
import { explain, suggest } from "./complete.ts";
import type { JsonSchema, Path } from "./json-schema.ts";
import { lintYaml, rangeAt } from "./yaml-document.ts";

export interface ServerFault {
  readonly path: Path;
  readonly message: string;
}
interface Props {
  readonly value: string;
  readonly onChange?: (value: string) => void;
  readonly schema: JsonSchema | null;
  /** What the server said about the config that was last sent; marked in place. */
  readonly faults?: readonly ServerFault[];
  readonly height?: number | string;
  readonly readOnly?: boolean;
  readonly label?: string;
}

const colors = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: tags.quote, color: "var(--ok)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--run)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator], color: "var(--text-3)" },
]);

/** A YAML editor that knows a JSON Schema: completion, docs on hover, faults in place. */
export default function ConfigEditor({
  value,
  onChange,
  schema,
  faults,
  height = 320,
  readOnly = false,
  label = "Run config, YAML",
}: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const live = useRef({ schema, faults, onChange });
  live.current = { schema, faults, onChange };
  const initial = useRef(value);

  useEffect(() => {
    if (!holder.current) return;
    const own = new EditorView({
      parent: holder.current,
      state: EditorState.create({
        doc: initial.current,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          bracketMatching(),
          closeBrackets(),
          indentUnit.of("  "),
          yaml(),
          syntaxHighlighting(colors),
          new Compartment().of([EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)]),
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.lineWrapping,
          placeholder(readOnly ? "" : "# No config. Ctrl+Space lists what can be set."),
          keymap.of([...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) live.current.onChange?.(update.state.doc.toString());
          }),
          ...(readOnly
            ? []
            : [
                lintGutter(),
                linter((v) => lint(v, live.current.schema, live.current.faults ?? []), { delay: 250 }),
                autocompletion({
                  override: [(context) => complete(context, live.current.schema)],
                  activateOnTyping: true,
                }),
                hoverTooltip((v, pos) => hover(v, pos, live.current.schema)),
              ]),
        ],
      }),
    });
    view.current = own;
    return () => {
      own.destroy();
      view.current = null;
    };
  }, [readOnly, label]);

  // Before the next key: an effect that came after it took what was typed since for a change from outside, and undid it.
  useLayoutEffect(() => {
    const own = view.current;
    if (own && own.state.doc.toString() !== value)
      own.dispatch({ changes: { from: 0, to: own.state.doc.length, insert: value } });
  }, [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new faults or a new schema must be marked at once
  useEffect(() => {
    if (view.current) forceLinting(view.current);
  }, [faults, schema]);
  return <div className="config-editor" ref={holder} style={{ height }} />;
}

function lint(view: EditorView, schema: JsonSchema | null, faults: readonly ServerFault[]) {
  const text = view.state.doc.toString();
  const markers = lintYaml(text, schema);
  if (faults.length > 0) {
    const { contents } = parseDocument(text);
    for (const fault of faults) {
      const [from, to] = rangeAt(contents, fault.path, false, text);
      if (!markers.some((m) => m.from === from && m.to === to))
        markers.push({ from, to, message: `Server: ${fault.message}`, severity: "error" });
    }
  }
  return markers;
}

function complete(context: CompletionContext, schema: JsonSchema | null) {
  if (!schema) return null;
  const { spot, items } = suggest(context.state.doc.toString(), context.pos, schema);
  if (items.length === 0 || (!context.explicit && spot.from === context.pos && spot.writing === "key"))
    return null;
  return {
    from: spot.from,
    validFor: /^[\w./-]*$/,
    options: items.map((item) => ({
      label: item.label,
      detail: item.required ? `${item.detail} · required` : item.detail,
      boost: item.required ? 10 : 0,
      type: spot.writing === "key" ? "property" : "enum",
      ...(item.doc ? { info: item.doc } : {}),
      apply: (view: EditorView, _: unknown, from: number, to: number) => {
        view.dispatch({
          changes: { from, to, insert: item.insert },
          selection: { anchor: from + item.insert.length },
        });
        if (item.insert.endsWith(": ")) startCompletion(view);
      },
    })),
  };
}

function hover(view: EditorView, pos: number, schema: JsonSchema | null) {
  if (!schema) return null;
  const about = explain(view.state.doc.toString(), pos, schema);
  if (!about) return null;
  return {
    pos,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-doc";
      const head = document.createElement("div");
      const name = document.createElement("strong");
      name.textContent = about.name;
      const type = document.createElement("code");
      type.textContent = ` ${about.type}`;
      head.append(name, type);
      dom.append(head);
      for (const line of [about.doc, about.fallback === null ? "" : `Default: ${about.fallback}`].filter(
        Boolean,
      )) {
        const text = document.createElement("div");
        text.textContent = line;
        dom.append(text);
      }
      return { dom };
    },
  };
}
