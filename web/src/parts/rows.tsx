// The table of every page: a filter in the address, sorting, pages of at most 100 rows, columns to choose, CSV of all that match.
import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import CollectionPreferences, { type CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import PropertyFilter, { type PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { readFilter, writeFilter } from "../filter";
import { changes } from "../held";
import { setQuery, useRoute } from "../route";
import { useDesk } from "../session";
import { ago, counted, csv, save, short, zone } from "../text/format";
import { Problem } from "./problem";
import { type Pace, type Resource, usePace } from "./resource";
import { fill, t } from "../text";

export { writeFilter };

export interface Column<T> {
  id: string;
  header: string;
  value?: (row: T) => string | number;
  time?: (row: T) => string | undefined; // in place of value
  cell?: (row: T) => ReactNode;
  width?: number;
  filter?: boolean; // offers the values that there are
  hidden?: boolean; // unless chosen
  sort?: boolean; // false: there is no order of it
  wide?: boolean;
}

/** What a table shows: the rows of its page, and all that match, both in their order. */
export interface Listed<T> {
  page: readonly T[];
  all: readonly T[];
}

interface Props<T> extends Given<T> {
  columns: Known<T>[];
}

type Known<T> = Column<T> & { value: (row: T) => string | number };

interface Given<T> {
  name: string;
  things?: string; // what a row is, where the table is named otherwise
  id: string; // of what is remembered
  h1?: boolean;
  description?: ReactNode;
  columns: Column<T>[];
  rows: Resource<T[]>;
  rowId: (row: T) => string;
  actions?: ReactNode;
  select?: "multi" | "single";
  selectionName?: (row: T) => string;
  selected?: T[];
  onSelect?: (rows: T[]) => void;
  empty: { title: string; text: string; action?: ReactNode };
  more?: ReactNode; // between the heading and the filter
  query?: string; // the filter's name in the address
  note?: string; // beside the counter
  picture?: (rows: T[]) => ReactNode; // of all that match, in place of the table
  listed?: RefObject<Listed<T>>; // filled with what is shown
  onShown?: (rows: readonly T[]) => void; // told of the rows of the page when they are others, or were loaded anew
  complete?: (rows: readonly T[]) => Promise<unknown>; // finds out what the columns need of rows that were never shown, before they are saved
  server?: Server<T>;
  sets?: ReactNode; // before the filter: sets of conditions that somebody has kept
}

/** What of the filter and the order the server does: the page reads both in the address, and loads what they ask for. */
export interface Server<T> {
  fields: PropertyFilterProps.FilteringProperty[]; // conditions on them are the server's
  options?: PropertyFilterProps.FilteringOption[];
  whole?: boolean; // and so are free text and the order
  total?: number; // how many match, where only some of them are loaded
  more?: () => Promise<unknown>; // loads some more
  every?: (said: (n: number) => void) => Promise<T[]>; // all that match
}

const stored = "magpie.table.";

function recall<V>(id: string, usual: V): V {
  try {
    return { ...usual, ...JSON.parse(localStorage.getItem(stored + id) ?? "{}") };
  } catch {
    return usual;
  }
}

/** The rows as they were when somebody last asked for them: what came by itself and would shift them waits. */
function useHeld<T>(rows: Resource<T[]>, rowId: (row: T) => string): { data: T[] | undefined; waiting: number; show: () => void } {
  const shown = useRef<T[] | undefined>(undefined);
  const [, again] = useState(0);
  const n = rows.byTimer && shown.current?.length && rows.data ? changes(shown.current.map(rowId), rows.data.map(rowId)) : 0;
  if (!n) shown.current = rows.data;
  else {
    // What has only changed is shown where it stands.
    const now = new Map(rows.data!.map((r) => [rowId(r), r]));
    shown.current = shown.current!.map((r) => now.get(rowId(r)) ?? r);
  }
  return {
    data: shown.current,
    waiting: n,
    show: () => {
      shown.current = rows.data;
      again((x) => x + 1);
    },
  };
}

const paces: Array<{ id: Pace; text: string }> = [
  { id: "off", text: t.rows.autoRefreshOff },
  { id: "15", text: t.rows.autoRefreshEvery15Seconds },
  { id: "60", text: t.rows.autoRefreshEveryMinute },
];

export function Rows<T>(given: Given<T>) {
  const columns = given.columns.map((c): Known<T> => {
    if (!c.time) return { ...c, value: c.value ?? (() => "") };
    const at = c.time;
    return { filter: false, width: 200, ...c, header: c.header + " (" + zone() + ")", value: (r) => at(r) ?? "", cell: c.cell ?? ((r) => <time dateTime={at(r)} title={at(r)}>{short(at(r))}</time>) };
  });
  return <Inner<T> {...given} columns={columns} />;
}

function Inner<T>(p: Props<T>) {
  const desk = useDesk();
  const route = useRoute();
  const filterName = p.query ?? "filter";
  const [prefs, setPrefs] = useState<CollectionPreferencesProps.Preferences & { widths?: { [id: string]: number } }>(() =>
    recall(p.id, { pageSize: 25, wrapLines: false, contentDisplay: p.columns.map((c) => ({ id: c.id, visible: !c.hidden })) }),
  );
  const sortName = p.h1 ? "sort" : (p.query ?? p.id) + "-sort";
  const known = new Set(p.columns.map((c) => c.id));
  const display = [...(prefs.contentDisplay ?? []).filter((c) => known.has(c.id))];
  // A column that was not there when the choice was made stands behind the one that it follows.
  p.columns.forEach((c, i) => {
    if (!display.some((d) => d.id === c.id)) display.splice(i ? display.findIndex((d) => d.id === p.columns[i - 1]!.id) + 1 : 0, 0, { id: c.id, visible: !c.hidden });
  });
  const held = useHeld(p.rows, p.rowId);
  const items = held.data ?? [];
  const [pace, setPace] = usePace();
  const whole = !!p.server?.whole;
  const start = useMemo(() => readFilter(route.query.get(filterName)), []);
  const theirs = new Set(p.server?.fields.map((f) => f.key) ?? []);
  const properties = [...(p.server?.fields ?? []), ...(whole ? [] : p.columns.filter((c) => !theirs.has(c.id))).map((c) => ({ key: c.id, propertyLabel: c.header, groupValuesLabel: fill(t.rows.valuesOfHeader, { header: c.header }), operators: [":", "!:", "=", "!=", "^"] as PropertyFilterProps.FilteringProperty["operators"] }))];
  const value = (row: T, id: string) => String(p.columns.find((c) => c.id === id)?.value(row) ?? "");
  const asked = route.query.get(filterName) ?? "";
  const empty = (
    <Box textAlign="center" color="inherit" padding="m">
      <SpaceBetween size="s">
        <b>{p.empty.title}</b>
        <span>{p.empty.text}</span>
        {p.empty.action}
      </SpaceBetween>
    </Box>
  );
  const noMatch = (
    <Box textAlign="center" color="inherit" padding="m">
      <SpaceBetween size="s">
        <b>{t.rows.noMatches}</b>
        <Button onClick={() => c.actions.setPropertyFiltering({ operation: "and", tokens: [] })}>{t.rows.clearFilter}</Button>
      </SpaceBetween>
    </Box>
  );
  const c = useCollection(items, {
    propertyFiltering: {
      filteringProperties: properties,
      defaultQuery: start,
      empty: p.server && asked ? noMatch : empty,
      noMatch,
      filteringFunction: (row, q) => {
        const test = (t: PropertyFilterProps.Token) => {
          const wanted = String(t.value).toLowerCase();
          const one = (text: string) => {
            const v = text.toLowerCase();
            switch (t.operator) {
              case "=": return v === wanted;
              case "!=": return v !== wanted;
              case "!:": return !v.includes(wanted);
              case "^": return v.startsWith(wanted);
              default: return v.includes(wanted);
            }
          };
          if (t.propertyKey) return one(value(row, t.propertyKey));
          const each = p.columns.map((x) => one(String(x.value(row))));
          return t.operator === "!:" || t.operator === "!=" ? each.every(Boolean) : each.some(Boolean);
        };
        const own = whole ? [] : q.tokens.filter((t) => !theirs.has(t.propertyKey ?? ""));
        if (own.length === 0) return true;
        return q.operation === "or" ? own.some(test) : own.every(test);
      },
    },
    sorting: startSort(route.query.get(sortName), p.columns, whole),
    pagination: { pageSize: prefs.pageSize },
    selection: { trackBy: p.rowId, keepSelection: true },
  });
  const shownRows = c.items.map(p.rowId).join("\n");
  useEffect(() => p.onShown?.(c.items), [shownRows, p.rows.updated]);
  if (p.listed) p.listed.current = { page: c.items, all: c.allPageItems ?? items };
  const query = c.propertyFilterProps.query;
  const written = useRef(route.query.get(filterName) ?? "");
  useEffect(() => {
    written.current = writeFilter(query);
    setQuery(filterName, written.current);
  }, [query, filterName]);
  // A link to the same page with another filter.
  useEffect(() => {
    if (asked === written.current) return;
    written.current = asked;
    c.actions.setPropertyFiltering(readFilter(asked));
  }, [asked]);
  const sort = c.collectionProps.sortingColumn?.sortingField;
  const down = c.collectionProps.sortingDescending;
  useEffect(() => {
    if (sort) setQuery(sortName, (down ? "-" : "") + sort);
  }, [sort, down, sortName]);
  const definitions: TableProps.ColumnDefinition<T>[] = p.columns.map((x) => ({
    id: x.id,
    header: x.header,
    cell: (row) => (x.cell ? x.cell(row) : String(x.value(row))),
    ...(x.sort === false ? {} : { sortingField: x.id, sortingComparator: (a: T, b: T) => (whole ? 0 : compare(x, a, b)) }),
    width: prefs.widths?.[x.id] ?? x.width,
    minWidth: 90,
    isRowHeader: x.id === p.columns[0]?.id,
  }));
  const options = useMemo(
    () =>
      whole ? (p.server?.options ?? []) : [...(p.server?.options ?? []), ...p.columns.filter((x) => !theirs.has(x.id)).filter((x) => x.filter !== false).flatMap((x) => [...new Set(items.map((r) => String(x.value(r))))].filter((v) => v !== "" && v !== "–").slice(0, 200).map((v) => ({ propertyKey: x.id, value: v })))],
    [items, p.columns, p.server?.options, whole],
  );
  const total = held.data && (p.server?.total ?? held.data.length);
  const shown = p.server?.total ?? c.filteredItemsCount ?? 0;
  const saveAll = async () => {
    const all = p.server?.every;
    const loaded = c.allPageItems ?? items;
    const every = async (said: (n: number) => void) => {
      const list = all ? await all(said) : loaded;
      await p.complete?.(list);
      return list;
    };
    const rows = all || p.complete ? await desk.during(t.rows.readingWhatIsSaved, every) : loaded;
    if (rows) save(p.id + "-" + desk.account + "-" + desk.region + ".csv", "text/csv", csv([p.columns.map((x) => x.header), ...rows.map((r) => p.columns.map((x) => String(x.value(r))))]));
  };
  const counter = total === undefined ? undefined : "(" + (p.selected?.length ? p.selected.length + "/" : "") + (shown !== total ? fill(t.rows.shownOf, { shown }) : "") + total + ")";
  const [, tick] = useState(0);
  const heading = (
          <SpaceBetween size="s">
            <Header
              variant={p.h1 ? "h1" : "h2"}
              counter={counter}
              description={p.description}
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Box variant="small" padding={{ top: "xs" }} color="text-body-secondary">
                    {p.rows.updated ? fill(t.rows.updatedToisostring, { toISOString: ago(new Date(p.rows.updated).toISOString()) }) : ""} {p.note ?? ""}
                  </Box>
                  {p.rows.auto ? (
                    <ButtonDropdown
                      ariaLabel={t.rows.autoRefresh}
                      mainAction={{ iconName: "refresh", ariaLabel: fill(t.rows.refreshName, { name: p.name.toLowerCase() }), loading: p.rows.loading && !!p.rows.data, onClick: p.rows.refresh }}
                      items={paces.map((x) => ({ ...x, itemType: "checkbox" as const, checked: x.id === pace }))}
                      onItemClick={(e) => setPace(e.detail.id as Pace)}
                    />
                  ) : (
                    <Button iconName="refresh" ariaLabel={fill(t.rows.refreshName, { name: p.name.toLowerCase() })} loading={p.rows.loading && !!p.rows.data} onClick={p.rows.refresh} />
                  )}
                  <Button iconName="download" ariaLabel={fill(t.rows.saveNameAsCsv, { name: p.name.toLowerCase() })} disabled={!shown} onClick={() => void saveAll()} />
                  {p.actions}
                </SpaceBetween>
              }
            >
              {p.name}
            </Header>
            {p.more}
            {held.waiting > 0 && (
              <div role="status">
                <Button variant="inline-link" onClick={held.show} ariaLabel={counted(held.waiting, t.rows.countChangesShow)}>{counted(held.waiting, t.rows.countChangesShow2)}</Button>
              </div>
            )}
          </SpaceBetween>
  );
  const filter = (
          <PropertyFilter
            {...c.propertyFilterProps}
            filteringOptions={options}
            countText={counted(shown, t.common.countMatches)}
            filteringPlaceholder={fill(t.rows.findName, { name: (p.things ?? p.name).toLowerCase() })}
            filteringAriaLabel={fill(t.rows.findName, { name: (p.things ?? p.name).toLowerCase() })}
            hideOperations={!!p.server}
            {...(whole ? { freeTextFiltering: { operators: [":"], defaultOperator: ":" } } : {})}
            customControl={p.sets}
            virtualScroll
          />
  );
  useEffect(() => {
    const t = setInterval(() => tick((n) => n + 1), 10_000);
    return () => clearInterval(t);
  }, []);
  if (p.picture)
    return (
      <SpaceBetween size="m">
        {p.rows.error && <Problem error={p.rows.error} retry={p.rows.refresh} />}
        {heading}
        {filter}
        {held.data ? items.length ? p.picture([...(c.allPageItems ?? [])]) : c.collectionProps.empty : !p.rows.error && <StatusIndicator type="loading">{fill(t.rows.loadingName, { name: p.name.toLowerCase() })}</StatusIndicator>}
      </SpaceBetween>
    );
  return (
    <SpaceBetween size="m">
      {p.rows.error && <Problem error={p.rows.error} retry={p.rows.refresh} />}
      <div className={p.rows.error && held.data ? "stale" : undefined}>
      <Table<T>
        {...c.collectionProps}
        variant="container"
        stickyHeader={false}
        enableKeyboardNavigation
        resizableColumns
        wrapLines={prefs.wrapLines}
        columnDefinitions={definitions}
        columnDisplay={display}
        items={p.rows.error && !p.rows.data ? [] : c.items}
        trackBy={p.rowId}
        loading={p.rows.loading && !held.data}
        loadingText={fill(t.rows.loadingName, { name: p.name.toLowerCase() })}
        selectionType={p.select}
        selectedItems={p.select ? (p.selected ?? []) : undefined}
        onColumnWidthsChange={(e) => {
          const at = display.filter((d) => d.visible);
          const widths = Object.fromEntries(at.map((d, i) => [d.id, e.detail.widths[i] ?? 0]).filter(([, w]) => (w as number) > 0)) as { [id: string]: number };
          const next = { ...prefs, widths: { ...prefs.widths, ...widths } };
          setPrefs(next);
          localStorage.setItem(stored + p.id, JSON.stringify(next));
        }}
        onSelectionChange={(e) => p.onSelect?.(e.detail.selectedItems)}
        empty={p.rows.error && !p.rows.data ? <Box textAlign="center">{"–"}</Box> : c.collectionProps.empty}
        ariaLabels={{
          tableLabel: p.name,
          selectionGroupLabel: fill(t.rows.rowsOfName, { name: p.name }),
          allItemsSelectionLabel: () => t.rows.selectAll,
          itemSelectionLabel: (_, row) => fill(t.rows.selectRow, { row: (p.selectionName ?? p.rowId)(row) }),
          resizerRoleDescription: t.rows.resizeButton,
        }}
        header={heading}
        filter={filter}
        pagination={
          <Pagination
            {...c.paginationProps}
            openEnd={!!p.server?.more}
            onNextPageClick={async (e) => {
              if (e.detail.requestedPageAvailable || !p.server?.more) return;
              await p.server.more();
              c.actions.setCurrentPage(e.detail.requestedPageIndex);
            }}
            ariaLabels={{ nextPageLabel: t.rows.nextPage, previousPageLabel: t.rows.previousPage, pageLabel: (n) => fill(t.rows.pageN, { n }), paginationLabel: fill(t.rows.pagesOfName, { name: p.name }) }} />
        }
        preferences={
          <CollectionPreferences
            title={t.rows.preferences}
            confirmLabel={t.rows.confirm}
            cancelLabel={t.common.cancel}
            preferences={{ ...prefs, contentDisplay: display }}
            onConfirm={(e) => {
              const next = { ...e.detail, widths: prefs.widths };
              setPrefs(next);
              localStorage.setItem(stored + p.id, JSON.stringify(next));
            }}
            pageSizePreference={{ title: t.rows.rowsOnAPage, options: [25, 50, 100].map((n) => ({ value: n, label: fill(t.rows.nRows, { n }) })) }}
            wrapLinesPreference={{ label: t.rows.wrapLines, description: t.rows.showAllOfTheTextOf }}
            contentDisplayPreference={{ title: t.rows.columns, options: p.columns.map((x) => ({ id: x.id, label: x.header, alwaysVisible: x.id === p.columns[0]?.id })) }}
          />
        }
      />
      </div>
    </SpaceBetween>
  );
}

function startSort<T>(text: string | null, columns: Known<T>[], whole: boolean) {
  const id = text?.replace(/^-/, "");
  const column = columns.find((c) => c.id === id);
  if (!column) return {};
  return { defaultState: { isDescending: text!.startsWith("-"), sortingColumn: { sortingField: column.id, sortingComparator: (a: T, b: T) => (whole ? 0 : compare(column, a, b)) } } };
}

function compare<T>(c: Known<T>, a: T, b: T): number {
  const left = c.value(a), right = c.value(b);
  return typeof left === "number" && typeof right === "number" ? left - right : String(left).localeCompare(String(right), "en", { numeric: true });
}
