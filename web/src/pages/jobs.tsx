// Jobs: what runs, what ran, what failed, and why.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Tabs from "@cloudscape-design/components/tabs";
import { useEffect, useState } from "react";
import { all } from "../api/call";
import type { DescribeClassificationJobResponse, JobScopeTerm, JobStatus, JobSummary } from "../api/macie2.gen";
import { Theirs, To, When } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { jobWords, JobState } from "../parts/job-state";
import { NoPage, useAct } from "../parts/problem";
import { useLastRuns } from "../parts/last-runs";
import { useResource } from "../parts/resource";
import { Rows, writeFilter } from "../parts/rows";
import { EditableTags } from "../parts/tags";
import { navigate } from "../route";
import { useDesk } from "../session";
import { bytes, count, counted, visible, words } from "../text/format";
import { FindingsOf } from "./findings";
import { fill, rich, t } from "../text";

const can = {
  pause: (s: string | undefined) => s === "RUNNING" || s === "IDLE",
  resume: (s: string | undefined) => s === "USER_PAUSED" || s === "PAUSED",
  cancel: (s: string | undefined) => s !== "CANCELLED" && s !== "COMPLETE",
};

const bucketsOf = (j: JobSummary) => (j.bucketDefinitions?.length ? counted(j.bucketDefinitions.reduce((n, d) => n + d.buckets.length, 0), t.common.countBuckets) : t.common.byCriteria);

function useChange(again: () => void) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  const change = (id: string, jobStatus: JobStatus, said: string) => act(jobStatus, () => desk.caller.call("UpdateClassificationJob", { jobId: id, jobStatus }), said).then((ok) => { if (ok) again(); });
  const cancel = (id: string, name: string) =>
    setQuestion({ title: fill(t.jobs.cancelName, { name }), yes: t.jobs.cancelJob, warning: t.common.thisCannotBeUndone, body: t.jobs.theRunStopsWhatItHas, act: () => change(id, "CANCELLED", t.jobs.theJobIsCancelled) });
  return { change, cancel, busy, question, close: () => setQuestion(null) };
}

export function Jobs() {
  const desk = useDesk();
  const [selected, setSelected] = useState<JobSummary[]>([]);
  useEffect(() => desk.title(t.common.jobs), [desk]);
  const jobs = useResource((o) => all(desk.caller, "ListClassificationJobs", { maxResults: 200, sortCriteria: { attributeName: "createdAt", orderBy: "DESC" } }, (p) => p.items, { ...o, most: 5000 }), [desk.caller], (l) => (l.some((j) => j.jobStatus === "RUNNING") ? 15_000 : 60_000));
  const runs = useLastRuns();
  const { change, cancel, question, close } = useChange(() => {
    setSelected([]);
    jobs.refresh();
  });
  const one = jobs.data?.find((j) => j.jobId === selected[0]?.jobId);
  return (
    <>
      <Rows<JobSummary>
        h1
        name={t.common.jobs}
        id="jobs"
        description={t.jobs.theyLookForSensitiveDataIn}
        rows={jobs}
        onShown={runs.see}
        complete={runs.complete}
        rowId={(j) => j.jobId ?? ""}
        select="single"
        selected={one ? [one] : []}
        onSelect={setSelected}
        selectionName={(j) => visible(j.name)}
        empty={{ title: t.common.noJobs, text: t.jobs.aJobLooksIntoTheObjects, action: <Button onClick={() => navigate(desk.link("jobs", "create"))}>{t.common.createJob}</Button> }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ButtonDropdown
              disabled={!one}
              items={[
                { id: "duplicate", text: t.common.duplicate },
                { id: "pause", text: t.jobs.pause, disabled: !can.pause(one?.jobStatus) },
                { id: "resume", text: t.common.resume, disabled: !can.resume(one?.jobStatus) },
                { id: "cancel", text: t.common.cancel, disabled: !can.cancel(one?.jobStatus) },
              ]}
              onItemClick={(e) => {
                const id = one!.jobId!;
                if (e.detail.id === "duplicate") navigate(desk.link("jobs", "create") + "?from=" + encodeURIComponent(id));
                if (e.detail.id === "pause") void change(id, "USER_PAUSED", t.jobs.theJobIsPausedItCan);
                if (e.detail.id === "resume") void change(id, "RUNNING", t.jobs.theJobGoesOn);
                if (e.detail.id === "cancel") cancel(id, visible(one!.name));
              }}
            >{t.common.actions}</ButtonDropdown>
            <Button variant="primary" onClick={() => navigate(desk.link("jobs", "create"))}>{t.common.createJob}</Button>
          </SpaceBetween>
        }
        columns={[
          { id: "name", header: t.common.name, value: (j) => visible(j.name), cell: (j) => <To href={desk.link("jobs", j.jobId ?? "")}><Theirs text={j.name} /></To>, width: 250 },
          { id: "status", header: t.common.status, value: (j) => jobWords[j.jobStatus ?? ""]?.text ?? "", cell: (j) => <JobState status={j.jobStatus} />, width: 180 },
          { id: "type", header: t.common.type, value: (j) => (j.jobType === "SCHEDULED" ? t.jobs.scheduled : t.jobs.once), width: 110 },
          { id: "buckets", header: t.common.buckets, value: bucketsOf, width: 120 },
          { id: "last", header: t.common.lastRun, time: runs.of, sort: false },
          { id: "error", header: t.jobs.lastError, value: (j) => (j.lastRunErrorStatus?.code === "ERROR" ? t.jobs.partsFailed : "–"), cell: (j) => (j.lastRunErrorStatus?.code === "ERROR" ? <StatusIndicator type="warning">{t.jobs.partsFailed}</StatusIndicator> : "–"), width: 130 },
          { id: "created", header: t.common.created, time: (j) => j.createdAt, hidden: true },
        ]}
      />
      <Confirm question={question} close={close} />
    </>
  );
}

