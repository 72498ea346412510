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
import { fill, t } from "../text";

interface Fault {
  id: string;
  what: ReactNode;
  why: string;
  at?: string;
}

export function Health() {
  const desk = useDesk();
  useEffect(() => desk.title(t.common.health), [desk]);
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
      return list.filter((j) => j.lastRunErrorStatus?.code === "ERROR" || j.jobStatus === "PAUSED").map((j) => ({ id: j.jobId!, what: <To href={desk.link("jobs", j.jobId!)}><Theirs text={j.name} /></To>, why: j.jobStatus === "PAUSED" ? t.health.pausedTheQuotaIsUsedUp : t.health.partsOfTheLastRunFailed, at: j.createdAt }));
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
      <Header variant="h1" description={fill(t.health.whatDoesNotWorkForAccount, { account: desk.account, region: desk.region })}>{t.common.health}</Header>
      <Container header={<Header variant="h2">{t.health.thisServer}</Header>}>
        {ready.data ? (
          <StatusIndicator type={ready.data.ok ? "success" : "error"}>{ready.data.ok ? t.health.ready : visible(ready.data.text)}</StatusIndicator>
        ) : (
          <StatusIndicator type={ready.error ? "error" : "loading"}>{ready.error ? t.health.itDoesNotAnswer : t.health.asking}</StatusIndicator>
        )}
      </Container>
      <Container header={<Header variant="h2">{t.health.mailOfTheLast24Hours}</Header>}>
        {mail.error && !mail.error.notEnabled ? (
          <Problem error={mail.error} retry={mail.refresh} />
        ) : (
          <SpaceBetween size="m">
            <KeyValuePairs columns={4} items={(mail.data?.counts ?? []).map((c) => ({ label: c.kind === "MailAccepted" ? t.common.handedOver : c.kind === "MailDeferred" ? t.health.triedAgainLater : c.kind === "MailRefused" ? t.common.refused : t.common.notSent, value: String(c.n) }))} />
            {mail.data?.bad.length ? (
              <Faults name={t.health.mailThatDidNotGo} error={undefined} list={mail.data.bad.map((e) => ({ id: e.id, what: <To href={desk.link("accounts", e.accountId)}>{e.accountId}</To>, why: visible(e.detail ?? words(e.event)), at: e.time }))} />
            ) : null}
          </SpaceBetween>
        )}
      </Container>
      {[
        { name: t.health.jobsWithErrors, r: jobs },
        { name: t.health.bucketsThatCannotBeRead, r: buckets },
        { name: t.health.allowListsThatDoNothing, r: lists },
      ].map(({ name, r }) => (
        <Container key={name} header={<Header variant="h2" counter={r.data ? "(" + r.data.length + ")" : undefined}>{name}</Header>}>
          {r.data?.length === 0 ? <StatusIndicator type="success">{t.common.none}</StatusIndicator> : <Faults name={name} list={r.data} error={r.error} />}
        </Container>
      ))}
      {!!off.data?.length && (
        <Alert type="warning" header={t.health.macieIsSuspendedElsewhere}>{fill(t.health.inData, { data: off.data.map((r) => r.region).join(", ") })}</Alert>
      )}
      <Box variant="small">{t.health.numbersOverTimeAreInMetrics}</Box>
    </SpaceBetween>
  );
}

function Faults({ name, list, error }: { name: string; list: Fault[] | undefined; error: CallError | undefined }) {
  if (error) return error.notEnabled ? <Box color="text-body-secondary">{t.health.macieIsNotEnabledHere}</Box> : <Problem error={error} />;
  return (
    <Table<Fault>
      variant="embedded"
      wrapLines
      loading={!list}
      loadingText={t.common.loading}
      items={(list ?? []).slice(0, 50)}
      ariaLabels={{ tableLabel: name }}
      columnDefinitions={[
        { id: "what", header: t.common.what, cell: (f) => f.what, isRowHeader: true },
        { id: "why", header: t.health.why, cell: (f) => f.why },
        { id: "at", header: t.health.since, cell: (f) => time(f.at) },
      ]}
    />
  );
}
