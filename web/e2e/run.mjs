// The console in a browser, against a server of its own: node e2e/run.mjs PROGRAM [NAME,…]. With SHOTS=1, pictures of every page go to
// web/shots; of what failed there always is one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answering, browserPath, Client, launch, serve, signIn, visitor } from "./lib.mjs";
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

/** Ends what colours are on their way to other ones: the same as waiting for it. */
const still = (page) =>
  page.evaluate(() => {
    const moving = () => document.getAnimations().filter((a) => a instanceof CSSTransition);
    for (let i = 0, all = moving(); i < 10 && all.length; i++, all = moving()) for (const a of all) a.finish();
  });

// The rules whose answer depends on colours. The others read the same tree, whatever colours it has.
const ofColours = ["color-contrast", "link-in-text-block"];

/** Texts in which characters without a shape of their own stand as they are: they turn round what follows, or hide in names. */
function unseen() {
  const marks = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}/u;
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!walk.currentNode.parentElement.closest("textarea")) found.push(walk.currentNode.data);
  for (const e of document.querySelectorAll("[aria-label], [title]")) found.push(e.ariaLabel ?? "", e.title ?? "");
  return [document.title, ...found].filter((text) => marks.test(text)).map((text) => text.slice(0, 200));
}

/** What is seriously or critically wrong, by all rules or by some. */
const wrong = (page, where, rules) =>
  page.evaluate(async ([where, rules]) => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const r = await globalThis.axe.run(where ?? document, { resultTypes: ["violations"], preload: false, runOnly: rules ?? tags });
    return r.violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => v.id + ": " + v.help + "\n  " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 300) + " " + n.failureSummary).join("\n  "));
  }, [where, rules]);

/**
 * No serious or critical violation, in light and in dark: what is open is turned to the other and stays so, and there only what colours
 * decide is asked. A name takes pictures of both. What is round a part of the page can be left out where it was looked at before.
 */
async function axe(page, what, { name, part } = {}) {
  await still(page);
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  assert.deepEqual(await wrong(page, part), [], what);
  assert.deepEqual(await page.evaluate(unseen), [], what + ": characters that nobody sees");
  const dark = await page.evaluate(() => document.documentElement.classList.contains("dark"));
  if (name) await shot(page, name + (dark ? "-dark" : ""));
  await turn(page, dark ? "light" : "dark");
  assert.deepEqual(await wrong(page, part, ofColours), [], what + (dark ? ", light" : ", dark"));
  if (name) await shot(page, name + (dark ? "" : "-dark"));
}

const shot = async (page, name) => process.env.SHOTS && (await page.screenshot({ path: join(shots, name + ".png") }));

/** Goes to another page of the console as a link in it does: the document stays, and what the browser has loaded. */
async function follow(page, path) {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, "/console/" + path);
}

/** Turns a page that is open to light or dark. */
async function turn(page, colorScheme) {
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction((dark) => document.documentElement.classList.contains("dark") === dark, colorScheme === "dark");
  await still(page);
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
  follow,
  turn,
  answering,
  signIn: (page, account, path) => signIn(page, server.url, account, path),
  shot,
};

/** Runs one flow. What it opened is closed behind it. */
async function run(name, flow) {
  const start = Date.now();
  const opened = [];
  const own = {
    ...tools,
    visitor: async (options) => {
      const v = await visitor(browser, server.url, options);
      opened.push(v.context);
      return v;
    },
  };
  try {
    await flow(own);
    console.log("  " + name + " " + ((Date.now() - start) / 1000).toFixed(1) + " s");
  } catch (e) {
    failed++;
    console.log("FAILED " + name + "\n" + (e.stack ?? e));
    for (const c of opened) for (const p of c.pages()) await p.screenshot({ path: join(shots, "FAILED-" + name + ".png") }).catch(() => {});
  }
  for (const c of opened) await c.close().catch(() => {});
}

// Two at a time: while one waits for the server or for the other processor, the other goes on. Flows share no account. The longest come
// first.
let failed = 0;
const first = ["findings", "nothingThere", "refusals", "smallPages"];
const rank = (name) => (first.includes(name) ? first.indexOf(name) : first.length);
const waiting = Object.entries(flows).filter(([name]) => !only || only.split(",").includes(name)).sort(([a], [b]) => rank(a) - rank(b));
const work = async () => {
  for (let next = waiting.shift(); next; next = waiting.shift()) await run(...next);
};
await Promise.all([work(), work()]);
await browser.close();
await server.stop();
for (const f of folders) rmSync(f, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
