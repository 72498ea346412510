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
import { type ReactNode, useEffect } from "react";
import { all, CallError, each } from "../api/call";
import type { GroupBy, GroupCount } from "../api/macie2.gen";
import { Theirs, To } from "../parts/bits";
import { ChartLater, colours } from "../parts/chart-later";
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
import { fill, rich, t } from "../text";


interface Day {
  date: string;
  low: number;
  medium: number;
  high: number;
}

export function Summary() {
  const desk = useDesk();
  useEffect(() => desk.title(t.common.summary), [desk]);
  const session = useResource((o) => desk.caller.call("GetMacieSession", {}, o), [desk.caller]);
  const route = useRoute();
  if (route.query.get("regions") === "all") return <Everywhere />;
  if (session.error)
    return (
      <SpaceBetween size="l">
        <Header variant="h1">{t.common.summary}</Header>
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
    width: 52 + 9.5 * header.length,
  });
  return (
    <Rows<Place>
      h1
      name={t.common.summary}
      things={t.common.regions}
      id="summary-everywhere"
      description={fill(t.summary.accountAccountNameInAllRegions, { account: desk.account, name: (desk.identity.name ? ", " + visible(desk.identity.name) : "") })}
      rows={rows}
      rowId={(r) => r.region}
      more={<RegionsChoice />}
      empty={{ title: t.summary.nothingInAnyRegion, text: t.summary.macieIsEnabledInNoRegion }}
      columns={[
        { id: "region", header: t.common.region, value: (r) => r.region, cell: (r) => <To href={desk.linkIn(r.region, "summary")}>{r.region}</To>, width: 125 },
        { id: "status", header: t.common.macie, value: (r) => macieWords(r.status), cell: (r) => <StatusIndicator type={r.status === "ENABLED" ? "success" : "stopped"}>{macieWords(r.status)}</StatusIndicator>, width: 130 },
        { id: "administrator", header: t.common.administrator, value: (r) => r.administratorAccount ?? "–", width: 140, hidden: true },
        n("high", "High", (r) => r.high, "findings", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: "High" }] }))),
        n("medium", "Medium", (r) => r.medium, "findings", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: "Medium" }] }))),
        n("low", "Low", (r) => r.low, "findings", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: "Low" }] }))),
        n("buckets", t.common.buckets, (r) => r.buckets, "buckets"),
        n("public", t.common.public, (r) => r.exposed, "buckets", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "public", operator: "=", value: t.common.public }] }))),
        n("sensitive", t.common.sensitive, (r) => r.sensitive, "buckets", "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "sensitivity", operator: "=", value: t.common.sensitive }] }))),
        n("accounts", t.common.accounts, (r) => Object.values(r.members).reduce((a, b) => a + b, 0), "accounts"),
        n("invitations", t.common.invitations, (r) => r.invitations, "invitations"),
        n("jobs", t.common.runningJobs, (r) => r.runningJobs, "jobs"),
      ]}
    />
  );
}

const macieWords = (status: string | undefined) => (status === "ENABLED" ? t.common.enabled : status === "PAUSED" ? t.common.suspended : t.common.notEnabled);

