// Every bucket as a square, grouped by account: its name and its sensitivity in words, and the same by pattern and colour.
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { BucketMetadata } from "../api/macie2.gen";
import { navigate } from "../route";
import { useDesk } from "../session";
import { count, counted, visible } from "../text/format";
import { kindOf, kinds, type Kind } from "./bucket-kind";
import { fill, t } from "../text";

/** How many squares are drawn at once. */
const most = 300;

export default function BucketMap({ buckets }: { buckets: BucketMetadata[] }) {
  const desk = useDesk();
  const [at, setAt] = useState(1);
  const ordered = [...buckets].sort((a, b) => (a.accountId ?? "").localeCompare(b.accountId ?? "") || (a.bucketName ?? "").localeCompare(b.bucketName ?? ""));
  const pages = Math.max(1, Math.ceil(ordered.length / most));
  const page = Math.min(at, pages);
  const accounts = new Map<string, BucketMetadata[]>();
  for (const b of ordered.slice((page - 1) * most, page * most)) accounts.set(b.accountId ?? "", [...(accounts.get(b.accountId ?? "") ?? []), b]);
  const tally = (list: BucketMetadata[]) => {
    const n = new Map<Kind, number>();
    for (const b of list) n.set(kindOf(b), (n.get(kindOf(b)) ?? 0) + 1);
    return n;
  };
  return (
    <SpaceBetween size="m">
      <ul className="legend" aria-label={t.common.legend}>
        {kinds.map((k) => (
          <li key={k.id}>
            <span className={"swatch " + k.id} aria-hidden="true" /> {k.text}: {count(tally(buckets).get(k.id) ?? 0)}
          </li>
        ))}
      </ul>
      {!buckets.length && <Box textAlign="center" padding="m">{t.bucketMap.noBucketMatches}</Box>}
      {[...accounts].map(([account, list]) => {
        const whole = ordered.filter((b) => (b.accountId ?? "") === account);
        const n = tally(whole);
        return (
          <Container key={account} header={<Header variant="h2" counter={"(" + whole.length + ")"} description={kinds.filter((k) => n.get(k.id)).map((k) => counted(n.get(k.id)!, k.of)).join(", ")}>{fill(t.common.accountAccount, { account })}</Header>}>
            <ul className="map" aria-label={fill(t.bucketMap.bucketsOfAccountAccount, { account })}>
              {list.map((b) => {
                const k = kinds.find((x) => x.id === kindOf(b))!;
                const href = desk.link("buckets", b.bucketName ?? "") + "?account=" + account;
                const exposed = b.publicAccess?.effectivePermission === "PUBLIC";
                return (
                  <li key={b.bucketName}>
                    <a
                      className={"square " + k.id}
                      href={href}
                      title={visible(b.bucketName)}
                      onClick={(e) => {
                        if (e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
                        e.preventDefault();
                        navigate(href);
                      }}
                    >
                      <span className="name">{visible(b.bucketName)}</span>
                      <span className="state">
                        {k.text}
                        {exposed ? t.bucketMap.public : ""}
                      </span>
                    </a>
                  </li>
                );
              })}
            </ul>
          </Container>
        );
      })}
      {pages > 1 && <Pagination currentPageIndex={page} pagesCount={pages} onChange={(e) => setAt(e.detail.currentPageIndex)} ariaLabels={{ nextPageLabel: t.bucketMap.nextSquares, previousPageLabel: t.bucketMap.previousSquares, pageLabel: (n) => fill(t.bucketMap.squaresPageN, { n }), paginationLabel: t.bucketMap.pagesOfTheMap }} />}
    </SpaceBetween>
  );
}
