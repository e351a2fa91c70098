// Writes ../static/three.min.js (global THREE) and three.LICENSE.txt from the pinned npm packages. Run: npm ci && npm run build
import { build } from "esbuild";
import { copyFileSync } from "node:fs";

await build({
  entryPoints: ["three.js"],
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "THREE",
  target: "es2020",
  charset: "ascii",
  legalComments: "inline",
  outfile: "../static/three.min.js",
});
copyFileSync("node_modules/three/LICENSE", "../static/three.LICENSE.txt");
