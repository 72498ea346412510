// The pages that there are: where, what they are called, and which operations they cannot do without.
import Badge from "@cloudscape-design/components/badge";
import type { AppLayoutProps } from "@cloudscape-design/components/app-layout";
import type { SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { createElement, type ComponentType, type LazyExoticComponent, lazy } from "react";
import { href } from "./route";
import { t } from "./text";

export interface Page {
  path: string; // after account and Region; ":id" is what it is about
  name: string;
  in?: "main" | "settings" | "service"; // the part of the navigation
  under?: string; // the page that it belongs to
  needs?: string[];
  content?: AppLayoutProps.ContentType;
  component: LazyExoticComponent<ComponentType<{ id: string }>> | ComponentType<{ id: string }>;
}

const page = <K extends string>(load: () => Promise<Record<K, ComponentType<{ id: string }>>>, name: K) => lazy(() => load().then((m) => ({ default: m[name] })));

const accounts = () => import("./pages/accounts");
const buckets = () => import("./pages/buckets");
const jobs = () => import("./pages/jobs");
const findings = () => import("./pages/findings");
const identifiers = () => import("./pages/identifiers");
const allowLists = () => import("./pages/allow-lists");
const invitations = () => import("./pages/invitations");

const AllowListPage = page(allowLists, "AllowList");

export const pages: Page[] = [
  { path: "summary", name: t.common.summary, in: "main", needs: ["GetBucketStatistics", "GetFindingStatistics"], content: "default", component: page(() => import("./pages/summary"), "Summary") },
  { path: "findings", name: t.common.findings, in: "main", needs: ["ListFindings", "GetFindings"], component: page(findings, "Findings") },
  { path: "findings/:id", name: t.common.finding, under: "findings", needs: ["GetFindings"], content: "default", component: page(findings, "FindingPage") },
  { path: "buckets", name: t.common.buckets, in: "main", needs: ["DescribeBuckets"], component: page(buckets, "Buckets") },
  { path: "buckets/:id", name: t.common.bucket, under: "buckets", needs: ["DescribeBuckets"], content: "default", component: page(buckets, "Bucket") },
  { path: "jobs", name: t.common.jobs, in: "main", needs: ["ListClassificationJobs"], component: page(jobs, "Jobs") },
  { path: "jobs/create", name: t.common.createJob, under: "jobs", needs: ["CreateClassificationJob"], content: "wizard", component: page(() => import("./pages/create-job"), "CreateJob") },
  { path: "jobs/:id", name: t.common.job, under: "jobs", needs: ["DescribeClassificationJob"], content: "default", component: page(jobs, "Job") },
  { path: "accounts", name: t.common.accounts, in: "main", needs: ["ListMembers"], component: page(accounts, "Accounts") },
  { path: "accounts/add", name: t.common.addAccounts, under: "accounts", needs: ["CreateMember"], content: "wizard", component: page(() => import("./pages/add-accounts"), "AddAccounts") },
  { path: "accounts/:id", name: t.common.account, under: "accounts", needs: ["GetMember"], component: page(accounts, "Account") },
  { path: "invitations", name: t.common.invitations, in: "main", needs: ["ListInvitations"], component: page(invitations, "Invitations") },
  { path: "invitations/:id", name: t.common.invitation, under: "invitations", needs: ["ListInvitations"], component: page(invitations, "Invitations") },
  { path: "custom-data-identifiers", name: t.common.customDataIdentifiers, in: "settings", needs: ["ListCustomDataIdentifiers"], component: page(identifiers, "Identifiers") },
  { path: "custom-data-identifiers/create", name: t.common.createCustomDataIdentifier, under: "custom-data-identifiers", needs: ["CreateCustomDataIdentifier"], content: "default", component: page(identifiers, "CreateIdentifier") },
  { path: "custom-data-identifiers/:id", name: t.common.customDataIdentifier, under: "custom-data-identifiers", needs: ["GetCustomDataIdentifier"], content: "default", component: page(identifiers, "Identifier") },
  { path: "allow-lists", name: t.common.allowLists, in: "settings", needs: ["ListAllowLists"], component: page(allowLists, "AllowLists") },
  { path: "allow-lists/create", name: t.common.createAllowList, under: "allow-lists", needs: ["CreateAllowList"], content: "form", component: () => createElement(AllowListPage, { id: "create" }) },
  { path: "allow-lists/:id", name: t.common.allowList, under: "allow-lists", needs: ["GetAllowList"], content: "form", component: AllowListPage },
  { path: "rules", name: t.common.rules, in: "settings", needs: ["ListFindingsFilters"], component: page(() => import("./pages/rules"), "Rules") },
  { path: "automated-discovery", name: t.common.automatedDiscovery, in: "settings", needs: ["GetAutomatedDiscoveryConfiguration", "GetClassificationScope", "GetSensitivityInspectionTemplate"], content: "table", component: page(() => import("./pages/automated-discovery"), "AutomatedDiscovery") },
  { path: "settings", name: t.common.settings, in: "settings", needs: ["GetMacieSession"], content: "default", component: page(() => import("./pages/settings"), "Settings") },
  { path: "usage", name: t.common.usage, in: "service", needs: ["GetUsageTotals"], component: page(() => import("./pages/usage"), "Usage") },
  { path: "activity", name: t.common.activity, in: "service", component: page(() => import("./pages/activity"), "Activity") },
  { path: "health", name: t.common.health, in: "service", content: "default", component: page(() => import("./pages/health"), "Health") },
];

export function navigation(shown: Page[], account: string, region: string, unanswered: number): SideNavigationProps.Item[] {
  const link = (p: Page): SideNavigationProps.Item => ({
    type: "link",
    text: p.name,
    href: href(account, region, p.path),
    info: p.path === "invitations" && unanswered > 0 ? <Badge color="blue">{unanswered}</Badge> : undefined,
  });
  const part = (name: Page["in"]) => shown.filter((p) => p.in === name).map(link);
  const items: SideNavigationProps.Item[] = [...part("main")];
  if (part("settings").length) items.push({ type: "section", text: t.pages.configuration, items: part("settings") });
  if (part("service").length) items.push({ type: "section", text: t.pages.service, items: part("service") });
  return items;
}
