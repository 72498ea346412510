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
import { setDiscovery } from "../parts/discovery-of";
import { Problem, useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { type Outcome, Results } from "../parts/results";
import { Rows } from "../parts/rows";
import { useDesk } from "../session";
import { bytes, count, counted, time, visible, words } from "../text/format";
import { fill, t } from "../text";

const enabling: Array<{ value: AutoEnableMode; label: string }> = [
  { value: "NONE", label: t.automatedDiscovery.forNoneByItself },
  { value: "NEW", label: t.automatedDiscovery.forNewAccounts },
  { value: "ALL", label: t.automatedDiscovery.forAllAccounts },
];

export function AutomatedDiscovery() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title(t.common.automatedDiscovery), [desk]);
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
            description={t.automatedDiscovery.itReadsAFewObjectsOf}
            actions={
              d &&
              (on ? (
                <Button
                  onClick={() =>
                    setQuestion({
                      title: fill(t.automatedDiscovery.disableAutomatedDiscoveryInRegion, { region: desk.region }),
                      yes: t.common.disable,
                      body: t.automatedDiscovery.noMoreObjectsAreReadWhat,
                      act: () => put("DISABLED", t.automatedDiscovery.automatedDiscoveryIsDisabled),
                    })
                  }
                >{t.common.disable}</Button>
              ) : (
                <Button variant="primary" loading={busy === "put"} onClick={() => void put("ENABLED", t.automatedDiscovery.automatedDiscoveryIsEnabled)}>{t.automatedDiscovery.enable}</Button>
              ))
            }
          >{t.common.automatedDiscovery}</Header>
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
                  { label: t.common.status, value: <StatusIndicator type={on ? "success" : "stopped"}>{words(d.status)}</StatusIndicator> },
                  { label: t.automatedDiscovery.firstEnabled, value: <When at={d.firstEnabledAt} /> },
                  { label: t.common.lastChanged, value: <When at={d.lastUpdatedAt} /> },
                  { label: t.automatedDiscovery.disabled, value: <When at={d.disabledAt} /> },
                ]}
              />
              {on && (
                <FormField label={t.automatedDiscovery.membersOfTheOrganization}>
                  <Select selectedOption={enabling.find((x) => x.value === d.autoEnableOrganizationMembers) ?? null} options={enabling} placeholder={t.automatedDiscovery.asItIs} onChange={(e) => void put("ENABLED", t.common.changed, e.detail.selectedOption.value as AutoEnableMode)} />
                </FormField>
              )}
            </SpaceBetween>
          )
        )}
      </Container>
      {d && !now.error && (
        <Tabs
          ariaLabel={t.common.automatedDiscovery}
          tabs={[
            { id: "coverage", label: t.common.coverage, content: <Coverage /> },
            { id: "cycles", label: t.automatedDiscovery.cycles, content: <Cycles /> },
            ...(d.classificationScopeId ? [{ id: "scope", label: t.automatedDiscovery.bucketsLeftOut, content: <Scope id={d.classificationScopeId} /> }] : []),
            ...(d.sensitivityInspectionTemplateId ? [{ id: "template", label: t.automatedDiscovery.whatIsLookedFor, content: <Template id={d.sensitivityInspectionTemplateId} /> }] : []),
            { id: "accounts", label: t.common.accounts, content: <AccountList /> },
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

/** The labels of the API, as the list of buckets says them. */
const labels: { [label: string]: string } = { Sensitive: t.common.sensitive, "Not sensitive": t.common.notSensitive, "Not yet analyzed": t.common.notYetAnalysed };

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
      name={t.common.coverage}
      id="discovery-coverage"
      rows={rows}
      rowId={(b) => b.accountId + "/" + b.bucketName}
      description={t.automatedDiscovery.howWellEachBucketIsKnown}
      empty={{ title: t.common.noBuckets, text: t.common.bucketsAreThoseOfTheObject }}
      columns={[
        { id: "bucket", header: t.common.bucket, value: (b) => visible(b.bucketName), cell: (b) => <To href={desk.link("buckets", b.bucketName) + "?account=" + b.accountId}><Theirs text={b.bucketName} /></To>, width: 200 },
        { id: "sensitivity", header: t.common.sensitivity, value: (b) => labels[b.sensitivityLabel] ?? visible(b.sensitivityLabel), cell: (b) => <StatusIndicator type={b.sensitivityLabel === "Sensitive" ? "warning" : b.sensitivityLabel === "Not sensitive" ? "success" : "pending"}>{(labels[b.sensitivityLabel] ?? visible(b.sensitivityLabel)) + " (" + b.sensitivityScore + ")"}</StatusIndicator>, width: 200 },
        { id: "analysed", header: t.common.analysed, value: (b) => b.analysedObjects, cell: (b) => fill(t.automatedDiscovery.analysedobjectsOfClassifiableobjects, { analysedObjects: count(b.analysedObjects), classifiableObjects: count(b.classifiableObjects) }), filter: false, width: 130 },
        { id: "sure", header: t.automatedDiscovery.sure, value: (b) => b.certainty, cell: (b) => Math.round(100 * b.certainty) + " %", filter: false, width: 90 },
        { id: "issue", header: t.common.issue, value: (b) => (b.issue ? words(b.issue) : t.common.none), width: 190 },
        { id: "remedy", header: t.common.whatToDo, value: (b) => visible(b.remedy) || "–", cell: (b) => <Theirs text={b.remedy} />, filter: false, width: 260 },
        { id: "last", header: t.automatedDiscovery.lastAnalysed, time: (b) => b.lastAnalysedAt, hidden: true },
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
      name={t.automatedDiscovery.cycles}
      id="discovery-cycles"
      query="cycles"
      rows={rows}
      rowId={(c) => String(c.cycle)}
      empty={{ title: t.automatedDiscovery.noCyclesYet, text: t.automatedDiscovery.theFirstBeginsWithinADay }}
      columns={[
        { id: "begun", header: t.automatedDiscovery.begun, time: (c) => c.begunAt },
        { id: "status", header: t.common.status, value: (c) => words(c.status), cell: (c) => <StatusIndicator type={c.status === "RUNNING" ? "in-progress" : c.status === "COMPLETE" ? "success" : "stopped"}>{words(c.status)}</StatusIndicator>, width: 130 },
        { id: "objects", header: t.common.objects, value: (c) => c.objects, cell: (c) => count(c.objects), filter: false, width: 110 },
        { id: "sensitive", header: t.common.withSensitiveData, value: (c) => c.sensitiveObjects, cell: (c) => count(c.sensitiveObjects), filter: false, width: 160 },
        { id: "skipped", header: t.automatedDiscovery.skipped, value: (c) => c.skippedObjects, cell: (c) => count(c.skippedObjects), filter: false, width: 110 },
        { id: "bytes", header: t.automatedDiscovery.read, value: (c) => c.bytes, cell: (c) => bytes(c.bytes), filter: false, width: 110 },
        { id: "ended", header: t.automatedDiscovery.ended, time: (c) => c.endedAt },
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
    <Container header={<Header variant="h2" counter={now.data ? "(" + now.data.length + ")" : undefined} description={t.automatedDiscovery.automatedDiscoveryDoesNotLookInto}>{t.automatedDiscovery.bucketsLeftOut}</Header>}>
      {now.error ? (
        <Problem error={now.error} retry={now.refresh} />
      ) : (
        <SpaceBetween size="m">
          <FormField label={t.automatedDiscovery.namesOfBuckets} description={t.common.oneALine} constraintText={fill(t.automatedDiscovery.shownOf1000, { shown: counted(lines(shown).length, t.common.countBuckets) })}>
            <Textarea value={shown} onChange={(e) => setText(e.detail.value)} rows={6} spellcheck={false} />
          </FormField>
          <Button
            disabled={text === undefined}
            loading={busy === "scope"}
            onClick={async () => {
              if (await act("scope", () => desk.caller.call("UpdateClassificationScope", { id, s3: { excludes: { bucketNames: lines(shown), operation: "REPLACE" } } }), t.common.changed)) {
                setText(undefined);
                now.refresh();
              }
            }}
          >{t.common.save}</Button>
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
        placeholder={t.automatedDiscovery.choose}
        empty={t.common.thereAreNone}
        selectedAriaLabel={t.common.chosen}
        deselectAriaLabel={(x) => fill(t.common.leaveOutLabel, { label: x.label })}
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
          description={t.automatedDiscovery.besideWhatIsBuiltInAnd}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={!draft} onClick={() => setDraft(undefined)}>{t.automatedDiscovery.undo}</Button>
              <Button
                variant="primary"
                disabled={!draft}
                loading={busy === "template"}
                onClick={async () => {
                  const ok = await act("template", () => desk.caller.call("UpdateSensitivityInspectionTemplate", { id, includes: { managedDataIdentifierIds: shown.added, customDataIdentifierIds: shown.custom, allowListIds: shown.lists }, excludes: { managedDataIdentifierIds: shown.left } }), t.common.changed);
                  if (ok) {
                    setDraft(undefined);
                    now.refresh();
                  }
                }}
              >{t.common.save}</Button>
            </SpaceBetween>
          }
        >{t.automatedDiscovery.whatIsLookedFor}</Header>
      }
    >
      {error ? (
        <Problem error={error} retry={() => { now.refresh(); names.refresh(); }} />
      ) : d && names.data ? (
        <SpaceBetween size="m">
          {pick(t.automatedDiscovery.managedIdentifiersAdded, shown.added, names.data.managed, (added) => change({ added }), t.automatedDiscovery.beyondTheRecommendedOnes)}
          {pick(t.automatedDiscovery.managedIdentifiersLeftOut, shown.left, names.data.managed, (left) => change({ left }), t.automatedDiscovery.ofTheRecommendedOnes)}
          {pick(t.common.customDataIdentifiers, shown.custom, names.data.custom, (custom) => change({ custom }), fill(t.common.customOf30, { custom: shown.custom.length }))}
          {pick(t.common.allowLists, shown.lists, names.data.lists, (lists) => change({ lists }), fill(t.common.listsOf10, { lists: shown.lists.length }))}
        </SpaceBetween>
      ) : (
        <StatusIndicator type="loading">{t.common.loading}</StatusIndicator>
      )}
    </Container>
  );
}

function AccountList() {
  const desk = useDesk();
  const [selected, setSelected] = useState<AutomatedDiscoveryAccount[]>([]);
  const [results, setResults] = useState<{ status: "ENABLED" | "DISABLED"; list: Outcome[] } | null>(null);
  const rows = useResource((o) => all(desk.caller, "ListAutomatedDiscoveryAccounts", { maxResults: 25 }, (p) => p.items, o), [desk.caller]);
  const set = async (status: "ENABLED" | "DISABLED", accounts: string[]) => {
    const list = await setDiscovery(desk.caller, accounts, status);
    if (list.some((r) => r.error)) setResults({ status, list });
    else desk.flash({ type: "success", content: fill(t.automatedDiscovery.selectedChanged, { selected: counted(list.length, t.common.countAccounts) }) });
    setSelected([]);
    rows.refresh();
  };
  const chosen = () => selected.map((a) => a.accountId ?? "");
  return (
    <>
    <Rows<AutomatedDiscoveryAccount>
      name={t.automatedDiscovery.accountsOfAutomatedDiscovery}
      id="discovery-accounts"
      query="accounts"
      rows={rows}
      rowId={(a) => a.accountId ?? ""}
      select="multi"
      selected={selected}
      onSelect={setSelected}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Button disabled={!selected.length} onClick={() => void set("DISABLED", chosen())}>{t.common.disable}</Button>
          <Button disabled={!selected.length} onClick={() => void set("ENABLED", chosen())}>{t.automatedDiscovery.enable}</Button>
        </SpaceBetween>
      }
      empty={{ title: t.common.noAccounts, text: t.automatedDiscovery.thisAccountAndItsMembersAre }}
      columns={[
        { id: "account", header: t.common.account, value: (a) => a.accountId ?? "", width: 200 },
        { id: "status", header: t.common.status, value: (a) => words(a.status), cell: (a) => <StatusIndicator type={a.status === "ENABLED" ? "success" : "stopped"}>{words(a.status)}</StatusIndicator>, width: 160 },
      ]}
    />
    {results && <Results title={t.common.automatedDiscovery} list={results.list} again={(bad) => set(results.status, bad.map((b) => b.account))} close={() => setResults(null)} />}
    </>
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
    void act("type", () => desk.caller.call("UpdateResourceProfileDetections", { resourceArn: arn, suppressDataIdentifiers: on ? [...rest, { id, type }] : rest }), on ? t.automatedDiscovery.itIsLeftOutOfThe : t.automatedDiscovery.itCountsInTheScore).then((ok) => ok && again());
  };
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            actions={p?.sensitivityScoreOverridden ? <Button onClick={() => override(undefined, t.automatedDiscovery.theScoreIsAsItIs)}>{t.automatedDiscovery.computeTheScoreAgain}</Button> : <Button onClick={() => override(100, t.automatedDiscovery.theScoreIs100UntilYou)}>{t.automatedDiscovery.setTheScoreTo100}</Button>}
          >{t.common.sensitivity}</Header>
        }
      >
        {p && (
          <KeyValuePairs
            columns={4}
            items={[
              { label: t.automatedDiscovery.score, value: (p.sensitivityScore ?? "–") + (p.sensitivityScoreOverridden ? t.automatedDiscovery.setByHand : "") },
              { label: t.common.objectsAnalysed, value: count(s?.totalItemsClassified) },
              { label: t.common.withSensitiveData, value: count(s?.totalItemsSensitive) },
              { label: t.automatedDiscovery.skipped, value: count(s?.totalItemsSkipped) },
              { label: t.automatedDiscovery.read, value: bytes(s?.totalBytesClassified) },
              { label: t.automatedDiscovery.occurrences, value: count(s?.totalDetections) },
              { label: t.automatedDiscovery.leftOutOfTheScore, value: count(s?.totalDetectionsSuppressed) },
              { label: t.common.updated, value: <When at={p.profileUpdatedAt} /> },
            ]}
          />
        )}
      </Container>
      <Container header={<Header variant="h2" counter={types.data ? "(" + types.data.length + ")" : undefined}>{t.automatedDiscovery.typesOfData}</Header>}>
        <Table
          variant="embedded"
          loading={types.loading && !types.data}
          loadingText={t.automatedDiscovery.loadingTypes}
          items={(types.data ?? []).slice(0, 100)}
          empty={t.automatedDiscovery.nothingWasFoundSoFar}
          ariaLabels={{ tableLabel: t.automatedDiscovery.typesOfData }}
          columnDefinitions={[
            { id: "name", header: t.common.type, cell: (t) => <Theirs text={t.name} />, isRowHeader: true },
            { id: "count", header: t.automatedDiscovery.occurrences, cell: (t) => count(t.count) },
            { id: "score", header: t.automatedDiscovery.inTheScore, cell: (x) => (x.suppressed ? t.common.no : t.common.yes) },
            { id: "change", header: t.automatedDiscovery.change, cell: (x) => <Button variant="inline-link" ariaLabel={(x.suppressed ? t.automatedDiscovery.countInTheScore : t.automatedDiscovery.leaveOut) + ": " + visible(x.name)} onClick={() => suppress(x.id, x.type, !x.suppressed)}>{x.suppressed ? t.automatedDiscovery.countInTheScore : t.automatedDiscovery.leaveOut}</Button> },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2" description={t.automatedDiscovery.objectsThatWereLookedIntoLately}>{t.automatedDiscovery.objectSamples}</Header>}>
        <Table
          variant="embedded"
          loading={samples.loading && !samples.data}
          loadingText={t.automatedDiscovery.loadingSamples}
          items={(samples.data ?? []).slice(0, 100)}
          empty={t.automatedDiscovery.noneSoFar}
          ariaLabels={{ tableLabel: t.automatedDiscovery.objectSamples }}
          columnDefinitions={[
            { id: "object", header: t.common.object, cell: (x) => <Theirs text={x.arn?.replace(/^arn:[^:]*:s3:::/, "")} />, isRowHeader: true },
            { id: "sensitive", header: t.common.sensitive, cell: (x) => (x.sensitive ? t.common.yes : t.common.no) },
            { id: "result", header: t.common.result, cell: (x) => words(x.classificationResultStatus) },
          ]}
        />
      </Container>
      <Box variant="small">{fill(t.automatedDiscovery.asOfProfileupdatedat, { profileUpdatedAt: time(p?.profileUpdatedAt) })}</Box>
    </SpaceBetween>
  );
}
