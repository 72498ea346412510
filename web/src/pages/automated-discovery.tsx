// Automated discovery: whether it looks, into what, and what it has learnt of each bucket.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Tabs from "@cloudscape-design/components/tabs";
import Textarea from "@cloudscape-design/components/textarea";
import { useEffect, useState } from "react";
import { all } from "../api/call";
import type { AutoEnableMode, AutomatedDiscoveryAccount } from "../api/macie2.gen";
import { Theirs, To, When } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { Problem, useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { useDesk } from "../session";
import { bytes, count, counted, time, visible, words } from "../text/format";

const enabling: Array<{ value: AutoEnableMode; label: string }> = [
  { value: "NONE", label: "For none by itself" },
  { value: "NEW", label: "For new accounts" },
  { value: "ALL", label: "For all accounts" },
];

export function AutomatedDiscovery() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title("Automated discovery"), [desk]);
  const now = useResource((o) => desk.caller.call("GetAutomatedDiscoveryConfiguration", {}, o), [desk.caller]);
  const d = now.data;
  const on = d?.status === "ENABLED";
  const put = (status: "ENABLED" | "DISABLED", said: string, mode = d?.autoEnableOrganizationMembers) =>
    act("put", () => desk.caller.call("UpdateAutomatedDiscoveryConfiguration", { status, ...(mode ? { autoEnableOrganizationMembers: mode } : {}) }), said).then((ok) => {
      if (ok) now.refresh();
    });
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h1"
            description="It reads a few objects of every bucket each day, and learns where sensitive data lies."
            actions={
              d &&
              (on ? (
                <Button
                  onClick={() =>
                    setQuestion({
                      title: "Disable automated discovery in " + desk.region + "?",
                      yes: "Disable",
                      body: "No more objects are read. What was learnt of the buckets, and their scores, are kept for 30 days and then deleted; enabled again before, it goes on where it was.",
                      act: () => put("DISABLED", "Automated discovery is disabled."),
                    })
                  }
                >
                  Disable
                </Button>
              ) : (
                <Button variant="primary" loading={busy === "put"} onClick={() => void put("ENABLED", "Automated discovery is enabled.")}>
                  Enable
                </Button>
              ))
            }
          >
            Automated discovery
          </Header>
        }
      >
        {now.error ? (
          <Problem error={now.error} retry={now.refresh} />
        ) : (
          d && (
            <SpaceBetween size="m">
              <KeyValuePairs
                columns={4}
                items={[
                  { label: "Status", value: <StatusIndicator type={on ? "success" : "stopped"}>{words(d.status)}</StatusIndicator> },
                  { label: "First enabled", value: <When at={d.firstEnabledAt} /> },
                  { label: "Last changed", value: <When at={d.lastUpdatedAt} /> },
                  { label: "Disabled", value: <When at={d.disabledAt} /> },
                ]}
              />
              {on && (
                <FormField label="Members of the organization">
                  <Select selectedOption={enabling.find((x) => x.value === d.autoEnableOrganizationMembers) ?? null} options={enabling} placeholder="As it is" onChange={(e) => void put("ENABLED", "Changed.", e.detail.selectedOption.value as AutoEnableMode)} />
                </FormField>
              )}
            </SpaceBetween>
          )
        )}
      </Container>
      {d && !now.error && (
        <Tabs
          ariaLabel="Automated discovery"
          tabs={[
            { id: "coverage", label: "Coverage", content: <Coverage /> },
            { id: "cycles", label: "Cycles", content: <Cycles /> },
            ...(d.classificationScopeId ? [{ id: "scope", label: "Buckets left out", content: <Scope id={d.classificationScopeId} /> }] : []),
            ...(d.sensitivityInspectionTemplateId ? [{ id: "template", label: "What is looked for", content: <Template id={d.sensitivityInspectionTemplateId} /> }] : []),
            { id: "accounts", label: "Accounts", content: <AccountList /> },
          ]}
        />
      )}
      <Confirm question={question} close={() => setQuestion(null)} />
    </SpaceBetween>
  );
}

