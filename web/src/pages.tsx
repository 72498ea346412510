// The pages that there are: where, what they are called, and which operations they cannot do without.
import Badge from "@cloudscape-design/components/badge";
import type { AppLayoutProps } from "@cloudscape-design/components/app-layout";
import type { SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import { href } from "./route";

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

const invitations = () => import("./pages/invitations");

export const pages: Page[] = [
  { path: "invitations", name: "Invitations", in: "main", needs: ["ListInvitations"], component: page(invitations, "Invitations") },
  { path: "invitations/:id", name: "Invitation", under: "invitations", needs: ["ListInvitations"], component: page(invitations, "Invitations") },
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
  if (part("settings").length) items.push({ type: "section", text: "Settings", items: part("settings") });
  if (part("service").length) items.push({ type: "section", text: "Service", items: part("service") });
  return items;
}
