// What the page of 1,000 accounts takes of the processor, which other load does not change: node e2e/budget.mjs PROGRAM. It tells, and
// fails beyond three times the budgets of the design, which hold for the machine that they were measured on.
import { Client, launch, serve, signIn, visitor } from "./lib.mjs";

const [program] = process.argv.slice(2);
const account = "100000000091", region = "us-east-1";
const server = await serve(program, "--rate", "CreateMember=1000");
const browser = await launch();
let failed = false;
try {
  const client = await new Client(server.url, account).signIn();
  await client.call(region, "POST", "/macie", {});
  for (let i = 0; i < 1000; i++) await client.call(region, "POST", "/members", { account: { accountId: String(200000000000 + i), email: "team" + i + "@example.com" } });
  const { page } = await visitor(browser, server.url);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => (await devtools.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value;
  const step = async (what, budget, act) => {
    const before = await spent();
    await act();
    const took = (await spent()) - before;
    console.log(what + ": " + took.toFixed(2) + " s of the processor, of " + budget + " s");
    failed ||= took > 3 * budget;
  };
  await signIn(page, server.url, account, account + "/" + region + "/settings");
  await page.locator("main h1").waitFor();
  await page.evaluate(() => localStorage.setItem("magpie.table.accounts", JSON.stringify({ pageSize: 50 })));
  await page.context().clearCookies();
  await page.goto(server.url + "/console/" + account + "/" + region + "/accounts");
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
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  console.log("heap: " + (usedSize / 2 ** 20).toFixed(0) + " MiB, of 60");
  failed ||= usedSize > 60 * 2 ** 20;
} finally {
  await browser.close();
  await server.stop();
}
process.exit(failed ? 1 : 0);
