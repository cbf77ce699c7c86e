/** `postpack`: gives back the package.json that pack.ts changed for the tarball. */
import { copyFileSync, rmSync } from "node:fs";
import path from "node:path";

const home = path.join(import.meta.dirname, "..");
const kept = path.join(home, "dist", "package.source.json");
copyFileSync(kept, path.join(home, "package.json"));
rmSync(kept);
