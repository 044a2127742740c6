import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionSetNode,
  typeFromAST,
  validate,
} from "graphql";

const SCALARS: Record<string, string> = {
  ID: "string",
  String: "string",
  Int: "number",
  Float: "number",
  Boolean: "boolean",
};

interface Field {
  readonly type: GraphQLOutputType;
  readonly selections: SelectionSetNode[];
}

/** Types and texts of all operations in `source`; throws with every validation error if they do not fit `schema`. */
export function generate(schema: GraphQLSchema, source: string): string {
  const document = withTypenames(parse(source));
  const errors = validate(schema, document).filter((error) => !error.message.includes("anonymous"));
  if (errors.length > 0) throw new Error(errors.map((error) => error.toString()).join("\n\n"));

  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const node of document.definitions) {
    if (node.kind === "FragmentDefinition") fragments.set(node.name.value, node);
    if (node.kind === "OperationDefinition") operations.push(node);
  }
  const inputs = new Set<GraphQLNamedType>();

  const applies = (condition: string, object: GraphQLObjectType): boolean => {
    const type = schema.getType(condition);
    return type === object || (isAbstractType(type) && schema.isSubType(type, object));
  };

  const collect = (object: GraphQLObjectType, set: SelectionSetNode, into: Map<string, Field>): void => {
    for (const selection of set.selections) {
      if (selection.kind === "Field") {
        if (selection.name.value === "__typename") continue;
        const key = selection.alias?.value ?? selection.name.value;
        const field = object.getFields()[selection.name.value];
        if (!field) throw new Error(`No field ${selection.name.value} on ${object.name}`);
        const known = into.get(key) ?? { type: field.type, selections: [] };
        if (selection.selectionSet) known.selections.push(selection.selectionSet);
        into.set(key, known);
      } else if (selection.kind === "InlineFragment") {
        if (applies(selection.typeCondition?.name.value ?? object.name, object))
          collect(object, selection.selectionSet, into);
      } else {
        const fragment = fragments.get(selection.name.value);
        if (fragment && applies(fragment.typeCondition.name.value, object))
          collect(object, fragment.selectionSet, into);
      }
    }
  };

  /** The TypeScript type of `sets` selected on `type`; members of a union that select the same become one. */
  const shape = (type: GraphQLNamedType, sets: SelectionSetNode[]): string => {
    const alone =
      sets.length === 1
        ? sets[0]?.selections.filter((s) => !(s.kind === "Field" && s.name.value === "__typename"))
        : undefined;
    const spread = alone?.length === 1 ? alone[0] : undefined;
    if (
      spread?.kind === "FragmentSpread" &&
      fragments.get(spread.name.value)?.typeCondition.name.value === type.name
    )
      return spread.name.value;
    const objects = isObjectType(type) ? [type] : isAbstractType(type) ? schema.getPossibleTypes(type) : [];
    const bodies = new Map<string, string[]>();
    for (const object of objects) {
      const fields = new Map<string, Field>();
      for (const set of sets) collect(object, set, fields);
      const body = [...fields]
        .map(([key, field]) => `${key}: ${output(field.type, field.selections)};`)
        .join(" ");
      bodies.set(body, [...(bodies.get(body) ?? []), object.name]);
    }
    return [...bodies]
      .map(([body, names]) => `{ __typename: ${names.map((n) => `"${n}"`).join(" | ")}; ${body} }`)
      .join("\n  | ");
  };

  const output = (type: GraphQLOutputType, sets: SelectionSetNode[], nullable = true): string => {
    if (isNonNullType(type)) return output(type.ofType, sets, false);
    const inner = isListType(type) ? `ReadonlyArray<${output(type.ofType, sets)}>` : leaf(type, sets);
    return nullable ? `${inner} | null` : inner;
  };
  const leaf = (type: GraphQLOutputType, sets: SelectionSetNode[]): string => {
    const named = getNamedType(type);
    if (isEnumType(named)) {
      inputs.add(named);
      return named.name;
    }
    return sets.length > 0 ? shape(named, sets) : (SCALARS[named.name] ?? "unknown");
  };

  const input = (type: GraphQLInputType, nullable = true): string => {
    if (isNonNullType(type)) return input(type.ofType, false);
    if (isListType(type)) return `ReadonlyArray<${input(type.ofType)}>${nullable ? " | null" : ""}`;
    const named = getNamedType(type);
    if (isInputObjectType(named) || isEnumType(named)) {
      if (!inputs.has(named)) {
        inputs.add(named);
        if (isInputObjectType(named)) for (const field of Object.values(named.getFields())) input(field.type);
      }
    }
    const name =
      SCALARS[named.name] ?? (isInputObjectType(named) || isEnumType(named) ? named.name : "unknown");
    return nullable ? `${name} | null` : name;
  };
  const optional = (key: string, type: GraphQLInputType): string =>
    `${key}${isNonNullType(type) ? "" : "?"}: ${input(type)};`;

  const chunks: string[] = [];
  for (const [name, fragment] of fragments) {
    const type = schema.getType(fragment.typeCondition.name.value);
    if (type) chunks.push(`export type ${name} =\n  | ${shape(type, [fragment.selectionSet])};`);
  }
  for (const operation of operations) {
    const name = operation.name?.value;
    const rootType = schema.getRootType(operation.operation);
    if (!name || !rootType) throw new Error("Every operation needs a name.");
    const variables = (operation.variableDefinitions ?? []).map((definition) => {
      const type = typeFromAST(schema, definition.type as never) as GraphQLInputType;
      return optional(definition.variable.name.value, type);
    });
    const text = [operation, ...used(operation, fragments)].map((node) => print(node)).join("\n\n");
    chunks.push(
      `export type ${name}Result = ${shape(rootType, [operation.selectionSet])};`,
      `export type ${name}Variables = { ${variables.join(" ")} };`,
      `export const ${name}: Operation<${name}Result, ${name}Variables> = { name: "${name}", kind: "${operation.operation}", text: ${JSON.stringify(text)} };`,
    );
  }
  const declared = [...inputs]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((type) => {
      if (isEnumType(type))
        return `export type ${type.name} = ${type
          .getValues()
          .map((v) => `"${v.name}"`)
          .join(" | ")};`;
      if (!isInputObjectType(type)) return "";
      return `export type ${type.name} = { ${Object.values(type.getFields())
        .map((f) => optional(f.name, f.type))
        .join(" ")} };`;
    });
  const head = [
    "// Written by tools/generate-operations.ts; do not edit.",
    "/** A GraphQL operation with the types of its result and variables. */",
    `export interface Operation<Result, Variables> { readonly name: string; readonly kind: "query" | "mutation" | "subscription"; readonly text: string; readonly __result?: Result; readonly __variables?: Variables }`,
  ];
  return `${[...head, ...declared, ...chunks].join("\n\n")}\n`;
}

