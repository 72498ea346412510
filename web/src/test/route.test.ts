// @vitest-environment node
import { beforeAll, expect, test, vi } from "vitest";

let route: typeof import("../route");
beforeAll(async () => {
  vi.stubGlobal("location", { pathname: "/console/", search: "", hash: "" });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("history", { pushState() {}, replaceState() {} });
  route = await import("../route");
});

test("addresses are read as they are written", () => {
  const to = route.href("111122223333", "eu-west-1", "buckets", "a/b c%");
  expect(to).toBe("/console/111122223333/eu-west-1/buckets/a%2Fb%20c%25");
  const r = route.parse(to, "?filter=x");
  expect([r.account, r.region, r.page, r.rest, r.query.get("filter")]).toEqual(["111122223333", "eu-west-1", "buckets", ["a/b c%"], "x"]);
});

test("what is no address is none", () => {
  const r = route.parse("/console/<script>/../%E0%A4%A", "");
  expect([r.account, r.region]).toEqual(["", ""]);
});
