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
import { Problem, useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { Rows, writeFilter } from "../parts/rows";
import { Tags } from "../parts/tags";
import { navigate } from "../route";
import { useDesk } from "../session";
import { bytes, count, counted, visible, words } from "../text/format";
import { FindingsOf } from "./findings";

const can = {
  pause: (s: string | undefined) => s === "RUNNING" || s === "IDLE",
  resume: (s: string | undefined) => s === "USER_PAUSED" || s === "PAUSED",
  cancel: (s: string | undefined) => s !== "CANCELLED" && s !== "COMPLETE",
};

const bucketsOf = (j: JobSummary) => (j.bucketDefinitions?.length ? counted(j.bucketDefinitions.reduce((n, d) => n + d.buckets.length, 0), "bucket") : "By criteria");

function useChange(again: () => void) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  const change = (id: string, jobStatus: JobStatus, said: string) => act(jobStatus, () => desk.caller.call("UpdateClassificationJob", { jobId: id, jobStatus }), said).then((ok) => { if (ok) again(); });
  const cancel = (id: string, name: string) =>
    setQuestion({ title: "Cancel " + name + "?", yes: "Cancel job", warning: "This cannot be undone.", body: "The run stops. What it has found so far stays; what it has not looked at stays unknown. A cancelled job cannot be resumed, but it can be duplicated.", act: () => change(id, "CANCELLED", "The job is cancelled.") });
  return { change, cancel, busy, question, close: () => setQuestion(null) };
}

