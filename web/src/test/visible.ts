// Finds text in a source that somebody would see: what stands between tags, and strings that read like words, but for those in places
// that only the program reads. The places are listed here; a new one is added when a test finds it.
import { parseSync } from "vite";

// biome-ignore lint: the parser's nodes have no types here
export type Node = any;

const letters = /\p{L}/u;
/** Names of one word that are the API's, or the browser's, and not a language's. */
const ofProgram = new Set(["High", "Medium", "Low", "Escape", "Enter", "Error", "Magpie", "AWS", "Retry-After", "1 High", "2 Medium", "3 Low"]);

/** Whether a string reads like words. */
export function prose(text: string): boolean {
  const bare = text.trim();
  if (!letters.test(bare) || ofProgram.has(bare)) return false;
  if (/^[A-Z][a-z0-9]+(?:[A-Z0-9][A-Za-z0-9]*)+$/.test(bare) || /^[A-Z0-9_]+$/.test(bare) || /^[\w-]+(?:-[\w]+)+$/.test(bare)) return false; // GetMember, ACCESS_DENIED, x-amzn-ErrorType
  if (/^[\w.-]+=|^&|^\?|^\/|^https?:|^arn:|^magpie\./.test(bare)) return false; // parts of addresses
  return /\s/.test(bare) || /^\p{Lu}\p{Ll}+[.:?!…]?$/u.test(bare) || (text !== bare && /\p{L}{2}/u.test(bare) && /^[\p{L} ,;:.()%"-]+$/u.test(bare));
}

const attributes = new Set(["className", "variant", "size", "id", "type", "iconName", "href", "rel", "target", "direction", "alignItems", "color", "padding", "fontSize", "fontWeight", "role", "autoComplete", "inputMode", "textAlign", "float", "filteringType", "selectionType", "select", "contentType", "formAction", "iconAlign", "query", "status", "preserveAspectRatio", "viewBox", "headerSelector", "locale"]);
const properties = new Set(["id", "type", "iconName", "itemType", "propertyKey", "operator", "status", "method", "op", "field", "credentials", "groupBy", "attributeName", "orderBy", "comparator", "path", "variant", "color", "jobStatus", "in", "under", "content:type", "month", "event"]);
const calls = new Set(["call", "own", "all", "plain", "send", "request", "built", "link", "linkIn", "href", "get", "set", "has", "delete", "append", "getItem", "setItem", "removeItem", "querySelector", "querySelectorAll", "closest", "addEventListener", "removeEventListener", "includes", "startsWith", "endsWith", "indexOf", "lastIndexOf", "split", "localeCompare", "createElement", "getAttribute", "setAttribute", "URLSearchParams", "NumberFormat", "PluralRules", "RelativeTimeFormat", "DOMException", "lazy", "page", "recall", "setQuery", "matchMedia"]);

const nameOf = (callee: Node): string => (callee?.type === "MemberExpression" ? callee.property?.name : callee?.name) ?? "";

/** Whether what stands there is read by the program alone. parents are the nodes around it, the nearest first. */
export function ofTheProgram(node: Node, parents: Node[], text: string): boolean {
  let inner = node;
  for (const p of parents) {
    switch (p.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        if (p.source === inner) return true;
        break;
      case "ImportExpression":
      case "TSLiteralType":
      case "SwitchCase":
        if (p.type !== "SwitchCase" || p.test === inner) return true;
        break;
      case "BinaryExpression":
        if (p.operator !== "+") return true;
        break;
      case "Property":
        if (p.key === inner && !p.computed) return true;
        if (p.value === inner && properties.has(p.key.name ?? p.key.value) && !/\s/.test(text.trim())) return true;
        break;
      case "MemberExpression":
        if (p.computed && p.property === inner) return true;
        if (p.object === inner && inner.type === "ArrayExpression" && calls.has(p.property.name)) return true;
        break;
      case "JSXAttribute":
        return attributes.has(p.name.name) || (p.name.name === "name" && text === text.toLowerCase());
      case "CallExpression":
      case "NewExpression": {
        const name = nameOf(p.callee), at = p.arguments.indexOf(inner);
        if (at < 0) break;
        if (calls.has(name)) return true;
        if (name === "CallError" && at < 2) return true;
        if (name === "Error" && text === text.toLowerCase()) return true;
        if (name === "counted" && at > 0) return true; // the forms of a number are told apart below
        break;
      }
      case "ArrowFunctionExpression":
      case "FunctionExpression":
      case "FunctionDeclaration":
      case "JSXElement":
        return false;
    }
    inner = p;
  }
  return false;
}

/** Children of a node, in the order of the source. */
export function children(node: Node): Node[] {
  const out: Node[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === "parent") continue;
    for (const v of Array.isArray(value) ? value : [value]) if (v && typeof v === "object" && typeof (v as Node).type === "string") out.push(v);
  }
  return out.sort((a, b) => a.start - b.start);
}

export const parse = (file: string, source: string): Node => parseSync(file, source).program;

/** Texts that somebody would see. */
export function texts(file: string, source: string): string[] {
  const out: string[] = [];
  const walk = (node: Node, parents: Node[]) => {
    if (node.type === "JSXText" && letters.test(node.value)) out.push(node.value.trim().replace(/\s+/g, " "));
    if (node.type === "Literal" && typeof node.value === "string" && prose(node.value) && !ofTheProgram(node, parents, node.value)) out.push(node.value);
    if (node.type === "TemplateElement" && prose(node.value.cooked ?? "") && !ofTheProgram(node, parents, node.value.cooked)) out.push(node.value.cooked);
    if (node.type === "CallExpression" && nameOf(node.callee) === "counted") for (const a of node.arguments.slice(1)) if (a.type === "Literal") out.push(String(a.value));
    for (const c of children(node)) walk(c, [node, ...parents]);
  };
  walk(parse(file, source), []);
  return out;
}
