// Small things that many pages show.
import Link from "@cloudscape-design/components/link";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import { follow } from "../route";
import { relationship, time, ago, visible, words } from "../text/format";

export function To({ href, children, primary, onOpen }: { href: string; children: ReactNode; primary?: boolean; onOpen?: () => void }) {
  return (
    <Link href={href} variant={primary ? "primary" : "secondary"} onFollow={(e) => { onOpen?.(); follow(e); }}>
      {children}
    </Link>
  );
}

export function When({ at }: { at: string | undefined }) {
  if (!at) return <>–</>;
  return (
    <time dateTime={at} title={at}>
      {time(at)} <span className="quiet">({ago(at)})</span>
    </time>
  );
}

export const Theirs = ({ text }: { text: string | undefined }) => <bdi className="theirs">{text ? visible(text) : "–"}</bdi>;

export function Relationship({ status }: { status: string | undefined }) {
  const known = relationship[status ?? ""];
  return <StatusIndicator type={known?.type ?? "info"}>{known?.text ?? words(status)}</StatusIndicator>;
}