interface Known {
  accountId: string;
  bucketName: string;
  sensitivityScore: number;
  sensitivityLabel: string;
  lastAnalysedAt?: string;
  issue?: string;
  reason?: string;
  remedy?: string;
  classifiableObjects: number;
  analysedObjects: number;
  sensitiveObjects: number;
  certainty: number;
}

function Coverage() {
  const desk = useDesk();
  const rows = useResource(
    async (o) => {
      const list: Known[] = [];
      let token = "";
      do {
        const page = await desk.caller.own<{ buckets: Known[]; nextToken?: string }>("GET", "discovery/coverage" + (token ? "?nextToken=" + encodeURIComponent(token) : ""), undefined, o);
        list.push(...page.buckets);
        token = page.nextToken ?? "";
      } while (token && list.length < 10_000);
      return list;
    },
    [desk.caller],
  );
  return (
    <Rows<Known>
      name="Coverage"
      id="discovery-coverage"
      rows={rows}
      rowId={(b) => b.accountId + "/" + b.bucketName}
      description="How well each bucket is known, and what stands in the way."
      empty={{ title: "No buckets", text: "Buckets are those of the object stores that the operator has connected." }}
      columns={[
        { id: "bucket", header: "Bucket", value: (b) => visible(b.bucketName), cell: (b) => <To href={desk.link("buckets", b.bucketName) + "?account=" + b.accountId}><Theirs text={b.bucketName} /></To>, width: 200 },
        { id: "sensitivity", header: "Sensitivity", value: (b) => b.sensitivityLabel, cell: (b) => <StatusIndicator type={b.sensitivityLabel === "Sensitive" ? "warning" : b.sensitivityLabel === "Not sensitive" ? "success" : "pending"}>{b.sensitivityLabel + " (" + b.sensitivityScore + ")"}</StatusIndicator>, width: 200 },
        { id: "analysed", header: "Analysed", value: (b) => b.analysedObjects, cell: (b) => count(b.analysedObjects) + " of " + count(b.classifiableObjects), filter: false, width: 130 },
        { id: "sure", header: "Sure", value: (b) => b.certainty, cell: (b) => Math.round(100 * b.certainty) + " %", filter: false, width: 90 },
        { id: "issue", header: "Issue", value: (b) => (b.issue ? words(b.issue) : "None"), width: 160 },
        { id: "remedy", header: "What to do", value: (b) => visible(b.remedy) || "–", cell: (b) => <Theirs text={b.remedy} />, filter: false, width: 260 },
        { id: "last", header: "Last analysed", time: (b) => b.lastAnalysedAt, hidden: true },
      ]}
    />
  );
}

interface Cycle {
  cycle: number;
  status: string;
  begunAt: string;
  endedAt?: string;
  bytes: number;
  requests: number;
  objects: number;
  sensitiveObjects: number;
  skippedObjects: number;
}

function Cycles() {
  const desk = useDesk();
  const rows = useResource(async (o) => (await desk.caller.own<{ cycles: Cycle[] }>("GET", "discovery/cycles", undefined, o)).cycles, [desk.caller], 60_000);
  return (
    <Rows<Cycle>
      name="Cycles"
      id="discovery-cycles"
      query="cycles"
      rows={rows}
      rowId={(c) => String(c.cycle)}
      empty={{ title: "No cycles yet", text: "The first begins within a day after automated discovery is enabled." }}
      columns={[
        { id: "begun", header: "Begun", time: (c) => c.begunAt },
        { id: "status", header: "Status", value: (c) => words(c.status), cell: (c) => <StatusIndicator type={c.status === "RUNNING" ? "in-progress" : c.status === "COMPLETE" ? "success" : "stopped"}>{words(c.status)}</StatusIndicator>, width: 130 },
        { id: "objects", header: "Objects", value: (c) => c.objects, cell: (c) => count(c.objects), filter: false, width: 110 },
        { id: "sensitive", header: "With sensitive data", value: (c) => c.sensitiveObjects, cell: (c) => count(c.sensitiveObjects), filter: false, width: 160 },
        { id: "skipped", header: "Skipped", value: (c) => c.skippedObjects, cell: (c) => count(c.skippedObjects), filter: false, width: 110 },
        { id: "bytes", header: "Read", value: (c) => c.bytes, cell: (c) => bytes(c.bytes), filter: false, width: 110 },
        { id: "ended", header: "Ended", time: (c) => c.endedAt },
      ]}
    />
  );
}

