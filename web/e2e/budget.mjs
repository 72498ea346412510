// What the page of 1,000 accounts takes of the processor, which other load changes little: node e2e/budget.mjs PROGRAM tells it.
import { pathToFileURL } from "node:url";
import { Client, launch, serve, signIn, visitor } from "./lib.mjs";

const region = "us-east-1";

/** Steps with what they took and may take, in seconds of the main thread's processor time, and the page's heap in MiB. */
export async function spending(page, url, account) {
  const client = await new Client(url, account).signIn();
  await client.call(region, "POST", "/macie", {});
  const add = (i) => client.call(region, "POST", "/members", { account: { accountId: String(200000000000 + i), email: "team" + i + "@example.com" } });
  for (let i = 0; i < 1000; i += 10) await Promise.all(Array.from({ length: 10 }, (_, j) => add(i + j)));
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const now = async () => (await devtools.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value;
  const steps = [];
  const step = async (what, budget, act) => {
    const before = await now();
    await act();
    steps.push({ what, unit: "s of the processor", spent: (await now()) - before, budget });
  };
  await signIn(page, url, account, account + "/" + region + "/settings");
  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor(); // signed in: an answer that came later would bring the cookie back
  await page.evaluate(() => localStorage.setItem("magpie.table.accounts", JSON.stringify({ pageSize: 50 })));
  await page.context().clearCookies();
  await page.goto(url + "/console/" + account + "/" + region + "/accounts");
  await page.getByLabel("Access key ID").fill(account);
  await page.getByLabel("Secret access key").fill("dev");
  await step("sign in, 1,000 accounts, 50 of them shown", 1, async () => {
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("checkbox", { name: "Select 200000000049" }).waitFor();
  });
  await step("sort, twice", 0.8, async () => {
    await page.getByRole("button", { name: "Account ID", exact: true }).first().click();
    await page.getByRole("button", { name: "Account ID", exact: true }).first().click();
    await page.getByRole("checkbox", { name: "Select 200000000999" }).waitFor();
  });
  await step("select all", 0.4, async () => {
    await page.getByRole("checkbox", { name: "Select all" }).click();
    await page.waitForFunction(() => document.querySelectorAll("tbody input[type=checkbox]:checked").length === 50);
  });
  await devtools.send("HeapProfiler.enable");
  await devtools.send("HeapProfiler.collectGarbage");
  steps.push({ what: "heap", unit: "MiB", spent: (await devtools.send("Runtime.getHeapUsage")).usedSize / 2 ** 20, budget: 60 });
  return steps;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const server = await serve(process.argv[2]);
  const browser = await launch();
  let over = false;
  try {
    for (const s of await spending((await visitor(browser, server.url)).page, server.url, "100000000091")) {
      console.log(s.what + ": " + s.spent.toFixed(2) + " " + s.unit + ", of " + s.budget);
      over ||= s.spent > s.budget;
    }
  } finally {
    await browser.close();
    await server.stop();
  }
  process.exit(over ? 1 : 0);
}
