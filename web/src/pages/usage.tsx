// Usage: what was analysed and watched for each account, and how much of the quota that is.
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useEffect, useState } from "react";
import { To } from "../parts/bits";
import { ChartLater, colours } from "../parts/chart-later";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { useDesk } from "../session";
import { bytes, count } from "../text/format";
import { fill, t } from "../text";


interface Day {
  date: string;
  jobObjects: number;
  automatedObjects: number;
}

interface Account {
  accountId: string;
  jobBytes: number;
  jobObjects: number;
  automatedBytes: number;
  automatedObjects: number;
  buckets: number;
  objects: number;
  requests: number;
  quotaUsedBytes: number;
  quotaMet: boolean;
  estimatedCost: string;
  currency: string;
}

interface Answer {
  from: string;
  to: string;
  quotaBytes: number;
  accounts: Account[];
  nextToken?: string;
}

const ranges = [
  { value: "PAST_30_DAYS", label: t.usage.theLast30Days },
  { value: "MONTH_TO_DATE", label: t.usage.thisMonth },
];

export function Usage() {
  const desk = useDesk();
  const [range, setRange] = useState(ranges[0]!);
  useEffect(() => desk.title(t.common.usage), [desk]);
  const usage = useResource(
    async (o) => {
      let token = "";
      let first: Answer | undefined;
      do {
        const page = await desk.caller.own<Answer>("GET", "usage?timeRange=" + range.value + (token ? "&nextToken=" + encodeURIComponent(token) : ""), undefined, o);
        first ? first.accounts.push(...page.accounts) : (first = page);
        token = page.nextToken ?? "";
      } while (token);
      return first!;
    },
    [desk.caller, range.value],
    60_000,
  );
  const days = useResource(
    async (o) => {
      const own = (await desk.caller.own<{ accounts: Array<{ days?: Day[] }> }>("GET", "usage?timeRange=" + range.value + "&accountId=" + desk.account, undefined, o)).accounts[0];
      return own?.days ?? [];
    },
    [desk.caller, range.value],
    60_000,
  );
  const list = usage.data?.accounts;
  const sum = (of: (a: Account) => number) => (list ?? []).reduce((n, a) => n + of(a), 0);
  const quota = usage.data?.quotaBytes ?? 0;
  const priced = (list ?? []).some((a) => Number(a.estimatedCost) > 0);
  return (
    <SpaceBetween size="l">
      <Rows<Account>
        h1
        name={t.common.usage}
        id="usage"
        description={fill(t.common.ofThisAccountAndItsMembers, { region: desk.region })}
        rows={{ ...usage, data: list, set: () => {} }}
        rowId={(a) => a.accountId}
        more={
          list && (
            <SpaceBetween size="s">
              <Box variant="small">{fill(t.usage.fromFromToToDaysOf, { from: usage.data!.from, to: usage.data!.to, quota: bytes(quota) })}</Box>
              <KeyValuePairs
                columns={4}
                items={[
                  { label: t.usage.analysedByJobs, value: fill(t.usage.sumSum2Objects, { sum: bytes(sum((a) => a.jobBytes)), sum2: count(sum((a) => a.jobObjects)) }) },
                  { label: t.usage.byAutomatedDiscovery, value: fill(t.usage.sumSum2Objects, { sum: bytes(sum((a) => a.automatedBytes)), sum2: count(sum((a) => a.automatedObjects)) }) },
                  { label: t.usage.bucketsWatched, value: count(sum((a) => a.buckets)) },
                  { label: t.usage.requestsToStores, value: count(sum((a) => a.requests)) },
                ]}
              />
            </SpaceBetween>
          )
        }
        actions={<Select selectedOption={range} options={ranges} onChange={(e) => setRange(ranges.find((r) => r.value === e.detail.selectedOption.value)!)} ariaLabel={t.common.timeRange} />}
        empty={{ title: t.usage.nothingWasUsed, text: t.usage.whatJobsAnalyseAndTheBuckets }}
        columns={[
          { id: "account", header: t.common.account, value: (a) => a.accountId, cell: (a) => (a.accountId === desk.account ? a.accountId : <To href={desk.link("accounts", a.accountId)}>{a.accountId}</To>), width: 135 },
          { id: "jobs", header: t.usage.byJobs, value: (a) => a.jobBytes, cell: (a) => bytes(a.jobBytes), filter: false, width: 110 },
          { id: "jobObjects", header: t.usage.objectsByJobs, value: (a) => a.jobObjects, cell: (a) => count(a.jobObjects), filter: false, width: 165 },
          { id: "automated", header: t.usage.automated, value: (a) => a.automatedBytes, cell: (a) => bytes(a.automatedBytes), filter: false, width: 135 },
          { id: "buckets", header: t.common.buckets, value: (a) => a.buckets, cell: (a) => count(a.buckets), filter: false, width: 115 },
          { id: "quota", header: t.usage.monthSQuota, value: (a) => a.quotaUsedBytes, cell: (a) => <StatusIndicator type={a.quotaMet ? "error" : "success"}>{quota ? ((100 * a.quotaUsedBytes) / quota).toFixed(1) + " %" : "–"}</StatusIndicator>, filter: false, width: 110 },
          { id: "requests", header: t.usage.requests, value: (a) => a.requests, cell: (a) => count(a.requests), filter: false, width: 120 },
          ...(priced ? [{ id: "cost", header: t.usage.estimatedCost, value: (a: Account) => Number(a.estimatedCost), cell: (a: Account) => a.estimatedCost + " " + a.currency, filter: false, width: 140 }] : []),
        ]}
      />
      {days.data?.some((d) => d.jobObjects + d.automatedObjects > 0) && (
        <Container header={<Header variant="h2" description={fill(t.usage.ofTheBucketsOfAccountAccount, { account: desk.account })}>{t.common.objectsAnalysed}</Header>}>
            <ChartLater
              name={t.common.objectsAnalysed}
              x={t.common.dayUtc}
              y={t.common.objects}
              labels={days.data.map((d) => d.date.slice(5))}
              series={[
                { title: t.usage.byJobs, color: colours.first, values: days.data.map((d) => d.jobObjects) },
                { title: t.usage.byAutomatedDiscovery, color: colours.second, values: days.data.map((d) => d.automatedObjects) },
              ]}
            />
        </Container>
      )}
      {!priced && <Box variant="small">{t.usage.noPricesAreSetOnThis}</Box>}
    </SpaceBetween>
  );
}