const lines = (text: string) => [...new Set(text.split(/[\n,]/).map((x) => x.trim()).filter(Boolean))];

function Scope({ id }: { id: string }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [text, setText] = useState<string>();
  const now = useResource(async (o) => (await desk.caller.call("GetClassificationScope", { id }, o)).s3?.excludes?.bucketNames ?? [], [desk.caller, id]);
  const shown = text ?? (now.data ?? []).join("\n");
  return (
    <Container header={<Header variant="h2" counter={now.data ? "(" + now.data.length + ")" : undefined} description="Automated discovery does not look into them. Jobs do.">Buckets left out</Header>}>
      {now.error ? (
        <Problem error={now.error} retry={now.refresh} />
      ) : (
        <SpaceBetween size="m">
          <FormField label="Names of buckets" description="One a line" constraintText={counted(lines(shown).length, "bucket") + " of 1,000"}>
            <Textarea value={shown} onChange={(e) => setText(e.detail.value)} rows={6} spellcheck={false} />
          </FormField>
          <Button
            disabled={text === undefined}
            loading={busy === "scope"}
            onClick={async () => {
              if (await act("scope", () => desk.caller.call("UpdateClassificationScope", { id, s3: { excludes: { bucketNames: lines(shown), operation: "REPLACE" } } }), "Changed.")) {
                setText(undefined);
                now.refresh();
              }
            }}
          >
            Save
          </Button>
        </SpaceBetween>
      )}
    </Container>
  );
}

function Template({ id }: { id: string }) {
  const desk = useDesk();
  const now = useResource((o) => desk.caller.call("GetSensitivityInspectionTemplate", { id }, o), [desk.caller, id]);
  const names = useResource(
    async (o) => {
      const [custom, lists, managed] = await Promise.all([
        all(desk.caller, "ListCustomDataIdentifiers", { maxResults: 25 }, (p) => p.items, o),
        all(desk.caller, "ListAllowLists", { maxResults: 25 }, (p) => p.allowLists, o),
        all(desk.caller, "ListManagedDataIdentifiers", {}, (p) => p.items, o),
      ]);
      return { custom: custom.map((c) => ({ value: c.id!, label: visible(c.name) })), lists: lists.map((l) => ({ value: l.id!, label: visible(l.name) })), managed: managed.map((m) => ({ value: m.id!, label: words(m.id) })) };
    },
    [desk.caller],
  );
  const { act, busy } = useAct();
  const [draft, setDraft] = useState<{ added: string[]; left: string[]; custom: string[]; lists: string[] }>();
  const d = now.data;
  const kept = { added: d?.includes?.managedDataIdentifierIds ?? [], left: d?.excludes?.managedDataIdentifierIds ?? [], custom: d?.includes?.customDataIdentifierIds ?? [], lists: d?.includes?.allowListIds ?? [] };
  const shown = draft ?? kept;
  const change = (c: Partial<typeof kept>) => setDraft({ ...shown, ...c });
  const pick = (label: string, ids: string[], options: Array<{ value: string; label: string }>, set: (ids: string[]) => void, most: string) => (
    <FormField label={label} constraintText={most}>
      <Multiselect
        selectedOptions={ids.map((x) => options.find((o) => o.value === x) ?? { value: x, label: visible(x) })}
        options={options}
        filteringType="auto"
        virtualScroll
        tokenLimit={10}
        placeholder="Choose"
        empty="There are none."
        selectedAriaLabel="Chosen"
        deselectAriaLabel={(x) => "Leave out " + x.label}
        onChange={(e) => set(e.detail.selectedOptions.map((x) => x.value!))}
      />
    </FormField>
  );
  const error = now.error ?? names.error;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Beside what is built in and recommended. What changes here counts for objects that are looked at from now on."
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={!draft} onClick={() => setDraft(undefined)}>Undo</Button>
              <Button
                variant="primary"
                disabled={!draft}
                loading={busy === "template"}
                onClick={async () => {
                  const ok = await act("template", () => desk.caller.call("UpdateSensitivityInspectionTemplate", { id, includes: { managedDataIdentifierIds: shown.added, customDataIdentifierIds: shown.custom, allowListIds: shown.lists }, excludes: { managedDataIdentifierIds: shown.left } }), "Changed.");
                  if (ok) {
                    setDraft(undefined);
                    now.refresh();
                  }
                }}
              >
                Save
              </Button>
            </SpaceBetween>
          }
        >
          What is looked for
        </Header>
      }
    >
      {error ? (
        <Problem error={error} retry={() => { now.refresh(); names.refresh(); }} />
      ) : d && names.data ? (
        <SpaceBetween size="m">
          {pick("Managed identifiers added", shown.added, names.data.managed, (added) => change({ added }), "Beyond the recommended ones")}
          {pick("Managed identifiers left out", shown.left, names.data.managed, (left) => change({ left }), "Of the recommended ones")}
          {pick("Custom data identifiers", shown.custom, names.data.custom, (custom) => change({ custom }), shown.custom.length + " of 30")}
          {pick("Allow lists", shown.lists, names.data.lists, (lists) => change({ lists }), shown.lists.length + " of 10")}
        </SpaceBetween>
      ) : (
        <StatusIndicator type="loading">Loading</StatusIndicator>
      )}
    </Container>
  );
}

