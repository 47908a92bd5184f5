import { defineConfig } from "vite";

// Fixed names, no hashes: the built page is part of the package, and its changes should be readable.
export default defineConfig({
  base: "./",
  build: {
    outDir: process.env.VIGIE_WEB_OUT || "../src/vigie/web/static",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: ".",
    assetsInlineLimit: 0,
    license: { fileName: "licences.txt" },
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      input: { console: "index.html", signin: "signin.html" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
});
