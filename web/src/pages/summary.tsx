// Summary: what there is, what is bad of it, and what waits for an answer. Every number leads to the rows behind it.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Spinner from "@cloudscape-design/components/spinner";
import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { all, CallError, each } from "../api/call";
import type { GroupBy, GroupCount } from "../api/macie2.gen";
import { Theirs, To } from "../parts/bits";
import { writeFilter } from "../filter";
import { Problem } from "../parts/problem";
import { type Resource, useResource } from "../parts/resource";
import { loadRegions, RegionsChoice, type RegionSummary } from "../parts/regions";
import { Rows } from "../parts/rows";
import { follow, navigate, useRoute } from "../route";
import { useDesk } from "../session";
import { bytes, count, counted, relationship, short, typeWords, visible, words, zone } from "../text/format";
import { loadHistory } from "./accounts";
import { remember } from "../opened";
import { type Criterion, loadFindings, resource, SeverityOf } from "./findings";

const Chart = lazy(() => import("../parts/chart"));
const colours = { high: "#d91515", medium: "#b35900", low: "#0972d3" };

interface Day {
  date: string;
  low: number;
  medium: number;
  high: number;
}

export function Summary() {
  const desk = useDesk();
  useEffect(() => desk.title("Summary"), [desk]);
  const session = useResource((o) => desk.caller.call("GetMacieSession", {}, o), [desk.caller]);
  const route = useRoute();
  if (route.query.get("regions") === "all") return <Everywhere />;
  if (session.error)
    return (
      <SpaceBetween size="l">
        <Header variant="h1">Summary</Header>
        <Problem error={session.error} retry={session.refresh} />
        <Elsewhere />
      </SpaceBetween>
    );
  return <Overview key={session.updated ? "there" : "coming"} />;
}

interface Place extends RegionSummary {
  buckets?: number;
  exposed?: number;
  sensitive?: number;
  high?: number;
  medium?: number;
  low?: number;
}

/** All Regions in one table; every number leads to the rows behind it, in its Region. */
function Everywhere() {
  const desk = useDesk();
  const rows = useResource<Place[]>(
    async (o) => {
      const regions = await loadRegions(desk.caller, o);
      const more = await each(regions, 4, async (r): Promise<Partial<Place>> => {
        if (r.status !== "ENABLED") return {};
        const c = desk.caller.in(r.region);
        const [s, f] = await Promise.all([c.call("GetBucketStatistics", {}, o), c.call("GetFindingStatistics", { groupBy: "severity.description", findingCriteria: { criterion: { archived: { eq: ["false"] } } } }, o)]);
        const of = (severity: string) => f.countsByGroup?.find((g) => g.groupKey === severity)?.count ?? 0;
        return { buckets: s.bucketCount ?? 0, exposed: s.bucketCountByEffectivePermission?.publiclyAccessible ?? 0, sensitive: s.bucketStatisticsBySensitivity?.sensitive?.totalCount ?? 0, high: of("High"), medium: of("Medium"), low: of("Low") };
      });
      return regions.map((r, i) => ({ ...r, ...(more[i] instanceof CallError ? {} : more[i]) }));
    },
    [desk.caller.identity, desk.account],
    60_000,
  );
  const n = (id: string, header: string, of: (r: Place) => number | undefined, page: string, query = "") => ({
    id,
    header,
    value: (r: Place) => of(r) ?? 0,
    cell: (r: Place) => (of(r) === undefined ? "–" : <To href={desk.linkIn(r.region, page) + query}>{count(of(r))}</To>),
    filter: false,
    width: 110,
  });
  return (
    <Rows<Place>
      h1
      name="Summary"
      id="summary-everywhere"
      description={"Account " + desk.account + (desk.identity.name ? ", " + visible(desk.identity.name) : "") + ", in all Regions in which it has anything."}
      rows={rows}
      rowId={(r) => r.region}
      more={<RegionsChoice />}
      empty={{ title: "Nothing in any Region", text: "Macie is enabled in no Region, and nobody has invited this account." }}
      columns={[
        { id: "region", header: "Region", value: (r) => r.region, cell: (r) => <To href={desk.linkIn(r.region, "summary")}>{r.region}</To>, width: 140 },
        { id: "status", header: "Macie", value: (r) => macieWords(r.status), cell: (r) => <StatusIndicator type={r.status === "ENABLED" ? "success" : "stopped"}>{macieWords(r.status)}</StatusIndicator>, width: 130 },
        { id: "administrator", header: "Administrator", value: (r) => r.administratorAccount ?? "–", width: 140, hidden: true },
        n("high", "High", (r) => r.high, "findings", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: "High" }] }))),
        n("medium", "Medium", (r) => r.medium, "findings", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: "Medium" }] }))),
        n("low", "Low", (r) => r.low, "findings", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: "Low" }] }))),
        n("buckets", "Buckets", (r) => r.buckets, "buckets"),
        n("public", "Public", (r) => r.exposed, "buckets", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "public", operator: "=", value: "Public" }] }))),
        n("sensitive", "Sensitive", (r) => r.sensitive, "buckets", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "sensitivity", operator: "=", value: "Sensitive" }] }))),
        n("accounts", "Accounts", (r) => Object.values(r.members).reduce((a, b) => a + b, 0), "accounts"),
        n("invitations", "Invitations", (r) => r.invitations, "invitations"),
        n("jobs", "Running jobs", (r) => r.runningJobs, "jobs"),
      ]}
    />
  );
}