function AccountList() {
  const desk = useDesk();
  const { act } = useAct();
  const [selected, setSelected] = useState<AutomatedDiscoveryAccount[]>([]);
  const rows = useResource((o) => all(desk.caller, "ListAutomatedDiscoveryAccounts", { maxResults: 25 }, (p) => p.items, o), [desk.caller]);
  const set = async (status: "ENABLED" | "DISABLED") => {
    const ok = await act("accounts", async () => {
      const r = await desk.caller.call("BatchUpdateAutomatedDiscoveryAccounts", { accounts: selected.map((a) => ({ accountId: a.accountId, status })) });
      const bad = r.errors ?? [];
      if (bad.length) throw new Error(bad.map((e) => e.accountId + ": " + words(e.errorCode)).join(", "));
    }, counted(selected.length, "account") + " changed.");
    if (ok) setSelected([]);
    rows.refresh();
  };
  return (
    <Rows<AutomatedDiscoveryAccount>
      name="Accounts of automated discovery"
      id="discovery-accounts"
      query="accounts"
      rows={rows}
      rowId={(a) => a.accountId ?? ""}
      select="multi"
      selected={selected}
      onSelect={setSelected}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button disabled={!selected.length} onClick={() => void set("DISABLED")}>Disable</Button>
          <Button disabled={!selected.length} onClick={() => void set("ENABLED")}>Enable</Button>
        </SpaceBetween>
      }
      empty={{ title: "No accounts", text: "This account and its members are listed here." }}
      columns={[
        { id: "account", header: "Account", value: (a) => a.accountId ?? "", width: 200 },
        { id: "status", header: "Status", value: (a) => words(a.status), cell: (a) => <StatusIndicator type={a.status === "ENABLED" ? "success" : "stopped"}>{words(a.status)}</StatusIndicator>, width: 160 },
      ]}
    />
  );
}

