// Writes ../static/three.min.js (global THREE) and three.LICENSE.txt from the pinned npm packages. Run: npm ci && npm run build
import { build } from "esbuild";
import { copyFileSync, readFileSync } from "node:fs";

const licence = readFileSync("node_modules/three/LICENSE", "utf8");
await build({
  entryPoints: ["three.js"],
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "THREE",
  target: "es2020",
  charset: "ascii",
  banner: { js: `/*! three.js\n\n${licence.trim().replaceAll("\u00a9", "(c)")}\n*/` }, // every page carries it
  outfile: "../static/three.min.js",
});
copyFileSync("node_modules/three/LICENSE", "../static/three.LICENSE.txt");