const macieWords = (status: string | undefined) => (status === "ENABLED" ? "Enabled" : status === "PAUSED" ? "Suspended" : "Not enabled");

/** Somebody new here may have what they look for in another Region. */
function Elsewhere() {
  const desk = useDesk();
  const regions = useResource((o) => loadRegions(desk.caller, o), [desk.caller]);
  if (!regions.data?.length) return null;
  return (
    <Container header={<Header variant="h2">In other Regions</Header>}>
      <SpaceBetween size="xs">
        {regions.data.map((r) => (
          <div key={r.region}>
            <To href={desk.linkIn(r.region, "summary")}>{r.region}</To>: {r.status === "ENABLED" ? "enabled" : r.status ? "suspended" : "not enabled"}
            {r.invitations > 0 && <>, <To href={desk.linkIn(r.region, "invitations")}>{counted(r.invitations, "unanswered invitation")}</To></>}
          </div>
        ))}
      </SpaceBetween>
    </Container>
  );
}

function Overview() {
  const desk = useDesk();
  const minute = 60_000;
  const stats = useResource((o) => desk.caller.call("GetBucketStatistics", {}, o), [desk.caller], minute);
  const regions = useResource((o) => loadRegions(desk.caller, o), [desk.caller], minute);
  const group = async (by: GroupBy, o: object, more: Criterion = {}) => (await desk.caller.call("GetFindingStatistics", { groupBy: by, findingCriteria: { criterion: { archived: { eq: ["false"] }, ...more } }, size: 5, sortCriteria: { attributeName: "count", orderBy: "DESC" } }, o)).countsByGroup ?? [];
  const found = useResource(
    async (o) => {
      const week: Criterion = { createdAt: { gte: Date.now() - 7 * 86_400_000 } };
      const [severity, lately, buckets, types, policy] = await Promise.all([
        group("severity.description", o),
        group("severity.description", o, week),
        group("resourcesAffected.s3Bucket.name", o),
        group("type", o),
        loadFindings(desk.caller, { archived: { eq: ["false"] }, category: { eq: ["POLICY"] }, updatedAt: { gte: Date.now() - 30 * 86_400_000 } }, o),
      ]);
      return { severity, lately, buckets, types, policy: policy.slice(0, 10) };
    },
    [desk.caller],
    minute,
  );
  const days = useResource(async (o) => (await desk.caller.own<{ days: Day[] }>("GET", "findings/histogram?days=30", undefined, o)).days, [desk.caller], minute);
  const here = regions.data?.find((r) => r.region === desk.region);
  const elsewhere = (regions.data ?? []).filter((r) => r.region !== desk.region && r.invitations > 0);
  const needs = useResource<ReactNode[]>(
    async (o) => {
      const out: ReactNode[] = [];
      const invitations = (await desk.caller.call("GetInvitationsCount", {}, o)).invitationsCount ?? 0;
      if (invitations) out.push(<To href={desk.link("invitations")}>{counted(invitations, "unanswered invitation")}</To>);
      const since = "&since=" + encodeURIComponent(new Date(Date.now() - 7 * 86_400_000).toISOString());
      const refused = [...(await loadHistory(desk.caller, since + "&event=MailRefused", 200, o)), ...(await loadHistory(desk.caller, since + "&event=MailNotSent", 200, o))];
      if (refused.length) out.push(<To href={desk.link("accounts")}>{counted(refused.length, "invitation mail")} of the last 7 days did not go</To>);
      const jobs = (await all(desk.caller, "ListClassificationJobs", { maxResults: 200 }, (p) => p.items, { ...o, most: 1000 })).filter((j) => j.lastRunErrorStatus?.code === "ERROR");
      if (jobs.length) out.push(<To href={desk.link("health")}>{counted(jobs.length, "job")} with errors</To>);
      const lists = await all(desk.caller, "ListAllowLists", { maxResults: 25 }, (p) => p.allowLists, o);
      const broken = (await each(lists, 4, (l) => desk.caller.call("GetAllowList", { id: l.id! }, o))).filter((l) => l && !(l instanceof CallError) && l.status?.code !== "OK");
      if (broken.length) out.push(<To href={desk.link("health")}>{counted(broken.length, "allow list")} that do nothing</To>);
      return out;
    },
    [desk.caller],
    minute,
  );
  const s = stats.data;
  const filter = (id: string, value: string) => desk.link("buckets") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: id, operator: "=", value }] }));
  const number = (n: number | undefined, to: string, bad = false) => (
    <To href={to}>{bad && n ? <StatusIndicator type="error">{count(n)}</StatusIndicator> : count(n)}</To>
  );
  const p = s?.bucketCountByEffectivePermission, e = s?.bucketCountByEncryptionType, sh = s?.bucketCountBySharedAccessType, se = s?.bucketStatisticsBySensitivity;
  const of = (r: GroupCount[] | undefined, key: string) => r?.find((g) => g.groupKey === key)?.count ?? 0;
  const members = Object.entries(here?.members ?? {});
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={"Account " + desk.account + (desk.identity.name ? ", " + visible(desk.identity.name) : "") + ", in " + desk.region + (here?.administratorAccount ? ". Administered by " + here.administratorAccount : "")}>
        Summary
      </Header>
      <RegionsChoice />
      {(needs.data?.length || elsewhere.length > 0) && (
        <Alert type="info" header="What needs you">
          <ul>
            {needs.data?.map((n, i) => <li key={i}>{n}</li>)}
            {elsewhere.map((r) => (
              <li key={r.region}>
                <To href={desk.linkIn(r.region, "invitations")}>{counted(r.invitations, "unanswered invitation")} in {r.region}</To>
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <Container header={<Header variant="h2">Findings</Header>}>
        <Failed r={found}>
          <ColumnLayout columns={3} variant="text-grid">
            {(["High", "Medium", "Low"] as const).map((x) => (
              <div key={x}>
                <Box variant="awsui-key-label">
                  <StatusIndicator type={x === "High" ? "error" : x === "Medium" ? "warning" : "info"}>{x}</StatusIndicator>
                </Box>
                <Box fontSize="display-l" fontWeight="bold">{found.data ? <Link href={desk.link("findings") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: x }] }))} onFollow={follow} fontSize="display-l" ariaLabel={x + ": " + count(of(found.data.severity, x))}>{count(of(found.data.severity, x))}</Link> : "–"}</Box>
                <Box variant="small">{found.data ? count(of(found.data.lately, x)) + " of them in the last 7 days" : ""}</Box>
              </div>
            ))}
          </ColumnLayout>
          {days.data?.some((d) => d.low + d.medium + d.high > 0) && (
            <Suspense fallback={<Spinner />}>
              <Chart
                name="Findings by day"
                x="Day (UTC)"
                y="Findings"
                labels={days.data.map((d) => d.date.slice(5))}
                series={[
                  { title: "Low", color: colours.low, values: days.data.map((d) => d.low) },
                  { title: "Medium", color: colours.medium, values: days.data.map((d) => d.medium) },
                  { title: "High", color: colours.high, values: days.data.map((d) => d.high) },
                ]}
              />
            </Suspense>
          )}
          <Box padding={{ top: "s" }}><To href={desk.link("findings")}>All current findings</To></Box>
        </Failed>
      </Container>
      <Grid gridDefinition={[{ colspan: { default: 12, s: 6 } }, { colspan: { default: 12, s: 6 } }]}>
        <Top name="Buckets with most findings" rows={found.data?.buckets} link={(k) => desk.link("findings") + "?bucket=" + encodeURIComponent(k)} text={visible} />
        <Top name="Most frequent types" rows={found.data?.types} link={(k) => desk.link("findings") + "?type=" + encodeURIComponent(k)} text={typeWords} />
      </Grid>
      <Container header={<Header variant="h2" description={s?.lastUpdated ? "As of " + short(s.lastUpdated) + " " + zone() : undefined}>Buckets</Header>}>
        <Failed r={stats}>
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Buckets", value: number(s?.bucketCount, desk.link("buckets")) },
              { label: "Objects", value: count(s?.classifiableObjectCount) + " of " + count(s?.objectCount) + " can be analysed" },
              { label: "Size", value: bytes(s?.classifiableSizeInBytes) + " of " + bytes(s?.sizeInBytes) + " can be analysed" },
              { label: "Cannot be analysed", value: number(s?.unclassifiableObjectCount?.total, desk.link("buckets") + "?view=coverage") },
              { label: "Public", value: number(p?.publiclyAccessible, filter("public", "Public"), true) },
              { label: "Shared with outsiders", value: number(sh?.external, filter("shared", "With outsiders"), true) },
              { label: "Not encrypted by default", value: number(e?.unencrypted, filter("encryption", "None"), true) },
              { label: "Access unknown", value: number(p?.unknown, filter("public", "Unknown")) },
              ...(se ? [{ label: "Sensitive", value: number(se.sensitive?.totalCount, filter("sensitivity", "Sensitive")) }, { label: "Not sensitive", value: number(se.notSensitive?.totalCount, filter("sensitivity", "Not sensitive")) }, { label: "Not yet analysed", value: number(se.notClassified?.totalCount, filter("sensitivity", "Not yet analysed")) }, { label: "Classification error", value: number(se.classificationError?.totalCount, filter("sensitivity", "Classification error")) }] : []),
            ]}
          />
          {se && (s?.bucketCount ?? 0) > 0 && (
            <Box padding={{ top: "l" }}>
            <Suspense fallback={<Spinner />}>
              <Chart
                name="Sensitivity of buckets"
                x="Sensitivity"
                y="Buckets"
                labels={["Sensitive", "Not sensitive", "Not yet analysed", "Classification error"]}
                series={[
                  { title: "Public", color: colours.high, values: [se.sensitive, se.notSensitive, se.notClassified, se.classificationError].map((x) => x?.publiclyAccessibleCount ?? 0) },
                  { title: "Not public, or not known to be", color: colours.low, values: [se.sensitive, se.notSensitive, se.notClassified, se.classificationError].map((x) => (x?.totalCount ?? 0) - (x?.publiclyAccessibleCount ?? 0)) },
                ]}
                onPick={() => navigate(desk.link("buckets") + "?view=map")}
              />
            </Suspense>
            </Box>
          )}
        </Failed>
      </Container>
      <Container header={<Header variant="h2">Accounts</Header>}>
        <Failed r={regions}>
          {members.length ? (
            <KeyValuePairs columns={4} items={members.map(([status, n]) => ({ label: relationship[status]?.text ?? words(status), value: number(n, desk.link("accounts") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "status", operator: "=", value: relationship[status]?.text ?? status }] }))) }))} />
          ) : (
            <Box color="text-body-secondary">
              This account has no members in {desk.region}. <To href={desk.link("accounts", "add")}>Add accounts</To>
            </Box>
          )}
        </Failed>
      </Container>
      <Container header={<Header variant="h2" description="Buckets that became public, shared or unencrypted, the latest first.">Policy findings</Header>}>
        <Table
          variant="embedded"
          loading={found.loading && !found.data}
          loadingText="Loading findings"
          items={found.data?.policy ?? []}
          empty="None."
          ariaLabels={{ tableLabel: "Policy findings" }}
          columnDefinitions={[
            { id: "severity", header: "Severity", cell: (f) => <SeverityOf finding={f} />, width: 120 },
            { id: "type", header: "Type", cell: (f) => <To href={desk.link("findings", f.id ?? "")} onOpen={() => remember((found.data?.policy ?? []).map((x) => x.id ?? ""))}>{typeWords(f.type)}</To>, isRowHeader: true },
            { id: "bucket", header: "Bucket", cell: (f) => <Theirs text={resource(f)} /> },
            { id: "updated", header: "Updated (" + zone() + ")", cell: (f) => short(f.updatedAt) },
          ]}
        />
      </Container>
    </SpaceBetween>
  );
}

function Failed<T>({ r, children }: { r: Resource<T>; children: ReactNode }) {
  return r.error && !r.data ? <Problem error={r.error instanceof CallError ? r.error : undefined} retry={r.refresh} /> : <>{children}</>;
}

function Top({ name, rows, link, text }: { name: string; rows: GroupCount[] | undefined; link: (key: string) => string; text: (key: string) => string }) {
  return (
    <Container header={<Header variant="h2">{name}</Header>} fitHeight>
      <Table<GroupCount>
        variant="embedded"
        items={rows ?? []}
        loading={!rows}
        loadingText="Loading"
        empty="None."
        ariaLabels={{ tableLabel: name }}
        columnDefinitions={[
          { id: "name", header: "Name", cell: (g) => <To href={link(g.groupKey ?? "")}>{text(g.groupKey ?? "")}</To>, isRowHeader: true },
          { id: "count", header: "Findings", cell: (g) => count(g.count), width: 110 },
        ]}
      />
    </Container>
  );
}