export function Jobs() {
  const desk = useDesk();
  const [selected, setSelected] = useState<JobSummary[]>([]);
  useEffect(() => desk.title("Jobs"), [desk]);
  const jobs = useResource((o) => all(desk.caller, "ListClassificationJobs", { maxResults: 200, sortCriteria: { attributeName: "createdAt", orderBy: "DESC" } }, (p) => p.items, { ...o, most: 5000 }), [desk.caller], (l) => (l.some((j) => j.jobStatus === "RUNNING") ? 15_000 : 60_000));
  const { change, cancel, question, close } = useChange(() => {
    setSelected([]);
    jobs.refresh();
  });
  const one = jobs.data?.find((j) => j.jobId === selected[0]?.jobId);
  return (
    <>
      <Rows<JobSummary>
        h1
        name="Jobs"
        id="jobs"
        description="They look for sensitive data in the objects of buckets."
        rows={jobs}
        rowId={(j) => j.jobId ?? ""}
        select="single"
        selected={one ? [one] : []}
        onSelect={setSelected}
        selectionName={(j) => visible(j.name)}
        empty={{ title: "No jobs", text: "A job looks into the objects of the buckets that you choose, once or again and again.", action: <Button onClick={() => navigate(desk.link("jobs", "create"))}>Create job</Button> }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ButtonDropdown
              disabled={!one}
              items={[
                { id: "duplicate", text: "Duplicate" },
                { id: "pause", text: "Pause", disabled: !can.pause(one?.jobStatus) },
                { id: "resume", text: "Resume", disabled: !can.resume(one?.jobStatus) },
                { id: "cancel", text: "Cancel", disabled: !can.cancel(one?.jobStatus) },
              ]}
              onItemClick={(e) => {
                const id = one!.jobId!;
                if (e.detail.id === "duplicate") navigate(desk.link("jobs", "create") + "?from=" + encodeURIComponent(id));
                if (e.detail.id === "pause") void change(id, "USER_PAUSED", "The job is paused. It can be resumed within 30 days.");
                if (e.detail.id === "resume") void change(id, "RUNNING", "The job goes on.");
                if (e.detail.id === "cancel") cancel(id, visible(one!.name));
              }}
            >
              Actions
            </ButtonDropdown>
            <Button variant="primary" onClick={() => navigate(desk.link("jobs", "create"))}>Create job</Button>
          </SpaceBetween>
        }
        columns={[
          { id: "name", header: "Name", value: (j) => visible(j.name), cell: (j) => <To href={desk.link("jobs", j.jobId ?? "")}><Theirs text={j.name} /></To>, width: 280 },
          { id: "status", header: "Status", value: (j) => jobWords[j.jobStatus ?? ""]?.text ?? "", cell: (j) => <JobState status={j.jobStatus} />, width: 180 },
          { id: "type", header: "Type", value: (j) => (j.jobType === "SCHEDULED" ? "Scheduled" : "Once"), width: 110 },
          { id: "buckets", header: "Buckets", value: bucketsOf, width: 120 },
          { id: "error", header: "Last run", value: (j) => (j.lastRunErrorStatus?.code === "ERROR" ? "Parts failed" : "–"), cell: (j) => (j.lastRunErrorStatus?.code === "ERROR" ? <StatusIndicator type="warning">Parts failed</StatusIndicator> : "–"), width: 130 },
          { id: "created", header: "Created", time: (j) => j.createdAt },
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
  useEffect(() => desk.title(job.data?.name ? "Job " + visible(job.data.name) : "Job"), [desk, job.data?.name]);
  if (job.error) return <Problem error={job.error} retry={job.refresh} />;
  const j = job.data;
  if (!j) return <Header variant="h1">Loading</Header>;
  const p = progress.data;
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h1"
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                {can.pause(j.jobStatus) && <Button loading={busy === "USER_PAUSED"} onClick={() => void change(id, "USER_PAUSED", "The job is paused. It can be resumed within 30 days.")}>Pause</Button>}
                {can.resume(j.jobStatus) && <Button loading={busy === "RUNNING"} onClick={() => void change(id, "RUNNING", "The job goes on.")}>Resume</Button>}
                {can.cancel(j.jobStatus) && <Button onClick={() => cancel(id, visible(j.name))}>Cancel job</Button>}
                <Button onClick={() => navigate(desk.link("jobs", "create") + "?from=" + encodeURIComponent(id))}>Duplicate</Button>
              </SpaceBetween>
            }
          >
            <Theirs text={j.name} />
          </Header>
        }
      >
        <SpaceBetween size="m">
          {j.lastRunErrorStatus?.code === "ERROR" && <Alert type="warning">Parts of the last run failed. The log below says which, and why.</Alert>}
          {j.userPausedDetails?.jobExpiresAt && <Alert type="info">It is cancelled on <When at={j.userPausedDetails.jobExpiresAt} /> unless it is resumed.</Alert>}
          {running && p && (
            <ProgressBar
              label={"Run " + p.run}
              description={count(p.resultObjects) + " objects analysed or skipped with a reason, " + bytes(p.analysedBytes) + " read"}
              value={p.expectedObjects ? Math.min(100, (100 * p.seenObjects) / p.expectedObjects) : 0}
              additionalInfo={p.expectedObjects ? count(p.seenObjects) + " of about " + count(p.expectedObjects) + " objects seen" : count(p.seenObjects) + " objects seen"}
            />
          )}
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Status", value: <JobState status={j.jobStatus} /> },
              { label: "Type", value: j.jobType === "SCHEDULED" ? schedule(j) : "Once" },
              { label: "Runs", value: count(j.statistics?.numberOfRuns) },
              { label: "Last run", value: <When at={j.lastRunTime} /> },
              { label: "Created", value: <When at={j.createdAt} /> },
              ...(j.statistics?.approximateNumberOfObjectsToProcess ? [{ label: "Objects to process, about", value: count(j.statistics.approximateNumberOfObjectsToProcess) }] : []),
              { label: "Results of the last run", value: p ? count(p.resultObjects) + " objects" : "–" },
              { label: "With sensitive data", value: p ? count(p.sensitiveObjects) : "–" },
              { label: "Not, or not wholly, analysed", value: p && Object.keys(p.unanalysedObjects ?? {}).length ? <>{Object.entries(p.unanalysedObjects).map(([reason, n]) => <div key={reason}>{count(n)} {words(reason).toLowerCase()}</div>)}</> : "–" },
              ...(severity.data ? [{ label: "Findings by severity", value: <>{["High", "Medium", "Low"].map((x) => <div className="line" key={x}><To href={desk.link("findings") + "?job=" + encodeURIComponent(id) + "&filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: x }] }))}>{x + ": " + count(severity.data!.find((g) => g.groupKey === x)?.count ?? 0)}</To></div>)}</> }] : []),
              { label: "Read in the last run", value: p ? bytes(p.analysedBytes) : "–" },
            ]}
          />
        </SpaceBetween>
      </Container>
      <Tabs
        ariaLabel="Job"
        tabs={[
          ...(desk.built("ListFindings") ? [{ id: "findings", label: "Findings", content: <FindingsOf key={String(running)} name="Findings of this job" criterion={{ "classificationDetails.jobId": { eq: [id] } }} /> }] : []),
          {
            id: "log",
            label: "Log",
            content: (
              <Rows<JobEvent>
                name="Log"
                id="job-log"
                query="log"
                rows={events}
                rowId={(e) => e.occurredAt + e.eventType + (e.affectedResource?.value ?? "") + e.description}
                empty={{ title: "No events", text: "What happens to the job and its runs is shown here." }}
                columns={[
                  { id: "time", header: "Time", time: (e) => e.occurredAt },
                  { id: "event", header: "Event", value: (e) => words(e.eventType), width: 200 },
                  { id: "description", header: "What happened", value: (e) => visible(e.description), cell: (e) => <Theirs text={e.description} />, filter: false, width: 330 },
                  { id: "resource", header: "On what", value: (e) => visible(e.affectedResource?.value ?? e.affectedAccount ?? "") || "–", width: 200 },
                  { id: "detail", header: "What the store said", value: (e) => visible(e.detail) || "–", filter: false, width: 240, hidden: true },
                ]}
              />
            ),
          },
          { id: "settings", label: "Settings", content: <JobSettings job={j} /> },
        ]}
      />
      <Confirm question={question} close={close} />
    </SpaceBetween>
  );
}

function schedule(j: DescribeClassificationJobResponse): string {
  const f = j.scheduleFrequency;
  if (f?.weeklySchedule) return "Weekly, on " + words(f.weeklySchedule.dayOfWeek);
  if (f?.monthlySchedule) return "Monthly, on day " + f.monthlySchedule.dayOfMonth;
  return "Daily";
}

/** A condition on objects in words. */
export function term(t: JobScopeTerm): string {
  const s = t.simpleScopeTerm;
  const comparators: { [key: string]: string } = { EQ: "is", NE: "is not", STARTS_WITH: "begins with", GT: "is more than", GTE: "is at least", LT: "is less than", LTE: "is at most", CONTAINS: "contains" };
  if (s) return words(s.key).replace("Object ", "").toLowerCase() + " " + (comparators[s.comparator ?? ""] ?? s.comparator) + " " + (s.values ?? []).map(visible).join(" or ");
  return "tag " + (comparators[t.tagScopeTerm?.comparator ?? ""] ?? "") + " " + (t.tagScopeTerm?.tagValues ?? []).map((v) => visible(v.key) + "=" + visible(v.value)).join(" or ");
}

function JobSettings({ job: j }: { job: DescribeClassificationJobResponse }) {
  const desk = useDesk();
  const d = j.s3JobDefinition;
  const selector: { [key: string]: string } = { ALL: "All", RECOMMENDED: "Recommended", NONE: "None", INCLUDE: "These", EXCLUDE: "All but these" };
  return (
    <Container>
      <SpaceBetween size="m">
        <KeyValuePairs
          columns={2}
          items={[
            { label: "Description", value: <Theirs text={j.description} /> },
            { label: "Depth", value: (j.samplingPercentage ?? 100) + " % of the objects" },
            {
              label: "Buckets",
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
            { label: "Managed identifiers", value: (selector[j.managedDataIdentifierSelector ?? "RECOMMENDED"] ?? "") + (j.managedDataIdentifierIds?.length ? ": " + j.managedDataIdentifierIds.join(", ") : "") },
            { label: "Objects included", value: d?.scoping?.includes?.and?.map(term).join(" and ") || "All" },
            { label: "Objects left out", value: d?.scoping?.excludes?.and?.map(term).join(" and ") || "None" },
            { label: "Custom data identifiers", value: j.customDataIdentifierIds?.length ? <>{j.customDataIdentifierIds.map((i) => <div key={i}><To href={desk.link("custom-data-identifiers", i)}>{i}</To></div>)}</> : "None" },
            { label: "Allow lists", value: j.allowListIds?.length ? <>{j.allowListIds.map((i) => <div key={i}><To href={desk.link("allow-lists", i)}>{i}</To></div>)}</> : "None" },
            { label: "Tags", value: <Tags tags={j.tags} /> },
            { label: "ARN", value: <span className="mono">{visible(j.jobArn)}</span> },
          ]}
        />
        <Box variant="small">A job cannot be changed once it is made: what it found depends on it. Duplicate it instead.</Box>
      </SpaceBetween>
    </Container>
  );
}
