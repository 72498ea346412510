// The console in a browser, against a server of its own: node e2e/run.mjs PROGRAM [NAME]. Pictures of every page go to web/shots.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browserPath, Client, launch, serve, signIn, visitor } from "./lib.mjs";
import * as flows from "./flows.mjs";

const [program, only] = process.argv.slice(2);
if (!browserPath()) {
  console.log("console: there is no Chromium, so nothing is tested in a browser");
  process.exit(process.env.CI === "true" ? 1 : 0);
}
const here = dirname(fileURLToPath(import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = join(here, "..", "shots");
mkdirSync(shots, { recursive: true });

/** No serious or critical violation. */
async function axe(page, what) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const r = await globalThis.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
    return r.violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => v.id + ": " + v.help + "\n  " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 300) + " " + n.failureSummary).join("\n  "));
  });
  assert.deepEqual(found, [], what);
}

const server = await serve(program);
const browser = await launch();
const folders = [];
const tools = {
  folder: () => {
    folders.push(mkdtempSync(join(tmpdir(), "magpie-files-")));
    return folders.at(-1);
  },
  magpie: (...args) => {
    const r = spawnSync(program, [...args, "--data", server.folder], { encoding: "utf8" });
    assert.equal(r.status, 0, args.join(" ") + ": " + r.stderr);
    return r.stdout;
  },
  magpieIn: (folder, ...args) => {
    const r = spawnSync(program, [...args, "--data", folder], { encoding: "utf8" });
    assert.equal(r.status, 0, args.join(" ") + ": " + r.stderr);
  },
  program,
  url: server.url,
  server,
  browser,
  axe,
  mail: () => {
    const folder = join(server.folder, "mail");
    return existsSync(folder) ? readdirSync(folder).map((f) => readFileSync(join(folder, f), "utf8")) : [];
  },
  client: (account) => new Client(server.url, account).signIn(),
  visitor: (options) => visitor(browser, server.url, options),
  signIn: (page, account, path) => signIn(page, server.url, account, path),
  shot: (page, name) => page.screenshot({ path: join(shots, name + ".png") }),
};
let failed = 0;
for (const [name, flow] of Object.entries(flows)) {
  if (only && name !== only) continue;
  const start = Date.now();
  const before = browser.contexts().length;
  try {
    await flow(tools);
    console.log("  " + name + " " + ((Date.now() - start) / 1000).toFixed(1) + " s");
  } catch (e) {
    failed++;
    console.log("FAILED " + name + "\n" + (e.stack ?? e));
    for (const c of browser.contexts().slice(before)) for (const p of c.pages()) await p.screenshot({ path: join(shots, "FAILED-" + name + ".png") }).catch(() => {});
  }
  for (const c of browser.contexts()) await c.close().catch(() => {});
}
await browser.close();
await server.stop();
for (const f of folders) rmSync(f, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
