// Health: what does not work, and why. Empty is good.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useEffect } from "react";
import { all, CallError, each } from "../api/call";
import { Theirs, To } from "../parts/bits";
import { Problem } from "../parts/problem";
import { loadRegions } from "../parts/regions";
import { useResource } from "../parts/resource";
import { useDesk } from "../session";
import { time, visible, words } from "../text/format";
import { loadHistory } from "./accounts";

interface Fault {
  id: string;
  what: ReactNode;
  why: string;
  at?: string;
}

export function Health() {
  const desk = useDesk();
  useEffect(() => desk.title("Health"), [desk]);
  const ready = useResource(async () => {
    const r = await fetch("/readyz");
    return { ok: r.ok, text: (await r.text()).trim() };
  }, [], 60_000);
  const since = "&since=" + encodeURIComponent(new Date(Date.now() - 86_400_000).toISOString());
  const mail = useResource(
    async (o) => {
      const kinds = ["MailAccepted", "MailDeferred", "MailRefused", "MailNotSent"];
      const lists = await Promise.all(kinds.map((k) => loadHistory(desk.caller, since + "&event=" + k, 500, o)));
      return { counts: kinds.map((k, i) => ({ kind: k, n: lists[i]!.length })), bad: [...lists[2]!, ...lists[3]!] };
    },
    [desk.caller],
    60_000,
  );
  const jobs = useResource<Fault[]>(
    async (o) => {
      if (!desk.built("ListClassificationJobs")) return [];
      const list = await all(desk.caller, "ListClassificationJobs", { maxResults: 200 }, (p) => p.items, { ...o, most: 1000 });
      return list.filter((j) => j.lastRunErrorStatus?.code === "ERROR" || j.jobStatus === "PAUSED").map((j) => ({ id: j.jobId!, what: <To href={desk.link("jobs", j.jobId!)}><Theirs text={j.name} /></To>, why: j.jobStatus === "PAUSED" ? "Paused: the quota is used up, or Macie is suspended." : "Parts of the last run failed.", at: j.createdAt }));
    },
    [desk.caller],
    60_000,
  );
  const buckets = useResource<Fault[]>(
    async (o) => {
      if (!desk.built("DescribeBuckets")) return [];
      const list = await all(desk.caller, "DescribeBuckets", { maxResults: 50, criteria: { errorCode: { eq: ["ACCESS_DENIED", "BUCKET_COUNT_EXCEEDS_QUOTA"] } } }, (p) => p.buckets, { ...o, most: 500 });
      return list.map((b) => ({ id: b.bucketArn + "", what: <To href={desk.link("buckets", b.bucketName!)}><Theirs text={b.bucketName} /></To>, why: visible(b.errorMessage ?? words(b.errorCode)), at: b.lastUpdated }));
    },
    [desk.caller],
    60_000,
  );
  const lists = useResource<Fault[]>(
    async (o) => {
      const l = await all(desk.caller, "ListAllowLists", { maxResults: 25 }, (p) => p.allowLists, o);
      const whole = await each(l, 4, (x) => desk.caller.call("GetAllowList", { id: x.id! }, o));
      return whole.flatMap((w) => (w && !(w instanceof CallError) && w.status?.code !== "OK" ? [{ id: w.id!, what: <To href={desk.link("allow-lists", w.id!)}><Theirs text={w.name} /></To>, why: visible(w.status?.description ?? words(w.status?.code)), at: w.updatedAt }] : []));
    },
    [desk.caller],
    60_000,
  );
  const off = useResource(async (o) => (await loadRegions(desk.caller, o)).filter((r) => r.status === "PAUSED"), [desk.caller], 60_000);
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={"What does not work for account " + desk.account + " in " + desk.region + ". Empty is good."}>Health</Header>
      <Container header={<Header variant="h2">This server</Header>}>
        {ready.data ? (
          <StatusIndicator type={ready.data.ok ? "success" : "error"}>{ready.data.ok ? "Ready" : visible(ready.data.text)}</StatusIndicator>
        ) : (
          <StatusIndicator type={ready.error ? "error" : "loading"}>{ready.error ? "It does not answer" : "Asking"}</StatusIndicator>
        )}
      </Container>
      <Container header={<Header variant="h2">Mail of the last 24 hours</Header>}>
        {mail.error && !mail.error.notEnabled ? (
          <Problem error={mail.error} retry={mail.refresh} />
        ) : (
          <SpaceBetween size="m">
            <KeyValuePairs columns={4} items={(mail.data?.counts ?? []).map((c) => ({ label: c.kind === "MailAccepted" ? "Handed over" : c.kind === "MailDeferred" ? "Tried again later" : c.kind === "MailRefused" ? "Refused" : "Not sent", value: String(c.n) }))} />
            {mail.data?.bad.length ? (
              <Faults name="Mail that did not go" error={undefined} list={mail.data.bad.map((e) => ({ id: e.id, what: <To href={desk.link("accounts", e.accountId)}>{e.accountId}</To>, why: visible(e.detail ?? words(e.event)), at: e.time }))} />
            ) : null}
          </SpaceBetween>
        )}
      </Container>
      {[
        { name: "Jobs with errors", r: jobs },
        { name: "Buckets that cannot be read", r: buckets },
        { name: "Allow lists that do nothing", r: lists },
      ].map(({ name, r }) => (
        <Container key={name} header={<Header variant="h2" counter={r.data ? "(" + r.data.length + ")" : undefined}>{name}</Header>}>
          {r.data?.length === 0 ? <StatusIndicator type="success">None</StatusIndicator> : <Faults name={name} list={r.data} error={r.error} />}
        </Container>
      ))}
      {!!off.data?.length && (
        <Alert type="warning" header="Macie is suspended elsewhere">
          In {off.data.map((r) => r.region).join(", ")}.
        </Alert>
      )}
      <Box variant="small">Numbers over time are in /metrics; a dashboard for Grafana is in the folder deploy of the sources.</Box>
    </SpaceBetween>
  );
}

function Faults({ name, list, error }: { name: string; list: Fault[] | undefined; error: CallError | undefined }) {
  if (error) return error.notEnabled ? <Box color="text-body-secondary">Macie is not enabled here.</Box> : <Problem error={error} />;
  return (
    <Table<Fault>
      variant="embedded"
      wrapLines
      loading={!list}
      loadingText="Loading"
      items={(list ?? []).slice(0, 50)}
      ariaLabels={{ tableLabel: name }}
      columnDefinitions={[
        { id: "what", header: "What", cell: (f) => f.what, isRowHeader: true },
        { id: "why", header: "Why", cell: (f) => f.why },
        { id: "at", header: "Since", cell: (f) => time(f.at) },
      ]}
    />
  );
}
