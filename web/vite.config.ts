import react from "@vitejs/plugin-react";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";

// Cloudscape's style sheet holds its fonts, all weights of them. Files of their own are loaded only where a weight is in use, and need no
// data: in the content security policy.
function fontsOutOfStyles(): Plugin {
  return {
    name: "fonts-out-of-styles",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "asset" || !chunk.fileName.endsWith(".css")) continue;
        const text = typeof chunk.source === "string" ? chunk.source : Buffer.from(chunk.source).toString("utf8");
        chunk.source = text.replace(/url\(["']?data:(?:font\/woff2|application\/[\w-]+);(?:charset=[\w-]+;)?base64,([A-Za-z0-9+/=]+)["']?\)/g, (_all, data: string) => {
          const source = Buffer.from(data, "base64");
          const name = "font-" + createHash("sha256").update(source).digest("hex").slice(0, 8) + ".woff2";
          this.emitFile({ type: "asset", fileName: "assets/" + name, source });
          return "url(./" + name + ")";
        });
      }
    },
  };
}

export default defineConfig({
  base: "/console/",
  plugins: [react(), fontsOutOfStyles()],
  build: {
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    // Plain names: two changes of the console meet only in the files that both have touched.
    rollupOptions: {
      output: { entryFileNames: "assets/[name].js", chunkFileNames: "assets/[name].js", assetFileNames: "assets/[name][extname]" },
    },
  },
});
