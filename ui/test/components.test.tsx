/** @jest-environment jsdom */
import { afterEach, expect, jest, test } from "@jest/globals";
import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { Empty, ServerProblem } from "../src/design/Feedback.tsx";
import { TickBadge } from "../src/design/Status.tsx";
import { PartitionPicker } from "../src/launch/PartitionPicker.tsx";
import { TagsEditor } from "../src/launch/TagsEditor.tsx";
import { MetadataTable } from "../src/metadata/MetadataTable.tsx";

// What Mantine asks of a browser and jsdom has not.
Object.defineProperty(window, "matchMedia", {
  value: () => ({
    matches: false,
    addEventListener: () => {},
    removeEventListener: () => {},
    addListener: () => {},
    removeListener: () => {},
  }),
});
class NoObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Object.defineProperty(window, "ResizeObserver", { value: NoObserver });

const show = (node: ReactNode) => render(<MantineProvider env="test">{node}</MantineProvider>);
afterEach(cleanup);

test("metadata of each kind is drawn, markdown without its HTML, a picture as an image", () => {
  show(
    <MetadataTable
      entries={[
        {
          __typename: "IntMetadataEntry",
          label: "rows",
          description: null,
          intValue: 12345,
          intRepr: "12345",
        },
        {
          __typename: "MarkdownMetadataEntry",
          label: "note",
          description: null,
          mdStr: "**big** <img src=x onerror=alert(1)>",
        },
        {
          __typename: "ImageMetadataEntry",
          label: "chart",
          description: null,
          mediaType: "image/svg+xml",
          data: "<svg xmlns='http://www.w3.org/2000/svg'/>",
        },
        {
          __typename: "TableMetadataEntry",
          label: "top",
          description: null,
          table: {
            __typename: "Table",
            schema: {
              __typename: "TableSchema",
              columns: [{ __typename: "TableColumn", name: "city", type: "string", description: null }],
            },
            records: ['{"city":"Rome"}'],
          },
        },
        { __typename: "UrlMetadataEntry", label: "evil", description: null, url: "javascript:alert(1)" },
      ]}
    />,
  );
  expect(screen.getByText("12,345")).toBeTruthy();
  expect(screen.getByText("big").tagName).toBe("STRONG");
  expect(screen.getAllByRole("img")).toHaveLength(1);
  expect(screen.getByAltText("chart").getAttribute("src")).toMatch(/^data:image\/svg\+xml/);
  expect(screen.getByText("Rome")).toBeTruthy();
  expect(screen.queryByRole("link")).toBeNull();
});

test("an error is shown with its class, its stack and its cause", () => {
  const cause = {
    __typename: "PythonError" as const,
    message: "no file",
    className: "ENOENT",
    stack: ["    at open\n"],
  };
  show(
    <ServerProblem
      error={{
        __typename: "PythonError",
        message: "cannot load",
        className: "LoadError",
        stack: ["    at load\n"],
        causes: [cause],
      }}
      next="Save the file again."
    />,
  );
  const alert = screen.getByRole("alert").textContent ?? "";
  for (const text of ["LoadError: cannot load", "at load", "Caused by:", "at open", "Save the file again."])
    expect(alert).toContain(text);
});

test("an empty page teaches with code that can be copied", () => {
  show(<Empty title="No jobs yet" code="dagsterctl job launch x" />);
  expect(screen.getByText("dagsterctl job launch x")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Copy code" })).toBeTruthy();
});

test("the partition picker starts at the latest and counts the runs of a range", () => {
  const onChange = jest.fn();
  show(<PartitionPicker keys={["a", "b", "c"]} onChange={onChange} />);
  expect(onChange).toHaveBeenLastCalledWith(["c"]);
  fireEvent.click(screen.getByRole("radio", { name: "Range" }));
  expect(screen.getByText("1 partition.")).toBeTruthy();
});

test("tags are written as key=value and can be taken away", () => {
  const onChange = jest.fn();
  show(<TagsEditor tags={[{ key: "team", value: "data" }]} onChange={onChange} />);
  const input = screen.getByLabelText("Tags");
  fireEvent.change(input, { target: { value: "nonsense" } });
  fireEvent.keyDown(input, { key: "Enter" });
  expect(screen.getByText("Write a tag as key=value")).toBeTruthy();
  fireEvent.change(input, { target: { value: "a=b" } });
  fireEvent.keyDown(input, { key: "Enter" });
  expect(onChange).toHaveBeenLastCalledWith([
    { key: "team", value: "data" },
    { key: "a", value: "b" },
  ]);
  fireEvent.click(screen.getByRole("button", { name: "Remove tag team" }));
  expect(onChange).toHaveBeenLastCalledWith([]);
});

test("a tick that ended well without a run is not said to have requested one", () => {
  show(
    <>
      <TickBadge status="SUCCESS" runs={2} />
      <TickBadge status="SUCCESS" runs={0} />
      <TickBadge status="SKIPPED" runs={0} />
    </>,
  );
  expect([/^Requested$/, /^Done$/, /^Skipped$/].map((label) => screen.getAllByText(label).length)).toEqual([
    1, 1, 1,
  ]);
});
