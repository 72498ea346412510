// Usage: what was analysed and watched for each account, and how much of the quota that is.
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Spinner from "@cloudscape-design/components/spinner";
import { lazy, Suspense, useEffect, useState } from "react";
import { To } from "../parts/bits";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { useDesk } from "../session";
import { bytes, count } from "../text/format";

const Chart = lazy(() => import("../parts/chart"));

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
  { value: "PAST_30_DAYS", label: "The last 30 days" },
  { value: "MONTH_TO_DATE", label: "This month" },
];

export function Usage() {
  const desk = useDesk();
  const [range, setRange] = useState(ranges[0]!);
  useEffect(() => desk.title("Usage"), [desk]);
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
        name="Usage"
        id="usage"
        description={"Of this account and its members, in " + desk.region + "."}
        rows={{ ...usage, data: list, set: () => {} }}
        rowId={(a) => a.accountId}
        more={
          list && (
            <SpaceBetween size="s">
              <Box variant="small">{"From " + usage.data!.from + " to " + usage.data!.to + ", days of UTC. A month's quota is " + bytes(quota) + " for each account's jobs. Together:"}</Box>
              <KeyValuePairs
                columns={4}
                items={[
                  { label: "Analysed by jobs", value: bytes(sum((a) => a.jobBytes)) + ", " + count(sum((a) => a.jobObjects)) + " objects" },
                  { label: "By automated discovery", value: bytes(sum((a) => a.automatedBytes)) + ", " + count(sum((a) => a.automatedObjects)) + " objects" },
                  { label: "Buckets watched", value: count(sum((a) => a.buckets)) },
                  { label: "Requests to stores", value: count(sum((a) => a.requests)) },
                ]}
              />
            </SpaceBetween>
          )
        }
        actions={<Select selectedOption={range} options={ranges} onChange={(e) => setRange(ranges.find((r) => r.value === e.detail.selectedOption.value)!)} ariaLabel="Time range" />}
        empty={{ title: "Nothing was used", text: "What jobs analyse, and the buckets that are watched, are counted here." }}
        columns={[
          { id: "account", header: "Account", value: (a) => a.accountId, cell: (a) => (a.accountId === desk.account ? a.accountId : <To href={desk.link("accounts", a.accountId)}>{a.accountId}</To>), width: 135 },
          { id: "jobs", header: "By jobs", value: (a) => a.jobBytes, cell: (a) => bytes(a.jobBytes), filter: false, width: 110 },
          { id: "jobObjects", header: "Objects by jobs", value: (a) => a.jobObjects, cell: (a) => count(a.jobObjects), filter: false, width: 150 },
          { id: "automated", header: "Automated", value: (a) => a.automatedBytes, cell: (a) => bytes(a.automatedBytes), filter: false, width: 130 },
          { id: "buckets", header: "Buckets", value: (a) => a.buckets, cell: (a) => count(a.buckets), filter: false, width: 115 },
          { id: "quota", header: "Month's quota", value: (a) => a.quotaUsedBytes, cell: (a) => <StatusIndicator type={a.quotaMet ? "error" : "success"}>{quota ? ((100 * a.quotaUsedBytes) / quota).toFixed(1) + " %" : "–"}</StatusIndicator>, filter: false, width: 148 },
          { id: "requests", header: "Requests", value: (a) => a.requests, cell: (a) => count(a.requests), filter: false, width: 120 },
          ...(priced ? [{ id: "cost", header: "Estimated cost", value: (a: Account) => Number(a.estimatedCost), cell: (a: Account) => a.estimatedCost + " " + a.currency, filter: false, width: 140 }] : []),
        ]}
      />
      {days.data?.some((d) => d.jobObjects + d.automatedObjects > 0) && (
        <Container header={<Header variant="h2" description={"Of the buckets of account " + desk.account + ", by day of UTC."}>Objects analysed</Header>}>
          <Suspense fallback={<Spinner />}>
            <Chart
              name="Objects analysed"
              x="Day (UTC)"
              y="Objects"
              labels={days.data.map((d) => d.date.slice(5))}
              series={[
                { title: "By jobs", color: "#0972d3", values: days.data.map((d) => d.jobObjects) },
                { title: "By automated discovery", color: "#b35900", values: days.data.map((d) => d.automatedObjects) },
              ]}
            />
          </Suspense>
        </Container>
      )}
      {!priced && <Box variant="small">No prices are set on this server (--price-list), so nothing is said of money.</Box>}
    </SpaceBetween>
  );
}
