import { notifications } from "@mantine/notifications";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { WriteButton } from "../access/WriteButton.tsx";
import { send } from "../graphql/client.ts";
import { ReloadLocation, ReloadWorkspace } from "../graphql/generated/operations.ts";
import { queryClient } from "../graphql/hooks.ts";
import { reportFailure } from "../runs/actions.ts";

/** Loads the definitions of one location, or of all, again. */
export function ReloadButton({ name, label }: { name: string | null; label: string }) {
  const reload = useMutation({
    mutationFn: async () => {
      if (name === null) {
        const { reloadWorkspace: answer } = await send(ReloadWorkspace, {});
        if (answer.__typename !== "Workspace") throw new Error(answer.message);
        return;
      }
      const { reloadRepositoryLocation: answer } = await send(ReloadLocation, { name });
      if (answer.__typename !== "WorkspaceLocationEntry")
        throw new Error("message" in answer ? answer.message : "The location was not reloaded.");
      if (answer.locationOrLoadError?.__typename === "PythonError")
        throw new Error(`${name} does not load: ${answer.locationOrLoadError.message.split("\n")[0]}`);
      notifications.show({ message: `${name} reloaded` });
    },
    onError: reportFailure,
    onSettled: () => queryClient.invalidateQueries(),
  });
  return (
    <WriteButton
      variant="default"
      leftSection={<IconRefresh size={15} />}
      loading={reload.isPending}
      onClick={() => reload.mutate()}
    >
      {label}
    </WriteButton>
  );
}
