import "./design/design.css";
import "./shell/shell.css";
import "./assets/assets.css";
import "./metadata/metadata.css";
import "./runs/runs.css";
import "./run/run.css";
import "./overview/overview.css";
import "./launch/launch.css";
