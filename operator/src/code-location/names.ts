/** What the operator puts on the objects of a code location, and finds them by. */
export const LOCATION_LABEL = "dagster-operator.io/code-location";
/** On pods: the hash of the pod template that they were made from. */
export const TEMPLATE_LABEL = "dagster-operator.io/template-hash";
export const MANAGED_BY = { "app.kubernetes.io/managed-by": "dagster-operator" } as const;
export const PORT = 3030;
export const CONTAINER = "code-server";

/** Immutable in a Deployment, so only what never changes. */
export const selectorLabels = (name: string): Record<string, string> => ({
  "app.kubernetes.io/name": "dagster-code-server",
  "app.kubernetes.io/instance": name,
  [LOCATION_LABEL]: name,
});

export const labelsOf = (name: string): Record<string, string> => ({
  ...selectorLabels(name),
  ...MANAGED_BY,
  "app.kubernetes.io/component": "code-server",
  "app.kubernetes.io/part-of": "dagster",
});

/** Name of its Deployment, Service and PodDisruptionBudget. Starts with a letter, as a Service's must. */
export const childName = (name: string): string => `dagster-code-${name}`;

/** What the location is called in the page: names are only unique in a namespace, and the operator's own is home. */
export const locationName = (object: { name: string; namespace: string }, home: string): string =>
  object.namespace === home ? object.name : `${object.name}.${object.namespace}`;

export const endpointOf = (object: { name: string; namespace: string }) => ({
  host: `${childName(object.name)}.${object.namespace}.svc`,
  port: PORT,
});
