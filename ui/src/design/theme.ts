import { createTheme, localStorageColorSchemeManager, type MantineColorsTuple } from "@mantine/core";

const indigo: MantineColorsTuple = [
  "#eef0ff",
  "#dcdffa",
  "#b7bcf0",
  "#8f97e8",
  "#6d77e1",
  "#5863dc",
  "#4553d6",
  "#3944bd",
  "#313ba9",
  "#273295",
];
const dark: MantineColorsTuple = [
  "#d5dae2",
  "#a9b2c0",
  "#7d8798",
  "#596373",
  "#363e4a",
  "#272e38",
  "#1e242d",
  "#161b22",
  "#101419",
  "#0b0e12",
];

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 6, dark: 5 },
  colors: { indigo, dark },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "18px" },
  headings: { fontWeight: "620" },
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250, fz: "xs", multiline: true, maw: 420 } },
    Button: { defaultProps: { size: "xs" } },
    TextInput: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs" } },
    MultiSelect: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Modal: {
      defaultProps: {
        centered: false,
        overlayProps: { backgroundOpacity: 0.45, blur: 1 },
        closeButtonProps: { "aria-label": "Close this dialog" },
      },
    },
    Menu: { defaultProps: { shadow: "md", position: "bottom-end" } },
  },
});

export const colorSchemeManager = localStorageColorSchemeManager({ key: "dagster-operator:color-scheme" });