/** What automated discovery has learnt of one bucket: its score, and the types that count in it. */
export function Sensitivity({ arn }: { arn: string }) {
  const desk = useDesk();
  const { act } = useAct();
  const profile = useResource((o) => desk.caller.call("GetResourceProfile", { resourceArn: arn }, o), [desk.caller, arn]);
  const types = useResource((o) => all(desk.caller, "ListResourceProfileDetections", { resourceArn: arn, maxResults: 200 }, (p) => p.detections, o), [desk.caller, arn]);
  const samples = useResource((o) => all(desk.caller, "ListResourceProfileArtifacts", { resourceArn: arn }, (p) => p.artifacts, o), [desk.caller, arn]);
  const p = profile.data, s = p?.statistics;
  const again = () => {
    profile.refresh();
    types.refresh();
  };
  if (profile.error) return profile.error.status === 404 || profile.error.status === 400 ? <Alert type="info">{visible(profile.error.message)}</Alert> : <Problem error={profile.error} retry={again} />;
  const override = (score: number | undefined, said: string) => void act("score", () => desk.caller.call("UpdateResourceProfile", { resourceArn: arn, ...(score === undefined ? {} : { sensitivityScoreOverride: score }) }), said).then((ok) => ok && again());
  const suppress = (id: string | undefined, type: "CUSTOM" | "MANAGED" | undefined, on: boolean) => {
    const rest = (types.data ?? []).filter((t) => t.suppressed && t.id !== id).map((t) => ({ id: t.id, type: t.type }));
    void act("type", () => desk.caller.call("UpdateResourceProfileDetections", { resourceArn: arn, suppressDataIdentifiers: on ? [...rest, { id, type }] : rest }), on ? "It is left out of the score." : "It counts in the score.").then((ok) => ok && again());
  };
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            actions={p?.sensitivityScoreOverridden ? <Button onClick={() => override(undefined, "The score is as it is computed.")}>Compute the score again</Button> : <Button onClick={() => override(100, "The score is 100 until you say otherwise.")}>Set the score to 100</Button>}
          >
            Sensitivity
          </Header>
        }
      >
        {p && (
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Score", value: (p.sensitivityScore ?? "–") + (p.sensitivityScoreOverridden ? " (set by hand)" : "") },
              { label: "Objects analysed", value: count(s?.totalItemsClassified) },
              { label: "With sensitive data", value: count(s?.totalItemsSensitive) },
              { label: "Skipped", value: count(s?.totalItemsSkipped) },
              { label: "Read", value: bytes(s?.totalBytesClassified) },
              { label: "Occurrences", value: count(s?.totalDetections) },
              { label: "Left out of the score", value: count(s?.totalDetectionsSuppressed) },
              { label: "Updated", value: <When at={p.profileUpdatedAt} /> },
            ]}
          />
        )}
      </Container>
      <Container header={<Header variant="h2" counter={types.data ? "(" + types.data.length + ")" : undefined}>Types of data</Header>}>
        <Table
          variant="embedded"
          loading={types.loading && !types.data}
          loadingText="Loading types"
          items={(types.data ?? []).slice(0, 100)}
          empty="Nothing was found so far."
          ariaLabels={{ tableLabel: "Types of data" }}
          columnDefinitions={[
            { id: "name", header: "Type", cell: (t) => <Theirs text={t.name} />, isRowHeader: true },
            { id: "count", header: "Occurrences", cell: (t) => count(t.count) },
            { id: "score", header: "In the score", cell: (t) => (t.suppressed ? "No" : "Yes") },
            { id: "change", header: "Change", cell: (t) => <Button variant="inline-link" ariaLabel={(t.suppressed ? "Count in the score" : "Leave out") + ": " + visible(t.name)} onClick={() => suppress(t.id, t.type, !t.suppressed)}>{t.suppressed ? "Count in the score" : "Leave out"}</Button> },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2" description="Objects that were looked into lately.">Object samples</Header>}>
        <Table
          variant="embedded"
          loading={samples.loading && !samples.data}
          loadingText="Loading samples"
          items={(samples.data ?? []).slice(0, 100)}
          empty="None so far."
          ariaLabels={{ tableLabel: "Object samples" }}
          columnDefinitions={[
            { id: "object", header: "Object", cell: (x) => <Theirs text={x.arn?.replace(/^arn:[^:]*:s3:::/, "")} />, isRowHeader: true },
            { id: "sensitive", header: "Sensitive", cell: (x) => (x.sensitive ? "Yes" : "No") },
            { id: "result", header: "Result", cell: (x) => words(x.classificationResultStatus) },
          ]}
        />
      </Container>
      <Box variant="small">As of {time(p?.profileUpdatedAt)}.</Box>
    </SpaceBetween>
  );
}
