// Light or dark, and how close together things are.
import { applyDensity, applyMode, Density, Mode } from "@cloudscape-design/global-styles";
import { useUTC } from "./text/format";

export interface Look {
  mode: "system" | "light" | "dark";
  dense: boolean;
  utc: boolean;
}

const name = "magpie.look";

export function look(): Look {
  try {
    return { mode: "system", dense: false, utc: false, ...JSON.parse(localStorage.getItem(name) ?? "{}") };
  } catch {
    return { mode: "system", dense: false, utc: false };
  }
}

const system = matchMedia("(prefers-color-scheme: dark)");

export function apply(l: Look) {
  const dark = l.mode === "dark" || (l.mode === "system" && system.matches);
  applyMode(dark ? Mode.Dark : Mode.Light);
  applyDensity(l.dense ? Density.Compact : Density.Comfortable);
  document.documentElement.classList.toggle("dark", dark);
  useUTC(l.utc);
}

export function setLook(l: Look) {
  localStorage.setItem(name, JSON.stringify(l));
  apply(l);
}

system.addEventListener("change", () => apply(look()));