function used(
  node: OperationDefinitionNode | FragmentDefinitionNode,
  fragments: Map<string, FragmentDefinitionNode>,
): FragmentDefinitionNode[] {
  const found = new Set<FragmentDefinitionNode>();
  const walk = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind !== "FragmentSpread") walk(selection.selectionSet);
      else {
        const fragment = fragments.get(selection.name.value);
        if (!fragment || found.has(fragment)) continue;
        found.add(fragment);
        walk(fragment.selectionSet);
      }
    }
  };
  walk(node.selectionSet);
  return [...found];
}

/** Adds `__typename` to each selection set but the root's, so that results are discriminated unions. */
function withTypenames(document: DocumentNode): DocumentNode {
  const add = (set: SelectionSetNode, root: boolean): SelectionSetNode => ({
    ...set,
    selections: [
      ...(root ? [] : [{ kind: "Field", name: { kind: "Name", value: "__typename" } } as const]),
      ...set.selections.map((selection) => {
        if (selection.kind === "FragmentSpread" || !selection.selectionSet) return selection;
        return {
          ...selection,
          selectionSet: add(selection.selectionSet, selection.kind === "InlineFragment"),
        };
      }),
    ] as SelectionSetNode["selections"],
  });
  return {
    ...document,
    definitions: document.definitions.map((node) => {
      if (node.kind === "OperationDefinition") return { ...node, selectionSet: add(node.selectionSet, true) };
      if (node.kind === "FragmentDefinition") return { ...node, selectionSet: add(node.selectionSet, false) };
      return node;
    }),
  };
}
