// What went wrong, in the server's words, and what can be done.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { CallError } from "../api/call";
import { visible } from "../text/format";
import { useDesk } from "../session";

export function Problem({ error, retry }: { error: CallError | undefined; retry?: () => void }) {
  const desk = useDesk();
  const [busy, setBusy] = useState(false);
  if (!error) return null;
  if (error.notEnabled)
    return (
      <Alert
        type="info"
        header={"Macie is not enabled in " + desk.region}
        action={
          <Button
            loading={busy}
            onClick={async () => {
              setBusy(true);
              try {
                await desk.caller.call("EnableMacie", {});
                desk.flash({ type: "success", content: "Macie is enabled in " + desk.region + "." });
                retry?.();
              } catch (e) {
                desk.flash({ type: "error", content: visible((e as Error).message) });
              } finally {
                setBusy(false);
              }
            }}
          >
            Enable Macie
          </Button>
        }
      >
        Account {desk.account} has not enabled it in this Region. Enabling it gives nobody else any rights.
      </Alert>
    );
  if (error.notAllowed) {
    const action = /perform: (\S+)/.exec(error.message)?.[1];
    return (
      <Alert type="warning" header={action ? "You may not do " + action : "You may not do this"}>
        <SpaceBetween size="xs">
          <span>{visible(error.message)}</span>
          <span>Whoever runs this service can attach a policy with that action to your access key or role.</span>
        </SpaceBetween>
      </Alert>
    );
  }
  if (error.notBuilt)
    return (
      <Alert type="info" header="Not built yet">
        This server does not do {error.operation} yet.
      </Alert>
    );
  return (
    <Alert type="error" header={error.kind === "Cancelled" ? "Not loaded" : error.status === 0 ? "The server cannot be reached" : "That did not work"} action={retry && <Button onClick={retry}>Try again</Button>}>
      <div>{visible(error.message)}</div>
      {error.requestId && (
        <Box variant="small" color="inherit">
          Request {error.requestId}{" "}
          <Button variant="inline-icon" iconName="copy" ariaLabel="Copy the request ID" onClick={() => void navigator.clipboard?.writeText(error.requestId).then(() => desk.flash({ type: "success", content: "The request ID is copied." }))} />
        </Box>
      )}
    </Alert>
  );
}

/** Shows the outcome of a change: done, or in the server's words why not. */
export function useAct() {
  const desk = useDesk();
  const [busy, setBusy] = useState("");
  const act = async (name: string, fn: () => Promise<unknown>, done?: string): Promise<boolean> => {
    setBusy(name);
    try {
      await fn();
      if (done) desk.flash({ type: "success", content: done });
      return true;
    } catch (e) {
      const error = e as CallError;
      desk.flash({ type: "error", header: "That did not work", content: visible(error.message) + (error.requestId ? " (request " + error.requestId + ")" : "") });
      return false;
    } finally {
      setBusy("");
    }
  };
  return { act, busy };
}
