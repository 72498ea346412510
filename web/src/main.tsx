import "@cloudscape-design/global-styles/index.css";
import "./style.css";
import { createRoot } from "react-dom/client";
import { apply, look } from "./look";
import { Console } from "./app";

apply(look());
createRoot(document.getElementById("root")!).render(<Console />);
