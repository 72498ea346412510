// Add accounts: which, what is wrong with them, the message and the Regions, and what became of each.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FileUpload from "@cloudscape-design/components/file-upload";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import Wizard from "@cloudscape-design/components/wizard";
import { useEffect, useMemo, useRef, useState } from "react";
import { CallError, each } from "../api/call";
import { RegionsField } from "../parts/regions";
import { useResource } from "../parts/resource";
import { navigate, setGuard } from "../route";
import { readLines } from "../lines";
import { useDesk } from "../session";
import { counted, csv, save, visible } from "../text/format";
import { inviteAll, loadMembers } from "./accounts";

interface Result {
  account: string;
  email: string;
  region: string;
  state: "waiting" | "done" | "failed";
  said: string;
}

export function AddAccounts() {
  const desk = useDesk();
  const [text, setText] = useState("");
  const [files, setFiles] = useState<File[]>([]);
  const [step, setStep] = useState(0);
  const [message, setMessage] = useState("");
  const [invite, setInvite] = useState(true);
  const [mail, setMail] = useState(true);
  const [regions, setRegions] = useState<string[]>([desk.region]);
  const [results, setResults] = useState<Result[] | null>(null);
  const [running, setRunning] = useState(false);
  const stop = useRef(false);
  useEffect(() => desk.title("Add accounts"), [desk]);
  useEffect(() => {
    setGuard(text && !results ? () => confirm("What you have typed here is lost. Go on?") : null);
    return () => setGuard(null);
  }, [text, results]);
  const members = useResource((o) => loadMembers(desk.caller, o), [desk.caller]);
  const known = useMemo(() => new Set((members.data ?? []).map((m) => m.accountId)), [members.data]);
  const lines = useMemo(() => readLines(text, known, desk.account), [text, known, desk.account]);
  const good = lines.filter((l) => !l.fault);
  const bad = lines.filter((l) => l.fault);
  const length = [...message].length;

  const run = async (only?: Result[]) => {
    stop.current = false;
    setRunning(true);
    const list: Result[] = only ? results! : good.flatMap((l) => regions.map((region) => ({ account: l.account, email: l.email, region, state: "waiting" as const, said: "" })));
    const todo = only ?? list;
    for (const r of todo) Object.assign(r, { state: "waiting", said: "" });
    setResults([...list]);
    let shown = Date.now();
    await each(
      todo,
      4,
      async (r) => {
        try {
          await desk.caller.in(r.region).call("CreateMember", { account: { accountId: r.account, email: r.email } });
          Object.assign(r, { state: "done", said: "Added" });
        } catch (e) {
          const error = e as CallError;
          if (invite && /already/.test(error.message)) Object.assign(r, { state: "done", said: "Was added already" });
          else Object.assign(r, { state: "failed", said: error.message });
        }
        if (Date.now() - shown > 300) {
          shown = Date.now();
          setResults([...list]);
        }
      },
      () => stop.current,
    );
    if (invite)
      for (const region of regions) {
        const those = todo.filter((r) => r.region === region && r.state === "done");
        if (!those.length || stop.current) continue;
        const said = await inviteAll(desk.caller.in(region), those.map((r) => r.account), message, !mail);
        said.forEach((s, i) => Object.assign(those[i]!, s.error ? { state: "failed", said: s.error } : { state: "done", said: those[i]!.said + ", invited" }));
      }
    for (const r of todo) if (r.state === "waiting") Object.assign(r, { state: "failed", said: "Stopped before it was tried." });
    setResults([...list]);
    setRunning(false);
  };

  if (results) {
    const failed = results.filter((r) => r.state === "failed");
    const over = results.filter((r) => r.state !== "waiting").length;
    return (
      <Container
        header={
          <Header
            variant="h1"
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                {running && <Button onClick={() => (stop.current = true)}>Stop</Button>}
                {!running && failed.length > 0 && <Button onClick={() => void run(failed)}>Try failed again</Button>}
                <Button onClick={() => save("added-accounts.csv", "text/csv", csv([["Account ID", "Email", "Region", "Result", "Reason"], ...results.map((r) => [r.account, r.email, r.region, r.state, r.said])]))}>Save as CSV</Button>
                <Button variant="primary" disabled={running} onClick={() => navigate(desk.link("accounts"))}>Done</Button>
              </SpaceBetween>
            }
          >
            Add accounts
          </Header>
        }
      >
        <SpaceBetween size="m">
          <ProgressBar label="Accounts" description={over + " of " + results.length} value={results.length ? (100 * over) / results.length : 100} status={running ? "in-progress" : failed.length ? "error" : "success"} resultText={results.length - failed.length + " done, " + failed.length + " not"} />
          <Table<Result>
            variant="embedded"
            wrapLines
            ariaLabels={{ tableLabel: "Results" }}
            items={[...failed, ...results.filter((r) => r.state !== "failed")].slice(0, 100)}
            columnDefinitions={[
              { id: "account", header: "Account", cell: (r) => r.account, isRowHeader: true, width: 150 },
              { id: "region", header: "Region", cell: (r) => r.region, width: 130 },
              { id: "result", header: "Result", width: 460, cell: (r) => <StatusIndicator type={r.state === "done" ? "success" : r.state === "failed" ? "error" : "pending"}>{r.said ? visible(r.said) : "Waiting"}</StatusIndicator> },
            ]}
          />
          {results.length > 100 && <Box variant="small">The first 100 are shown; the file has all {results.length}.</Box>}
        </SpaceBetween>
      </Container>
    );
  }

  return (
    <>
      <Header variant="h1" description="They are added to your list; an account becomes a member when it accepts the invitation.">
        Add accounts
      </Header>
      <Wizard
        activeStepIndex={step}
        onNavigate={(e) => {
          if (e.detail.requestedStepIndex > 0 && !lines.length) return;
          if (e.detail.requestedStepIndex > 1 && !good.length) return;
          setStep(e.detail.requestedStepIndex);
        }}
        onCancel={() => navigate(desk.link("accounts"))}
        onSubmit={() => void run()}
        i18nStrings={{ stepNumberLabel: (n) => "Step " + n, collapsedStepsLabel: (n, all) => "Step " + n + " of " + all, cancelButton: "Cancel", previousButton: "Previous", nextButton: "Next", submitButton: invite ? "Add and invite" : "Add", optional: "optional", navigationAriaLabel: "Steps" }}
        steps={[
          {
            title: "Accounts",
            content: (
              <Container>
                <SpaceBetween size="m">
                  <FormField label="Accounts" description="One a line: account ID and email address, with a comma, a tab or a space between. A heading is understood." constraintText={text ? counted(lines.length, "line") + (bad.length ? ", " + counted(bad.length, "fault") : "") : undefined}>
                    <Textarea value={text} onChange={(e) => setText(e.detail.value)} rows={10} spellcheck={false} placeholder={"444455556666,workload@example.com"} autoFocus />
                  </FormField>
                  <FormField label="Or a CSV file" description="Such as Account ID,Email">
                    <FileUpload
                      value={files}
                      accept=".csv,.txt,text/csv,text/plain"
                      onChange={async (e) => {
                        setFiles(e.detail.value);
                        const f = e.detail.value[0];
                        if (f) setText(f.size > 4 << 20 ? "" : await f.text());
                      }}
                      i18nStrings={{ uploadButtonText: () => "Choose file", dropzoneText: () => "Drop the file here", removeFileAriaLabel: (n) => "Remove file " + (n + 1), limitShowFewer: "Show fewer", limitShowMore: "Show more", errorIconAriaLabel: "Error", warningIconAriaLabel: "Warning" }}
                      showFileSize
                      errorText={files[0] && files[0].size > 4 << 20 ? "The file is larger than 4 MiB." : undefined}
                    />
                  </FormField>
                </SpaceBetween>
              </Container>
            ),
          },
          {
            title: "Check",
            content: (
              <SpaceBetween size="m">
                {bad.length > 0 && <Alert type={good.length ? "warning" : "error"} header={counted(bad.length, "line is", "lines are") + " left out"}>Go back and mend them, or go on without them.</Alert>}
                <Table
                  variant="container"
                  header={<Header variant="h2" counter={"(" + good.length + " of " + lines.length + ")"}>Accounts to add</Header>}
                  ariaLabels={{ tableLabel: "Accounts to add" }}
                  items={[...bad, ...good].slice(0, 100)}
                  loading={members.loading && !members.data}
                  loadingText="Comparing with your list"
                  columnDefinitions={[
                    { id: "line", header: "Line", cell: (l) => l.n, width: 80 },
                    { id: "account", header: "Account", cell: (l) => visible(l.account), isRowHeader: true, width: 170 },
                    { id: "email", header: "Email", cell: (l) => visible(l.email), width: 260 },
                    { id: "check", header: "Check", cell: (l) => <StatusIndicator type={l.fault ? "error" : "success"}>{l.fault || "Good"}</StatusIndicator>, width: 360 },
                  ]}
                />
                {lines.length > 100 && <Box variant="small">The first 100 of {lines.length} are shown, those with faults first.</Box>}
              </SpaceBetween>
            ),
          },
          {
            title: "Message and Regions",
            content: (
              <Container>
                <SpaceBetween size="m">
                  <Checkbox checked={invite} onChange={(e) => setInvite(e.detail.checked)}>Invite them at once</Checkbox>
                  <FormField label={<>Message <i>- optional</i></>} constraintText={length + " of 80 characters"} errorText={length > 80 ? "At most 80 characters." : undefined}>
                    <Input value={message} disabled={!invite} onChange={(e) => setMessage(e.detail.value)} />
                  </FormField>
                  <Checkbox checked={mail} disabled={!invite} onChange={(e) => setMail(e.detail.checked)} description="The invitation is in their console either way.">Tell them by mail</Checkbox>
                  <RegionsField value={regions} onChange={setRegions} />
                  <Box variant="p">
                    {counted(good.length, "account")} in {counted(regions.length, "Region")}: {counted(good.length * regions.length, "call")} to add{invite ? ", then the invitations" : ""}.
                  </Box>
                </SpaceBetween>
              </Container>
            ),
          },
        ]}
      />
    </>
  );
}
