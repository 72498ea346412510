// Takes pictures: node e2e/shot.mjs URL ACCOUNT PATH NAME [dark] [width]
import { launch, signIn, visitor } from "./lib.mjs";
const [url, account, list, dark, width] = process.argv.slice(2);
const browser = await launch();
const { page, faults } = await visitor(browser, url, { colorScheme: dark === "dark" ? "dark" : "light", viewport: { width: Number(width) || 1280, height: 900 } });
await page.goto(url + "/console/");
await page.waitForTimeout(500);
let signed = false;
for (const entry of list.split(",")) {
  const [path, name] = entry.split("=");
  if (path !== "signin" && !signed) {
    await signIn(page, url, account);
    await page.getByRole("main").waitFor();
    signed = true;
  }
  if (path !== "signin") await page.goto(url + "/console/" + account + "/" + path);
  await page.waitForTimeout(1500);
  await page.screenshot({ path: "shots/" + name + ".png" });
}
console.log(faults.join("\n"));
await browser.close();
