// Keys of a table: through its rows, to choose one, and to what is done with the chosen ones. They can be turned off, for those whose
// speech or keyboard types letters that were not meant.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useEffect, useRef, useState } from "react";
import { t } from "../text";

const stored = "magpie.shortcuts";

function wanted(): boolean {
  try {
    return localStorage.getItem(stored) !== "off";
  } catch {
    return true;
  }
}

/** Whether a key is for what has the focus: a text field, a menu, a dialog. */
function taken(e: KeyboardEvent): boolean {
  if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return true;
  if (document.querySelector("[role=dialog]:not([aria-hidden=true])")) return true;
  const at = e.target;
  if (!(at instanceof HTMLElement)) return false;
  return at.isContentEditable || !!at.closest("textarea, select, input:not([type=checkbox]):not([type=radio]), [role=menu], [role=menuitem], [role=listbox], [role=option], [role=combobox]");
}

interface Key {
  key: string;
  text: string;
  act: (row: number | undefined) => void; // of the row that has the focus
}

/** The keys of the table of that name, and a button that explains them. Beside the given ones there are j, k, x, / and ?. */
export function Shortcuts({ table, keys }: { table: string; keys: Key[] }) {
  const [on, setOn] = useState(wanted);
  const [help, setHelp] = useState(false);
  const rows = () => [...document.querySelectorAll<HTMLTableRowElement>("table[aria-label=" + CSS.escape(table) + "] tbody tr")].filter((r) => r.querySelector("input[type=checkbox]"));
  const focused = () => rows().findIndex((r) => r.contains(document.activeElement));
  const move = (by: number) => {
    const list = rows(), at = focused();
    const to = list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))];
    (to?.querySelector<HTMLElement>("a[href]") ?? to?.querySelector<HTMLElement>("input"))?.focus();
  };
  const all: Key[] = [
    { key: "j", text: t.shortcuts.toTheNextRow, act: () => move(1) },
    { key: "k", text: t.shortcuts.toTheRowBefore, act: () => move(-1) },
    { key: "x", text: t.shortcuts.chooseTheRowOrDoNot, act: (row) => row !== undefined && rows()[row]?.querySelector<HTMLElement>("input[type=checkbox]")?.click() },
    ...keys,
    { key: "/", text: t.shortcuts.toTheFilter, act: () => document.querySelector<HTMLElement>("input[aria-label=" + CSS.escape("Find " + table.toLowerCase()) + "]")?.focus() },
    { key: "?", text: t.shortcuts.thisListOfKeys, act: () => setHelp(true) },
  ];
  const now = useRef(all);
  now.current = all;
  useEffect(() => {
    if (!on) return;
    const press = (e: KeyboardEvent) => {
      const k = taken(e) ? undefined : now.current.find((x) => x.key === e.key);
      if (!k) return;
      e.preventDefault();
      const row = focused();
      k.act(row < 0 ? undefined : row);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [on, table]);
  const turn = (to: boolean) => {
    setOn(to);
    try {
      localStorage.setItem(stored, to ? "on" : "off");
    } catch {
      /* it holds for this page */
    }
  };
  return (
    <>
      <Button variant="link" onClick={() => setHelp(true)}>{t.shortcuts.keyboardShortcuts}</Button>
      {help && (
        <Modal visible header={t.shortcuts.keyboardShortcuts} closeAriaLabel={t.common.close} onDismiss={() => setHelp(false)} footer={<Box float="right"><Button variant="primary" onClick={() => setHelp(false)}>{t.common.close}</Button></Box>}>
          <SpaceBetween size="m">
            <dl className="keys">
              {all.map((k) => (
                <div key={k.key}>
                  <dt><kbd>{k.key}</kbd></dt>
                  <dd>{k.text}</dd>
                </div>
              ))}
            </dl>
            <Box variant="small">{t.shortcuts.enterOpensWhatTheLinkWith}</Box>
            <Toggle checked={on} onChange={(e) => turn(e.detail.checked)}>{t.shortcuts.shortcutsWork}</Toggle>
          </SpaceBetween>
        </Modal>
      )}
    </>
  );
}