/** Somebody new here may have what they look for in another Region. */
function Elsewhere() {
  const desk = useDesk();
  const regions = useResource((o) => loadRegions(desk.caller, o), [desk.caller]);
  if (!regions.data?.length) return null;
  return (
    <Container header={<Header variant="h2">{t.summary.inOtherRegions}</Header>}>
      <SpaceBetween size="xs">
        {regions.data.map((r) => (
          <div key={r.region}>
            <To href={desk.linkIn(r.region, "summary")}>{r.region}</To>: {r.status === "ENABLED" ? "enabled" : r.status ? "suspended" : t.summary.notEnabled}
            {r.invitations > 0 && <>, <To href={desk.linkIn(r.region, "invitations")}>{counted(r.invitations, t.common.countUnansweredInvitations)}</To></>}
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
      if (invitations) out.push(<To href={desk.link("invitations")}>{counted(invitations, t.common.countUnansweredInvitations)}</To>);
      const since = "&since=" + encodeURIComponent(new Date(Date.now() - 7 * 86_400_000).toISOString());
      const refused = [...(await loadHistory(desk.caller, since + "&event=MailRefused", 200, o)), ...(await loadHistory(desk.caller, since + "&event=MailNotSent", 200, o))];
      if (refused.length) out.push(<To href={desk.link("accounts")}>{fill(t.summary.refusedOfTheLast7Days, { refused: counted(refused.length, t.summary.countInvitationMails) })}</To>);
      const jobs = (await all(desk.caller, "ListClassificationJobs", { maxResults: 200 }, (p) => p.items, { ...o, most: 1000 })).filter((j) => j.lastRunErrorStatus?.code === "ERROR");
      if (jobs.length) out.push(<To href={desk.link("health")}>{fill(t.summary.jobsWithErrors, { jobs: counted(jobs.length, t.common.countJobs) })}</To>);
      const lists = await all(desk.caller, "ListAllowLists", { maxResults: 25 }, (p) => p.allowLists, o);
      const broken = (await each(lists, 4, (l) => desk.caller.call("GetAllowList", { id: l.id! }, o))).filter((l) => l && !(l instanceof CallError) && l.status?.code !== "OK");
      if (broken.length) out.push(<To href={desk.link("health")}>{fill(t.summary.brokenThatDoNothing, { broken: counted(broken.length, t.summary.countAllowLists) })}</To>);
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
      <Header variant="h1" description={fill(t.summary.accountAccountNameInRegionAdministratoraccount, { account: desk.account, name: (desk.identity.name ? ", " + visible(desk.identity.name) : ""), region: desk.region, administratorAccount: (here?.administratorAccount ? fill(t.summary.administeredByAdministratoraccount, { administratorAccount: here.administratorAccount }) : "") })}>{t.common.summary}</Header>
      <RegionsChoice />
      {(needs.data?.length || elsewhere.length > 0) && (
        <Alert type="info" header={t.summary.whatNeedsYou}>
          <ul>
            {needs.data?.map((n, i) => <li key={i}>{n}</li>)}
            {elsewhere.map((r) => (
              <li key={r.region}>
                <To href={desk.linkIn(r.region, "invitations")}>{fill(t.summary.invitationsInRegion, { invitations: counted(r.invitations, t.common.countUnansweredInvitations), region: r.region })}</To>
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <Container header={<Header variant="h2">{t.common.findings}</Header>}>
        <Failed r={found}>
          <ColumnLayout columns={3} variant="text-grid">
            {(["High", "Medium", "Low"] as const).map((x) => (
              <div key={x}>
                <Box variant="awsui-key-label">
                  <StatusIndicator type={x === "High" ? "error" : x === "Medium" ? "warning" : "info"}>{x}</StatusIndicator>
                </Box>
                <Box fontSize="display-l" fontWeight="bold">{found.data ? <Link href={desk.link("findings") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "severity.description", operator: "=", value: x }] }))} onFollow={follow} fontSize="display-l" ariaLabel={x + ": " + count(of(found.data.severity, x))}>{count(of(found.data.severity, x))}</Link> : "–"}</Box>
                <Box variant="small">{found.data ? fill(t.summary.latelyOfThemInTheLast, { lately: count(of(found.data.lately, x)) }) : ""}</Box>
              </div>
            ))}
          </ColumnLayout>
          {days.data?.some((d) => d.low + d.medium + d.high > 0) && (
              <ChartLater
                name={t.summary.findingsByDay}
                x={t.common.dayUtc}
                y={t.common.findings}
                labels={days.data.map((d) => d.date.slice(5))}
                series={[
                  { title: "Low", color: colours.low, values: days.data.map((d) => d.low) },
                  { title: "Medium", color: colours.medium, values: days.data.map((d) => d.medium) },
                  { title: "High", color: colours.high, values: days.data.map((d) => d.high) },
                ]}
              />
          )}
          <Box padding={{ top: "s" }}><To href={desk.link("findings")}>{t.summary.allCurrentFindings}</To></Box>
        </Failed>
      </Container>
      <Grid gridDefinition={[{ colspan: { default: 12, s: 6 } }, { colspan: { default: 12, s: 6 } }]}>
        <Top name={t.summary.bucketsWithMostFindings} rows={found.data?.buckets} link={(k) => desk.link("findings") + "?bucket=" + encodeURIComponent(k)} text={visible} />
        <Top name={t.summary.mostFrequentTypes} rows={found.data?.types} link={(k) => desk.link("findings") + "?type=" + encodeURIComponent(k)} text={typeWords} />
      </Grid>
      <Container header={<Header variant="h2" description={s?.lastUpdated ? fill(t.summary.asOfLastupdatedZone, { lastUpdated: short(s.lastUpdated), zone: zone() }) : undefined}>{t.common.buckets}</Header>}>
        <Failed r={stats}>
          <KeyValuePairs
            columns={4}
            items={[
              { label: t.common.buckets, value: number(s?.bucketCount, desk.link("buckets")) },
              { label: t.common.objects, value: fill(t.summary.classifiableobjectcountOfObjectcountCanBeAnalysed, { classifiableObjectCount: count(s?.classifiableObjectCount), objectCount: count(s?.objectCount) }) },
              { label: t.common.size, value: fill(t.summary.classifiablesizeinbytesOfSizeinbytesCanBeAnalysed, { classifiableSizeInBytes: bytes(s?.classifiableSizeInBytes), sizeInBytes: bytes(s?.sizeInBytes) }) },
              { label: t.common.cannotBeAnalysed, value: number(s?.unclassifiableObjectCount?.total, desk.link("buckets") + "?view=coverage") },
              { label: t.common.public, value: number(p?.publiclyAccessible, filter("public", t.common.public), true) },
              { label: t.summary.sharedWithOutsiders, value: number(sh?.external, filter("shared", t.common.withOutsiders), true) },
              { label: t.summary.notEncryptedByDefault, value: number(e?.unencrypted, filter("encryption", t.common.none), true) },
              { label: t.summary.accessUnknown, value: number(p?.unknown, filter("public", t.common.unknown)) },
              ...(se ? [{ label: t.common.sensitive, value: number(se.sensitive?.totalCount, filter("sensitivity", t.common.sensitive)) }, { label: t.common.notSensitive, value: number(se.notSensitive?.totalCount, filter("sensitivity", t.common.notSensitive)) }, { label: t.common.notYetAnalysed, value: number(se.notClassified?.totalCount, filter("sensitivity", t.common.notYetAnalysed)) }, { label: t.common.classificationError, value: number(se.classificationError?.totalCount, filter("sensitivity", t.common.classificationError)) }] : []),
            ]}
          />
          {se && (s?.bucketCount ?? 0) > 0 && (
            <Box padding={{ top: "l" }}>
              <ChartLater
                name={t.summary.sensitivityOfBuckets}
                x={t.common.sensitivity}
                y={t.common.buckets}
                labels={[t.common.sensitive, t.common.notSensitive, t.common.notYetAnalysed, t.common.classificationError]}
                series={[
                  { title: t.common.public, color: colours.high, values: [se.sensitive, se.notSensitive, se.notClassified, se.classificationError].map((x) => x?.publiclyAccessibleCount ?? 0) },
                  { title: t.summary.notPublicOrNotKnownTo, color: colours.low, values: [se.sensitive, se.notSensitive, se.notClassified, se.classificationError].map((x) => (x?.totalCount ?? 0) - (x?.publiclyAccessibleCount ?? 0)) },
                ]}
                onPick={() => navigate(desk.link("buckets") + "?view=map")}
              />
            </Box>
          )}
        </Failed>
      </Container>
      <Container header={<Header variant="h2">{t.common.accounts}</Header>}>
        <Failed r={regions}>
          {members.length ? (
            <KeyValuePairs columns={4} items={members.map(([status, n]) => ({ label: relationship[status]?.text ?? words(status), value: number(n, desk.link("accounts") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "status", operator: "=", value: relationship[status]?.text ?? status }] }))) }))} />
          ) : (
            <Box color="text-body-secondary">{rich(t.summary.thisAccountHasNoMembersIn, { region: desk.region, to: <To href={desk.link("accounts", "add")}>{t.common.addAccounts}</To> })}</Box>
          )}
        </Failed>
      </Container>
      <Container header={<Header variant="h2" description={t.summary.bucketsThatBecamePublicSharedOr}>{t.common.policyFindings}</Header>}>
        <Table
          variant="embedded"
          loading={found.loading && !found.data}
          loadingText={t.summary.loadingFindings}
          items={found.data?.policy ?? []}
          empty={t.common.none2}
          ariaLabels={{ tableLabel: t.common.policyFindings }}
          columnDefinitions={[
            { id: "severity", header: t.common.severity, cell: (f) => <SeverityOf finding={f} />, width: 120 },
            { id: "type", header: t.common.type, cell: (f) => <To href={desk.link("findings", f.id ?? "")} onOpen={() => remember((found.data?.policy ?? []).map((x) => x.id ?? ""))}>{typeWords(f.type)}</To>, isRowHeader: true },
            { id: "bucket", header: t.common.bucket, cell: (f) => <Theirs text={resource(f)} /> },
            { id: "updated", header: fill(t.summary.updatedZone, { zone: zone() }), cell: (f) => short(f.updatedAt) },
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
        loadingText={t.common.loading}
        empty={t.common.none2}
        ariaLabels={{ tableLabel: name }}
        columnDefinitions={[
          { id: "name", header: t.common.name, cell: (g) => <To href={link(g.groupKey ?? "")}>{text(g.groupKey ?? "")}</To>, isRowHeader: true },
          { id: "count", header: t.common.findings, cell: (g) => count(g.count), width: 110 },
        ]}
      />
    </Container>
  );
}