interface JobEvent {
  eventType: string;
  occurredAt: string;
  description: string;
  detail?: string;
  operation?: string;
  affectedAccount?: string;
  affectedResource?: { type: string; value: string };
}

interface Progress {
  run: number;
  expectedObjects: number;
  seenObjects: number;
  resultObjects: number;
  analysedBytes: number;
  sensitiveObjects: number;
  unanalysedObjects: { [reason: string]: number };
  startedAt?: string;
}

export function Job({ id }: { id: string }) {
  const desk = useDesk();
  const job = useResource((o) => desk.caller.call("DescribeClassificationJob", { jobId: id }, o), [desk.caller, id], (j) => (j.jobStatus === "RUNNING" ? 5000 : 60_000));
  const running = job.data?.jobStatus === "RUNNING";
  const progress = useResource((o) => desk.caller.own<Progress>("GET", "jobs/" + encodeURIComponent(id) + "/progress", undefined, o), [desk.caller, id, running], running ? 5000 : 0);
  const events = useResource(
    async (o) => {
      const list: JobEvent[] = [];
      let token = "";
      do {
        const page = await desk.caller.own<{ events: JobEvent[]; nextToken?: string }>("GET", "jobs/" + encodeURIComponent(id) + "/events" + (token ? "?nextToken=" + encodeURIComponent(token) : ""), undefined, o);
        list.push(...page.events);
        token = page.nextToken ?? "";
      } while (token && list.length < 2000);
      return list;
    },
    [desk.caller, id, running],
    running ? 15_000 : 0,
  );
  const severity = useResource(
    async (o) => (desk.built("GetFindingStatistics") ? ((await desk.caller.call("GetFindingStatistics", { groupBy: "severity.description", findingCriteria: { criterion: { "classificationDetails.jobId": { eq: [id] } } } }, o)).countsByGroup ?? []) : undefined),
    [desk.caller, id, running],
    running ? 15_000 : 0,
  );
  const { change, cancel, busy, question, close } = useChange(job.refresh);
  useEffect(() => desk.title(job.data?.name ? fill(t.jobs.jobName, { name: visible(job.data.name) }) : t.common.job), [desk, job.data?.name]);
  if (job.error) return <NoPage title={t.common.job} error={job.error} retry={job.refresh} />;
  const j = job.data;
  if (!j) return <Header variant="h1">{t.common.loading}</Header>;
  const p = progress.data;
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h1"
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                {can.pause(j.jobStatus) && <Button loading={busy === "USER_PAUSED"} onClick={() => void change(id, "USER_PAUSED", t.jobs.theJobIsPausedItCan)}>{t.jobs.pause}</Button>}
                {can.resume(j.jobStatus) && <Button loading={busy === "RUNNING"} onClick={() => void change(id, "RUNNING", t.jobs.theJobGoesOn)}>{t.common.resume}</Button>}
                {can.cancel(j.jobStatus) && <Button onClick={() => cancel(id, visible(j.name))}>{t.jobs.cancelJob}</Button>}
                <Button onClick={() => navigate(desk.link("jobs", "create") + "?from=" + encodeURIComponent(id))}>{t.common.duplicate}</Button>
              </SpaceBetween>
            }
          >
            <Theirs text={j.name} />
          </Header>
        }
      >
        <SpaceBetween size="m">
          {j.lastRunErrorStatus?.code === "ERROR" && <Alert type="warning">{t.jobs.partsOfTheLastRunFailed}</Alert>}
          {j.userPausedDetails?.jobExpiresAt && <Alert type="info">{rich(t.jobs.itIsCancelledOnJobexpiresatUnless, { jobExpiresAt: <When at={j.userPausedDetails.jobExpiresAt} /> })}</Alert>}
          {running && p && (
            <ProgressBar
              label={fill(t.jobs.runRun, { run: p.run })}
              description={fill(t.jobs.resultobjectsObjectsAnalysedOrSkippedWith, { resultObjects: count(p.resultObjects), analysedBytes: bytes(p.analysedBytes) })}
              value={p.expectedObjects ? Math.min(100, (100 * p.seenObjects) / p.expectedObjects) : 0}
              additionalInfo={p.expectedObjects ? fill(t.jobs.seenobjectsOfAboutExpectedobjectsObjectsSeen, { seenObjects: count(p.seenObjects), expectedObjects: count(p.expectedObjects) }) : fill(t.jobs.seenobjectsObjectsSeen, { seenObjects: count(p.seenObjects) })}
            />
          )}
          <KeyValuePairs
            columns={4}
            items={[
              { label: t.common.status, value: <JobState status={j.jobStatus} /> },
              { label: t.common.type, value: j.jobType === "SCHEDULED" ? schedule(j) : t.jobs.once },
              { label: t.jobs.runs, value: count(j.statistics?.numberOfRuns) },
              { label: t.common.lastRun, value: <When at={j.lastRunTime} /> },
              { label: t.common.created, value: <When at={j.createdAt} /> },
              ...(j.statistics?.approximateNumberOfObjectsToProcess ? [{ label: t.jobs.objectsToProcessAbout, value: count(j.statistics.approximateNumberOfObjectsToProcess) }] : []),
              { label: t.jobs.resultsOfTheLastRun, value: p ? fill(t.jobs.resultobjectsObjects, { resultObjects: count(p.resultObjects) }) : "–" },
              { label: t.common.withSensitiveData, value: p ? count(p.sensitiveObjects) : "–" },
              { label: t.jobs.notOrNotWhollyAnalysed, value: p && Object.keys(p.unanalysedObjects ?? {}).length ? <>{Object.entries(p.unanalysedObjects).map(([reason, n]) => <div key={reason}>{count(n)} {words(reason).toLowerCase()}</div>)}</> : "–" },
              ...(severity.data ? [{ label: t.jobs.findingsBySeverity, value: <>{["High", "Medium", "Low"].map((x) => <div className="line" key={x}><To href={desk.link("findings") + "?job=" + encodeURIComponent(id) + "&filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: x }] }))}>{x + ": " + count(severity.data!.find((g) => g.groupKey === x)?.count ?? 0)}</To></div>)}</> }] : []),
              { label: t.jobs.readInTheLastRun, value: p ? bytes(p.analysedBytes) : "–" },
            ]}
          />
        </SpaceBetween>
      </Container>
      <Tabs
        ariaLabel={t.common.job}
        tabs={[
          ...(desk.built("ListFindings") ? [{ id: "findings", label: t.common.findings, content: <FindingsOf key={String(running)} name={t.jobs.findingsOfThisJob} criterion={{ "classificationDetails.jobId": { eq: [id] } }} /> }] : []),
          {
            id: "log",
            label: t.jobs.log,
            content: (
              <Rows<JobEvent>
                name={t.jobs.log}
                id="job-log"
                query="log"
                rows={events}
                rowId={(e) => e.occurredAt + e.eventType + (e.affectedResource?.value ?? "") + e.description}
                empty={{ title: t.jobs.noEvents, text: t.jobs.whatHappensToTheJobAnd }}
                columns={[
                  { id: "time", header: t.common.time, time: (e) => e.occurredAt },
                  { id: "event", header: t.common.event, value: (e) => words(e.eventType), width: 200 },
                  { id: "description", header: t.jobs.whatHappened, value: (e) => visible(e.description), cell: (e) => <Theirs text={e.description} />, filter: false, width: 330 },
                  { id: "resource", header: t.common.onWhat, value: (e) => visible(e.affectedResource?.value ?? e.affectedAccount ?? "") || "–", width: 200 },
                  { id: "detail", header: t.common.whatTheStoreSaid, value: (e) => visible(e.detail) || "–", filter: false, width: 240, hidden: true },
                ]}
              />
            ),
          },
          { id: "settings", label: t.common.settings, content: <JobSettings job={j} again={job.refresh} /> },
        ]}
      />
      <Confirm question={question} close={close} />
    </SpaceBetween>
  );
}

function schedule(j: DescribeClassificationJobResponse): string {
  const f = j.scheduleFrequency;
  if (f?.weeklySchedule) return fill(t.jobs.weeklyOnDayofweek, { dayOfWeek: words(f.weeklySchedule.dayOfWeek) });
  if (f?.monthlySchedule) return fill(t.jobs.monthlyOnDayDayofmonth, { dayOfMonth: f.monthlySchedule.dayOfMonth });
  return t.jobs.daily;
}

/** A condition on objects in words. */
export function term(of: JobScopeTerm): string {
  const s = of.simpleScopeTerm;
  const comparators: { [key: string]: string } = { EQ: "is", NE: t.common.isNot, STARTS_WITH: t.jobs.beginsWith, GT: t.common.isMoreThan, GTE: t.common.isAtLeast, LT: t.common.isLessThan, LTE: t.common.isAtMost, CONTAINS: "contains" };
  if (s) return words(s.key).replace(t.jobs.object, "").toLowerCase() + " " + (comparators[s.comparator ?? ""] ?? s.comparator) + " " + (s.values ?? []).map(visible).join(t.common.or);
  return fill(t.jobs.tagComparatorsTagvalues, { comparators: (comparators[of.tagScopeTerm?.comparator ?? ""] ?? ""), tagValues: (of.tagScopeTerm?.tagValues ?? []).map((v) => visible(v.key) + "=" + visible(v.value)).join(t.common.or) });
}

function JobSettings({ job: j, again }: { job: DescribeClassificationJobResponse; again: () => void }) {
  const desk = useDesk();
  const d = j.s3JobDefinition;
  const selector: { [key: string]: string } = { ALL: t.common.all, RECOMMENDED: t.common.recommended, NONE: t.common.none, INCLUDE: t.common.these, EXCLUDE: t.common.allButThese };
  return (
    <Container>
      <SpaceBetween size="m">
        <KeyValuePairs
          columns={2}
          items={[
            { label: t.common.description, value: <Theirs text={j.description} /> },
            { label: t.common.depth, value: fill(t.jobs.samplingpercentageOfTheObjects, { samplingPercentage: (j.samplingPercentage ?? 100) }) },
            {
              label: t.common.buckets,
              value: d?.bucketDefinitions?.length ? (
                <>
                  {d.bucketDefinitions.map((b) => (
                    <div key={b.accountId}>
                      {b.accountId}: {b.buckets.slice(0, 50).map((n, i) => <span key={n}>{i ? ", " : ""}<To href={desk.link("buckets", n) + "?account=" + b.accountId}><Theirs text={n} /></To></span>)}
                      {b.buckets.length > 50 ? " …" : ""}
                    </div>
                  ))}
                </>
              ) : (
                <div className="mono">{visible(JSON.stringify(d?.bucketCriteria ?? {}))}</div>
              ),
            },
            { label: t.jobs.managedIdentifiers, value: (selector[j.managedDataIdentifierSelector ?? "RECOMMENDED"] ?? "") + (j.managedDataIdentifierIds?.length ? ": " + j.managedDataIdentifierIds.join(", ") : "") },
            { label: t.jobs.objectsIncluded, value: d?.scoping?.includes?.and?.map(term).join(t.common.and) || t.common.all },
            { label: t.jobs.objectsLeftOut, value: d?.scoping?.excludes?.and?.map(term).join(t.common.and) || t.common.none },
            { label: t.common.customDataIdentifiers, value: j.customDataIdentifierIds?.length ? <>{j.customDataIdentifierIds.map((i) => <div key={i}><To href={desk.link("custom-data-identifiers", i)}>{i}</To></div>)}</> : t.common.none },
            { label: t.common.allowLists, value: j.allowListIds?.length ? <>{j.allowListIds.map((i) => <div key={i}><To href={desk.link("allow-lists", i)}>{i}</To></div>)}</> : t.common.none },
            { label: t.common.tags, value: <EditableTags arn={j.jobArn} name={visible(j.name)} tags={j.tags ?? {}} refresh={again} /> },
            { label: "ARN", value: <span className="mono">{visible(j.jobArn)}</span> },
          ]}
        />
        <Box variant="small">{t.jobs.aJobCannotBeChangedOnce}</Box>
      </SpaceBetween>
    </Container>
  );
}
