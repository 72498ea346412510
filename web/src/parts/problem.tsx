// What went wrong, in the server's words, and what can be done.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { CallError } from "../api/call";
import { visible } from "../text/format";
import { useDesk } from "../session";
import { tell } from "./dialog";
import { fill, t } from "../text";
import { useResource } from "./resource";

export function Problem({ error, retry }: { error: CallError | undefined; retry?: () => void }) {
  const desk = useDesk();
  const [busy, setBusy] = useState(false);
  if (!error) return null;
  if (error.notEnabled)
    return (
      <Alert
        type="info"
        header={fill(t.problem.macieIsNotEnabledInRegion, { region: desk.region })}
        action={
          <Button
            loading={busy}
            onClick={async () => {
              setBusy(true);
              try {
                await desk.caller.call("EnableMacie", {});
                desk.flash({ type: "success", content: fill(t.problem.macieIsEnabledInRegion, { region: desk.region }) });
                retry?.();
              } catch (e) {
                desk.flash({ type: "error", content: visible((e as Error).message) });
              } finally {
                setBusy(false);
              }
            }}
          >{t.problem.enableMacie}</Button>
        }
      >{fill(t.problem.accountAccountHasNotEnabledIt, { account: desk.account })}</Alert>
    );
  if (error.notAllowed) {
    const action = /perform: (\S+)/.exec(error.message)?.[1];
    return (
      <Alert type="warning" header={action ? fill(t.problem.youMayNotDoAction, { action }) : t.problem.youMayNotDoThis}>
        <SpaceBetween size="xs">
          <span>{visible(error.message)}</span>
          <span>{t.problem.whoeverRunsThisServiceCanAttach}</span>
        </SpaceBetween>
      </Alert>
    );
  }
  if (error.notForMembers) return <Alert type="info" header={t.problem.theAdministratorDoesThis}>{visible(error.message)}</Alert>;
  if (error.notBuilt)
    return (
      <Alert type="info" header={t.common.notBuiltYet}>{fill(t.problem.thisServerDoesNotDoOperation, { operation: error.operation })}</Alert>
    );
  return (
    <Alert type={error.status === 404 ? "info" : "error"} header={error.status === 404 ? t.problem.thatIsNotHere : error.kind === "Cancelled" ? t.problem.notLoaded : error.status === 0 ? t.common.theServerCannotBeReached : t.problem.thatDidNotWork} action={retry && error.status !== 404 && <Button onClick={retry}>{t.common.tryAgain}</Button>}>
      <div>{visible(error.message)}</div>
      {error.requestId && (
        <Box variant="small" color="inherit">{fill(t.problem.requestRequestid, { requestId: error.requestId })}{" "}
          <Button variant="inline-icon" iconName="copy" ariaLabel={t.problem.copyTheRequestId} onClick={() => void navigator.clipboard?.writeText(error.requestId).then(() => desk.flash({ type: "success", content: t.problem.theRequestIdIsCopied }))} /></Box>
      )}
    </Alert>
  );
}

/** A page that is about one thing, which could not be had: what it is, and why not. */
export function NoPage({ title, error, retry }: { title: ReactNode; error: CallError; retry: () => void }) {
  return (
    <SpaceBetween size="l">
      <Header variant="h1">{title}</Header>
      <Problem error={error} retry={retry} />
    </SpaceBetween>
  );
}

/** Above a form that asks nothing before it is sent: where Macie is not enabled that is said first, not when all is filled in. */
export function WhereOff() {
  const desk = useDesk();
  const session = useResource((o) => desk.caller.call("GetMacieSession", {}, o), [desk.caller]);
  return session.error?.notEnabled ? <Problem error={session.error} retry={session.refresh} /> : null;
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
      const content = visible(error.message) + (error.requestId ? fill(t.problem.requestRequestid2, { requestId: error.requestId }) : "");
      if (!tell(content)) desk.flash({ type: "error", header: t.problem.thatDidNotWork, content });
      return false;
    } finally {
      setBusy("");
    }
  };
  return { act, busy };
}
