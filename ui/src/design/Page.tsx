import { Fragment, type ReactNode, useEffect } from "react";

/** A name that breaks between its words where a line ends, not within one. */
export function breakable(name: string): ReactNode {
  return name.split(/(?<=[/_.-])/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts may repeat
    <Fragment key={index}>
      {index > 0 ? <wbr /> : null}
      {part}
    </Fragment>
  ));
}

/** Title row of a page: crumb, title, subtitle, actions. Sets the tab's title too. */
export function PageHead(props: {
  title: ReactNode;
  name: string;
  crumb?: ReactNode;
  sub?: ReactNode;
  actions?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${props.name} · dagster-operator`;
  }, [props.name]);
  return (
    <header className="page-head">
      <div className="titles">
        {props.crumb ? <div className="crumb">{props.crumb}</div> : null}
        <h1>{typeof props.title === "string" ? <span>{breakable(props.title)}</span> : props.title}</h1>
        {props.sub ? <div className="sub">{props.sub}</div> : null}
      </div>
      {props.actions ? <div className="row wrap">{props.actions}</div> : null}
    </header>
  );
}

export function Panel(props: {
  title?: ReactNode;
  count?: number | string | undefined;
  actions?: ReactNode;
  children: ReactNode;
  padded?: boolean;
  label?: string;
}) {
  return (
    <section
      className="panel"
      aria-label={props.label ?? (typeof props.title === "string" ? props.title : undefined)}
    >
      {props.title ? (
        <div className="panel-head">
          <h2>{props.title}</h2>
          {props.count !== undefined ? <span className="count">{props.count}</span> : null}
          <span className="spacer" />
          {props.actions}
        </div>
      ) : null}
      {props.padded ? <div className="panel-body">{props.children}</div> : props.children}
    </section>
  );
}
