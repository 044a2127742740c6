import {
  keepPreviousData,
  QueryClient,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { RequestError, send } from "./client.ts";
import type { Operation } from "./generated/operations.ts";

/** How often to ask again, in milliseconds; react-query pauses all of it while the tab is hidden. */
export const LIVE = 2000;
const CALM = 15_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      retry: (count, error) => error instanceof RequestError && error.status === 0 && count < 1,
      refetchOnWindowFocus: true,
    },
  },
});

interface Options<R> {
  /** Milliseconds between two polls, false for none, or a choice made from the last answer. */
  readonly every?: number | false | ((data: R | undefined) => number | false);
  readonly enabled?: boolean;
}

export function keyOf(operation: { readonly name: string }, variables: unknown): readonly unknown[] {
  return [operation.name, variables];
}

/** A polled GraphQL query; keeps showing the last answer while variables change. */
export function useGraphQL<R, V>(
  operation: Operation<R, V>,
  variables: V,
  options: Options<R> = {},
): UseQueryResult<R> {
  const { every = CALM, enabled = true } = options;
  return useQuery<R>({
    queryKey: keyOf(operation, variables),
    queryFn: ({ signal }) => send(operation, variables, signal),
    refetchInterval: typeof every === "function" ? (query) => every(query.state.data) : every,
    enabled,
    placeholderData: keepPreviousData,
  });
}

/** A mutation; afterwards the named queries are asked again. */
export function useSend<R, V>(
  operation: Operation<R, V>,
  refresh: ReadonlyArray<{ readonly name: string }> = [],
): UseMutationResult<R, Error, V> {
  const client = useQueryClient();
  return useMutation<R, Error, V>({
    mutationFn: (variables) => send(operation, variables),
    onSettled: () => Promise.all(refresh.map(({ name }) => client.invalidateQueries({ queryKey: [name] }))),
  });
}
