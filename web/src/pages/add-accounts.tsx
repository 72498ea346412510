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
import { WhereOff } from "../parts/problem";
import { RegionsField } from "../parts/regions";
import { useResource } from "../parts/resource";
import { navigate, setGuard } from "../route";
import { readLines } from "../lines";
import { useDesk } from "../session";
import { counted, csv, save, visible } from "../text/format";
import { inviteAll, loadMembers } from "./accounts";
import { fill, rich, t } from "../text";

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
  useEffect(() => desk.title(t.common.addAccounts), [desk]);
  useEffect(() => {
    setGuard(text && !results ? () => confirm(t.common.whatYouHaveTypedHereIs) : null);
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
          Object.assign(r, { state: "done", said: t.addAccounts.added });
        } catch (e) {
          const error = e as CallError;
          if (invite && /already/.test(error.message)) Object.assign(r, { state: "done", said: t.addAccounts.wasAddedAlready });
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
        said.forEach((s, i) => Object.assign(those[i]!, s.error ? { state: "failed", said: s.error } : { state: "done", said: fill(t.addAccounts.saidInvited, { said: those[i]!.said }) }));
      }
    for (const r of todo) if (r.state === "waiting") Object.assign(r, { state: "failed", said: t.addAccounts.stoppedBeforeItWasTried });
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
                {running && <Button onClick={() => (stop.current = true)}>{t.addAccounts.stop}</Button>}
                {!running && failed.length > 0 && <Button onClick={() => void run(failed)}>{t.addAccounts.tryFailedAgain}</Button>}
                <Button onClick={() => save("added-accounts.csv", "text/csv", csv([[t.common.accountId, t.common.email, t.common.region, t.common.result, t.common.reason], ...results.map((r) => [r.account, r.email, r.region, r.state, r.said])]))}>{t.common.saveAsCsv}</Button>
                <Button variant="primary" disabled={running} onClick={() => navigate(desk.link("accounts"))}>{t.common.done}</Button>
              </SpaceBetween>
            }
          >{t.common.addAccounts}</Header>
        }
      >
        <SpaceBetween size="m">
          <ProgressBar label={t.common.accounts} description={fill(t.addAccounts.overOfResults, { over, results: results.length })} value={results.length ? (100 * over) / results.length : 100} status={running ? "in-progress" : failed.length ? "error" : "success"} resultText={fill(t.addAccounts.resultsDoneFailedNot, { results: results.length - failed.length, failed: failed.length })} />
          <Table<Result>
            variant="embedded"
            wrapLines
            ariaLabels={{ tableLabel: t.common.results }}
            items={[...failed, ...results.filter((r) => r.state !== "failed")].slice(0, 100)}
            columnDefinitions={[
              { id: "account", header: t.common.account, cell: (r) => r.account, isRowHeader: true, width: 150 },
              { id: "region", header: t.common.region, cell: (r) => r.region, width: 130 },
              { id: "result", header: t.common.result, width: 460, cell: (r) => <StatusIndicator type={r.state === "done" ? "success" : r.state === "failed" ? "error" : "pending"}>{r.said ? visible(r.said) : t.addAccounts.waiting}</StatusIndicator> },
            ]}
          />
          {results.length > 100 && <Box variant="small">{fill(t.addAccounts.theFirst100AreShownThe, { results: results.length })}</Box>}
        </SpaceBetween>
      </Container>
    );
  }

  return (
    <>
      <Header variant="h1" description={t.addAccounts.theyAreAddedToYourList}>{t.common.addAccounts}</Header>
      <WhereOff />
      <Wizard
        activeStepIndex={step}
        onNavigate={(e) => {
          if (e.detail.requestedStepIndex > 0 && !lines.length) return;
          if (e.detail.requestedStepIndex > 1 && !good.length) return;
          setStep(e.detail.requestedStepIndex);
        }}
        onCancel={() => navigate(desk.link("accounts"))}
        onSubmit={() => void run()}
        i18nStrings={{ stepNumberLabel: (n) => fill(t.common.stepN, { n }), collapsedStepsLabel: (n, all) => fill(t.addAccounts.stepNOfAll, { n, all }), cancelButton: t.common.cancel, previousButton: t.common.previous, nextButton: t.common.next, submitButton: invite ? t.addAccounts.addAndInvite : t.addAccounts.add, optional: t.common.optionalStep, navigationAriaLabel: t.common.steps }}
        steps={[
          {
            title: t.common.accounts,
            content: (
              <Container>
                <SpaceBetween size="m">
                  <FormField label={t.common.accounts} description={t.addAccounts.oneALineAccountIdAnd} constraintText={text ? counted(lines.length, t.addAccounts.countLines) + (bad.length ? ", " + counted(bad.length, t.addAccounts.countFaults) : "") : undefined}>
                    <Textarea value={text} onChange={(e) => setText(e.detail.value)} rows={10} spellcheck={false} placeholder={"444455556666,workload@example.com"} autoFocus />
                  </FormField>
                  <FormField label={t.addAccounts.orACsvFile} description={t.addAccounts.suchAsAccountIdEmail}>
                    <FileUpload
                      value={files}
                      accept=".csv,.txt,text/csv,text/plain"
                      onChange={async (e) => {
                        setFiles(e.detail.value);
                        const f = e.detail.value[0];
                        if (f) setText(f.size > 4 << 20 ? "" : await f.text());
                      }}
                      i18nStrings={{ uploadButtonText: () => t.addAccounts.chooseFile, dropzoneText: () => t.addAccounts.dropTheFileHere, removeFileAriaLabel: (n) => fill(t.addAccounts.removeFileNValue, { n, value: 1 }), limitShowFewer: t.addAccounts.showFewer, limitShowMore: t.addAccounts.showMore, errorIconAriaLabel: "Error", warningIconAriaLabel: t.addAccounts.warning }}
                      showFileSize
                      errorText={files[0] && files[0].size > 4 << 20 ? t.addAccounts.theFileIsLargerThan4 : undefined}
                    />
                  </FormField>
                </SpaceBetween>
              </Container>
            ),
          },
          {
            title: t.addAccounts.check,
            content: (
              <SpaceBetween size="m">
                {bad.length > 0 && <Alert type={good.length ? "warning" : "error"} header={fill(t.addAccounts.badLeftOut, { bad: counted(bad.length, t.addAccounts.countLinesAre) })}>{t.addAccounts.goBackAndMendThemOr}</Alert>}
                <Table
                  variant="container"
                  wrapLines
                  header={<Header variant="h2" counter={fill(t.addAccounts.goodOfLines, { good: good.length, lines: lines.length })}>{t.addAccounts.accountsToAdd}</Header>}
                  ariaLabels={{ tableLabel: t.addAccounts.accountsToAdd }}
                  items={[...bad, ...good].slice(0, 100)}
                  loading={members.loading && !members.data}
                  loadingText={t.addAccounts.comparingWithYourList}
                  columnDefinitions={[
                    { id: "line", header: t.addAccounts.line, cell: (l) => l.n, width: 80 },
                    { id: "account", header: t.common.account, cell: (l) => visible(l.account), isRowHeader: true, width: 170 },
                    { id: "email", header: t.common.email, cell: (l) => visible(l.email), width: 260 },
                    { id: "check", header: t.addAccounts.check, cell: (l) => <StatusIndicator type={l.fault ? "error" : "success"}>{l.fault || t.addAccounts.good}</StatusIndicator>, width: 360 },
                  ]}
                />
                {lines.length > 100 && <Box variant="small">{fill(t.addAccounts.theFirst100OfLinesAre, { lines: lines.length })}</Box>}
              </SpaceBetween>
            ),
          },
          {
            title: t.addAccounts.messageAndRegions,
            content: (
              <Container>
                <SpaceBetween size="m">
                  <Checkbox checked={invite} onChange={(e) => setInvite(e.detail.checked)}>{t.addAccounts.inviteThemAtOnce}</Checkbox>
                  <FormField label={<>{rich(t.common.messageI, { i: <i>{t.common.optional}</i> })}</>} constraintText={fill(t.common.lengthOf80Characters, { length })} errorText={length > 80 ? t.common.atMost80Characters : undefined}>
                    <Input value={message} disabled={!invite} onChange={(e) => setMessage(e.detail.value)} />
                  </FormField>
                  <Checkbox checked={mail} disabled={!invite} onChange={(e) => setMail(e.detail.checked)} description={t.common.theInvitationIsInTheirConsole}>{t.common.tellThemByMail}</Checkbox>
                  <RegionsField value={regions} onChange={setRegions} />
                  <Box variant="p">{fill(t.addAccounts.goodInRegionsGood2ToAdd, { good: counted(good.length, t.common.countAccounts), regions: counted(regions.length, t.addAccounts.countRegions), good2: counted(good.length * regions.length, t.addAccounts.countCalls), invite: invite ? t.addAccounts.thenTheInvitations : "" })}</Box>
                </SpaceBetween>
              </Container>
            ),
          },
        ]}
      />
    </>
  );
}
